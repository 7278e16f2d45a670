//! `make bench`: cold starts, CPU time and sizes of the functions, as ratios to what they can't be faster than.
//!
//! The programs that are deployed run here as they do on Lambda: this process is the Runtime API, API Gateway,
//! DynamoDB and Secrets Manager for them. What is compared is measured in turns, so that both meet the same weather.
//! `docs/performance.md` says what the figures mean.

mod aws;
mod event;
mod fill;
mod lambda;
mod peers;
mod process;
mod report;
mod size;
mod subject;

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use clap::Parser;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use vestibule::app::{App, Requirements};
use vestibule::domain::event::Actor;
use vestibule::operator::{self, AddUser, OperatorRequest};
use vestibule::password::Passwords;
use vestibule::secret::Secret;

use process::{FunctionProcess, now};
use report::{Report, Samples};
use subject::{Bench, EMAIL, PASSWORD, Subject, UNCOUNTED, milliseconds};

/// Each function's folder bears its name.
const FUNCTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
const LARGEST_ZIP: usize = 4_000_000;

/// Measures the functions against what they can't be faster than.
#[derive(Parser)]
struct Options {
    /// Fail when an aim is missed.
    #[arg(long)]
    check: bool,
    /// Where the programs are.
    #[arg(long, default_value = "target/function")]
    programs: PathBuf,
    /// How many cold starts of each function to measure.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// How many requests to each running function to measure.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// How many accounts the table has besides the one that logs in.
    #[arg(long, default_value_t = 0)]
    accounts: u32,
    /// Print absolute figures as JSON instead of ratios: what bench/peers sets beside django-allauth's.
    #[arg(long)]
    absolute: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // One thread: the function under measurement has the other processors for itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let met = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measure(&options)));
    match met {
        Ok(met) if met || !options.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<bool, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let (variables, database) = aws::start(directory.path()).await?;
    let app = App::start(variables.clone(), Requirements::TABLE).await?;
    if options.accounts > 0 {
        let model = AddUser { email: Some(fill::MODEL.to_owned()), ..AddUser::default() };
        operator::run(&app, &Actor::OPERATOR, OperatorRequest::UserAdd(model)).await?;
        fill::copy_account(&database, options.accounts - 1)?;
    }
    let user = AddUser {
        email: Some(EMAIL.to_owned()),
        password: Some(Secret::new(PASSWORD)),
        any_password: true,
        ..AddUser::default()
    };
    operator::run(&app, &Actor::OPERATOR, OperatorRequest::UserAdd(user)).await?;
    let passwords = Passwords::new(&app.settings.passwords.argon2, &app.random);
    let mut bench = Bench {
        programs: options.programs.clone(),
        directory: directory.path().to_owned(),
        variables,
        clients: 0x0a00_0000,
        session_token: String::new(),
        password_hash: passwords.hash(&Secret::new(PASSWORD)).0,
    };
    bench.session_token = bench.log_in().await?;
    if options.absolute {
        peers::measure(&mut bench, options.starts, options.requests).await?;
        return Ok(true);
    }

    let mut report = Report::default();
    cold_starts(&mut bench, options.starts, &mut report).await?;
    warm_requests(&mut bench, options.requests, &mut report).await?;
    sizes(&options.programs, &mut report)?;
    Ok(report.finish())
}

async fn cold_starts(bench: &mut Bench, starts: u32, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let subjects = [Subject::Empty, Subject::Config, Subject::Session, Subject::Login, Subject::LoginAsking];
    let mut samples = subjects.map(|_| Samples::default());
    let (mut hash, mut rest) = (Samples::default(), Samples::default());
    for turn in 0..starts as usize + UNCOUNTED {
        let mut durations = subjects.map(|_| 0.0);
        for (subject, duration) in subjects.into_iter().zip(&mut durations) {
            *duration = bench.cold_start(subject).await?;
        }
        let first_hash = Hasher::first(bench).await?;
        if turn >= UNCOUNTED {
            samples.iter_mut().zip(durations).for_each(|(samples, duration)| samples.push(duration));
            hash.push(first_hash);
            let [_, _, _, login, _] = durations;
            rest.push(login - first_hash);
        }
    }
    let [empty, config, session, login, asking] = &samples;
    Report::heading(&format!(
        "Cold start, from exec to the first response, over an empty function's ({:.2} ms); medians of {starts}",
        empty.median()
    ));
    report.ratio("config", &config.over(empty), Some(1.25), "GET config");
    report.ratio("session", &session.over(empty), Some(3.0), "GET auth/session: one read of DynamoDB");
    report.ratio("login", &login.over(empty), None, "POST auth/login");
    report.ratio("", &hash.over(empty), None, "of these: a process's first argon2 hash, alone");
    report.ratio("", &rest.over(empty), Some(5.0), "of these: all else");
    report.ratio("login", &asking.over(empty), None, "POST auth/login, with SECRET_KEY from Secrets Manager");
    Ok(())
}

async fn warm_requests(bench: &mut Bench, requests: u32, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut hasher = Hasher::start(bench).await?;
    let subjects = [Subject::Empty, Subject::Config, Subject::Session, Subject::Login];
    let mut functions = Vec::new();
    for subject in subjects {
        functions.push((subject, bench.start(subject).await?));
    }
    let mut samples = subjects.map(|_| Samples::default());
    let mut hash = Samples::default();
    for turn in 0..requests as usize + UNCOUNTED {
        for ((subject, function), samples) in functions.iter_mut().zip(&mut samples) {
            let time = bench.request(*subject, function).await?;
            if turn >= UNCOUNTED {
                samples.push(time);
            }
        }
        let time = hasher.cpu_time().await?;
        if turn >= UNCOUNTED {
            hash.push(time);
        }
    }
    for (_, function) in functions {
        function.end().await?;
    }
    let [empty, config, session, login] = &samples;
    Report::heading(&format!(
        "CPU time of a request to a running function; medians of {requests}, an empty function's {:.3} ms, a hash's {:.2} ms",
        empty.median(),
        hash.median()
    ));
    report.ratio("login", &login.over(&hash), Some(1.15), "over its argon2 hash alone");
    report.ratio("session", &session.over(empty), None, "over the empty function's");
    report.ratio("config", &config.over(empty), None, "over the empty function's");
    Ok(())
}

/// A process that does nothing but verify a password.
struct Hasher(FunctionProcess);

impl Hasher {
    async fn start(bench: &Bench) -> io::Result<Self> {
        let mut command = Command::new(bench.programs.join("hash"));
        command.args([PASSWORD, &bench.password_hash]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut hasher = Self(FunctionProcess::start(command, &HashMap::new(), &bench.directory)?);
        hasher.read_line().await?;
        Ok(hasher)
    }

    /// How long a new process takes for its first hash, in milliseconds. Its memory is new, too.
    async fn first(bench: &Bench) -> io::Result<f64> {
        let mut hasher = Self::start(bench).await?;
        let started = now();
        hasher.verify().await?;
        let duration = started.elapsed().as_secs_f64() * 1e3;
        hasher.0.end().await?;
        Ok(duration)
    }

    /// The CPU time of one hash, in milliseconds.
    async fn cpu_time(&mut self) -> io::Result<f64> {
        let before = self.0.cpu_time().await?;
        self.verify().await?;
        Ok(milliseconds(self.0.cpu_time().await? - before))
    }

    async fn verify(&mut self) -> io::Result<()> {
        if let Some(stdin) = &mut self.0.child.stdin {
            stdin.write_all(b"\n").await?;
        }
        self.read_line().await
    }

    async fn read_line(&mut self) -> io::Result<()> {
        let Some(stdout) = &mut self.0.child.stdout else { return Err(io::ErrorKind::BrokenPipe.into()) };
        match BufReader::new(stdout).read_line(&mut String::new()).await? {
            0 => Err(io::Error::other(self.0.log())),
            _ => Ok(()),
        }
    }
}

fn sizes(programs: &Path, report: &mut Report) -> io::Result<()> {
    Report::heading("Size in MB: the program, and its zip (aim ≤ 4)");
    let names =
        std::fs::read_dir(FUNCTIONS)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
    names.sort();
    for name in names.iter().map(String::as_str).chain(["empty"]) {
        let program = programs.join(name);
        if program.exists() {
            let size = size::of(&program)?;
            report.size(name, size.binary, size.zip, LARGEST_ZIP);
        } else {
            println!("  {name:<10}not built");
        }
    }
    Ok(())
}

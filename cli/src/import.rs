//! `vestibule import …`: accounts of elsewhere into the table.

mod jsonl;
mod source;

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::time::Instant;
use vestibule::app::{App, Requirements, StartError};
use vestibule::migration::{
    Collisions, Import, ImportOptions, ImportOutcome, ImportStop, MigrationProblem, PortableAccount, Uniques,
};

use crate::arguments::{Data, ImportCommand, ImportSwitches};
use crate::data_dir::DataDirError;
use crate::django::{DjangoDump, DumpError, Finding};
use crate::terminal::print;

pub use jsonl::{AccountFile, Line, Lines};
pub use source::{Record, Records, Source};

/// How many accounts are under way at a time.
const AT_A_TIME: usize = 16;
/// How many problems are told of.
const MOST_TOLD: u64 = 10_000;

/// Why an import fails.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no local stack.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The source can't be read.
    #[error("{0}")]
    Source(#[from] io::Error),
    /// Nothing of the dump can be imported.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The import stopped.
    #[error("the import stopped; run it again, and it goes on: {0}")]
    Stop(#[from] ImportStop),
    /// There are accounts that can't come.
    #[error(
        "nothing was imported, as {0} of {1} accounts can't be: mend or remove them, or leave them out with --skip-refused"
    )]
    Refused(u64, u64),
}

/// What has become of the accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// How many were added.
    pub added: u64,
    /// How many were replaced.
    pub replaced: u64,
    /// How many were as they are already.
    pub unchanged: u64,
    /// How many have changed on both sides.
    pub changed_here: u64,
    /// How many can't come.
    pub refused: u64,
    /// How many write units were used, as DynamoDB counts them.
    pub write_units: u64,
}

impl ImportSummary {
    /// Whether an account was left out.
    pub const fn is_partial(&self) -> bool {
        self.refused + self.changed_here > 0
    }
}

/// Imports accounts.
pub async fn run(
    command: &ImportCommand,
    environment: HashMap<String, String>,
) -> Result<ImportSummary, ImportError> {
    match command {
        ImportCommand::Jsonl(wanted) => {
            let lines = AccountFile::new(wanted.file.clone())?;
            let app = start(&wanted.switches.data, environment).await?;
            run_from(&app, &lines, &wanted.switches).await
        }
        ImportCommand::Django(wanted) => {
            let app = start(&wanted.switches.data, environment).await?;
            let mut told = 0;
            let mut tell = |finding: Finding| {
                told += 1;
                if told <= MOST_TOLD {
                    tell_finding(&finding, wanted.switches.json);
                }
            };
            let dump = DjangoDump::open(&wanted.file, &wanted.columns, &app.settings, &mut tell)?;
            run_from(&app, &dump, &wanted.switches).await
        }
    }
}

/// Tells of a row that is of no account.
fn tell_finding(finding: &Finding, as_json: bool) {
    if as_json {
        let Finding { model, pk, reason } = finding;
        print(&json!({"model": model, "pk": pk, "outcome": "left_out", "reasons": [reason]}).to_string());
    } else {
        print(&finding.to_string());
    }
}

/// Imports what a source has: first a report of what can't come, then everything else.
pub async fn run_from(
    app: &App,
    source: &dyn Source,
    switches: &ImportSwitches,
) -> Result<ImportSummary, ImportError> {
    let options = ImportOptions {
        dry_run: switches.dry_run,
        superusers: switches.superusers,
        mixed_ids: switches.mixed_ids,
        writes_per_second: switches.writes_per_second,
    };
    let import = Import::new(app, options)?;
    let mut teller = Teller::new(source.size(), switches.json);
    let collisions = judge(source, &import, app, &mut teller)?;
    teller.remark(source.remarks());
    if teller.summary.refused > 0 && !switches.dry_run && !switches.skip_refused {
        return Err(ImportError::Refused(teller.summary.refused, teller.records));
    }
    teller.begin(if switches.dry_run { "compared" } else { "imported" });
    let all_are_left = teller.summary.refused == 0;
    let judged = |record: io::Result<Record>| {
        let record = record?;
        // What was refused before is not told of again.
        let is_left = |account: &PortableAccount| {
            let read = || import.read(account).ok();
            all_are_left || read().is_some_and(|it| collisions.of(&import, &it, record.number).is_empty())
        };
        Ok::<_, io::Error>((record.number, record.position, record.account.ok().filter(is_left)))
    };
    let records = source.records()?.map(judged);
    let mut done = stream::iter(records)
        .map(|record| async {
            let (number, position, account) = record?;
            let Some(account) = account else { return Ok((number, position, None)) };
            let outcome = import.account(&account).await?;
            Ok::<_, ImportError>((number, position, Some((account.id, outcome))))
        })
        .buffered(AT_A_TIME);
    while let Some(result) = done.next().await {
        let (number, position, result) = result?;
        if let Some((id, outcome)) = result {
            teller.outcome(number, &id, outcome);
        }
        teller.progress(position);
    }
    teller.summary.write_units = import.write_units();
    teller.end(switches.dry_run);
    Ok(teller.summary)
}

async fn start(data: &Data, environment: HashMap<String, String>) -> Result<App, ImportError> {
    let requirements = Requirements { secret_key: true, ..Requirements::OPERATOR };
    Ok(App::start(data.named_variables(environment)?, requirements).await?)
}

/// Reads everything once: tells what can't come, and finds what collides.
fn judge(
    source: &dyn Source,
    import: &Import<'_>,
    app: &App,
    teller: &mut Teller,
) -> Result<Collisions, ImportError> {
    teller.begin("read");
    let mut uniques = Uniques::new(&app.random);
    for record in source.records()? {
        let record = record?;
        teller.records += 1;
        match &record.account {
            Err(reason) => teller.refuse(record.number, None, std::slice::from_ref(reason)),
            Ok(account) => match import.read(account) {
                Err(problems) => teller.refuse(record.number, Some(&account.id), &texts(&problems)),
                Ok(read) => uniques.note(import, &read, record.number),
            },
        }
        teller.progress(record.position);
    }
    let collisions = uniques.collisions();
    if collisions.is_empty() {
        return Ok(collisions);
    }
    teller.begin("compared with each other");
    for record in source.records()? {
        let record = record?;
        let read = record.account.ok().and_then(|account| Some((import.read(&account).ok()?, account.id)));
        let Some((read, id)) = read else { continue };
        let problems = collisions.of(import, &read, record.number);
        if !problems.is_empty() {
            teller.refuse(record.number, Some(&id), &texts(&problems));
        }
        teller.progress(record.position);
    }
    Ok(collisions)
}

fn texts(problems: &[MigrationProblem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Tells what becomes of the accounts: problems on the standard output, progress on the standard error if that is a
/// terminal.
struct Teller {
    size: Option<u64>,
    json: bool,
    told: u64,
    /// How many accounts the source has, once it was read.
    records: u64,
    seen: u64,
    what: &'static str,
    began: Instant,
    last: Option<Instant>,
    summary: ImportSummary,
}

impl Teller {
    fn new(size: Option<u64>, json: bool) -> Self {
        let (began, summary) = (Instant::now(), ImportSummary::default());
        Self { size, json, told: 0, records: 0, seen: 0, what: "", began, last: None, summary }
    }

    fn begin(&mut self, what: &'static str) {
        (self.what, self.seen, self.began) = (what, 0, Instant::now());
    }

    fn refuse(&mut self, number: u32, id: Option<&str>, reasons: &[String]) {
        self.summary.refused += 1;
        self.tell(number, id, "refused", reasons);
    }

    fn outcome(&mut self, number: u32, id: &str, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Added => self.summary.added += 1,
            ImportOutcome::Replaced => self.summary.replaced += 1,
            ImportOutcome::Same => self.summary.unchanged += 1,
            ImportOutcome::ChangedHere => {
                self.summary.changed_here += 1;
                let reason =
                    "it has changed here since it was imported, and in the file: it stays as it is here";
                self.tell(number, Some(id), "changed_here", &[reason.to_owned()]);
            }
            ImportOutcome::Refused(problems) => self.refuse(number, Some(id), &texts(&problems)),
        }
    }

    fn tell(&mut self, number: u32, id: Option<&str>, outcome: &str, reasons: &[String]) {
        self.told += 1;
        self.wipe();
        let id = id.map(vestibule::domain::text::quoted);
        match (self.told.cmp(&(MOST_TOLD + 1)), self.json) {
            (std::cmp::Ordering::Less, true) => {
                print(&json!({"line": number, "id": id, "outcome": outcome, "reasons": reasons}).to_string());
            }
            (std::cmp::Ordering::Less, false) => {
                let id = id.map(|id| format!(", account {id}")).unwrap_or_default();
                print(&format!("line {number}{id}: {}", reasons.join("; ")));
            }
            (std::cmp::Ordering::Equal, false) => print(&format!("and so on: {MOST_TOLD} are told of")),
            _ => {}
        }
    }

    /// Tells of what is no account's fault, once it is known.
    fn remark(&mut self, remarks: Vec<(String, u64)>) {
        self.wipe();
        for (remark, count) in remarks {
            if self.json {
                print(&json!({"remark": remark, "count": count}).to_string());
            } else {
                print(&format!("{remark}: {count}"));
            }
        }
    }

    /// A line a second.
    fn progress(&mut self, position: u64) {
        self.seen += 1;
        let now = Instant::now();
        let is_soon = self.last.is_some_and(|last| now.duration_since(last).as_secs() < 1);
        if is_soon || !io::stderr().is_terminal() {
            return;
        }
        self.last = Some(now);
        let part = self.size.filter(|size| *size > 0).map(|size| format!(", {} %", position * 100 / size));
        let rate = self.seen / now.duration_since(self.began).as_secs().max(1);
        eprint!(
            "\r{} accounts {}{}, {rate} a second\u{1b}[K",
            self.seen,
            self.what,
            part.unwrap_or_default()
        );
        drop(io::stderr().flush());
    }

    fn wipe(&mut self) {
        if self.last.take().is_some() {
            eprint!("\r\u{1b}[K");
        }
    }

    fn end(&mut self, dry_run: bool) {
        self.wipe();
        let ImportSummary { added, replaced, unchanged, changed_here, refused, write_units } = self.summary;
        if self.json {
            let counts = json!({"dry_run": dry_run, "added": added, "replaced": replaced, "unchanged": unchanged,
                "changed_here": changed_here, "refused": refused,
                "write_units": write_units});
            print(&counts.to_string());
            return;
        }
        let would = if dry_run { "would be " } else { "" };
        print(&format!(
            "{would}added: {added}, {would}replaced: {replaced}, unchanged: {unchanged}, changed on both sides: \
             {changed_here}, refused: {refused}; write units: {write_units}"
        ));
    }
}

//! The program `vestibule`: the local stack and the operator's commands.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use vestibule_cli::arguments::{
    Arguments, AuditCommand, Command, EmailCommand, EventsCommand, Table, UserCommand,
};
use vestibule_cli::serve::{self, ServeError};
use vestibule_cli::{breached, email, events, invite, secret_key, settings, table, user};

/// Wrong settings, as for a wrong command line.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let default = match arguments.command {
        Command::Serve(_) => "warn,vestibule::gateway=info,vestibule::serve=info",
        Command::User(_)
        | Command::Audit(_)
        | Command::Events(_)
        | Command::Email(_)
        | Command::Invite(_)
        | Command::Breached(_)
        | Command::Table(_)
        | Command::SecretKey(_)
        | Command::Settings(_) => "warn",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("vestibule: {message}");
            code
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), (ExitCode, String)> {
    let environment = std::env::vars().collect();
    let mut runtime = match arguments.command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        Command::User(_)
        | Command::Audit(_)
        | Command::Events(_)
        | Command::Email(_)
        | Command::Invite(_)
        | Command::Breached(_)
        | Command::Table(_)
        | Command::SecretKey(_)
        | Command::Settings(_) => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(|error| (ExitCode::FAILURE, error.to_string()))?;
    runtime.block_on(async {
        match &arguments.command {
            Command::Serve(options) => serve::serve(options, environment).await.map_err(|error| {
                let settings = matches!(error, ServeError::Settings(_));
                let code = if settings { ExitCode::from(WRONG_USE) } else { ExitCode::FAILURE };
                (code, error.to_string())
            }),
            Command::Table(Table::Canonicalise(data)) => {
                let collisions = table::canonicalise(data, environment).await;
                match collisions.map_err(|error| (ExitCode::FAILURE, error.to_string()))? {
                    0 => Ok(()),
                    count => Err((
                        ExitCode::FAILURE,
                        format!("accounts that collide, and were not changed: {count}"),
                    )),
                }
            }
            Command::Audit(AuditCommand::Verify(data)) => {
                let (accounts, faults) = user::verify(data, environment)
                    .await
                    .map_err(|error| (ExitCode::FAILURE, error.to_string()))?;
                println!("{accounts} accounts with a history, {faults} faults");
                match faults {
                    0 => Ok(()),
                    _ => Err((ExitCode::FAILURE, "the history is not what was recorded".to_owned())),
                }
            }
            Command::Events(EventsCommand::Replay(wanted)) => {
                let delivered = events::replay(wanted, environment).await;
                let delivered = delivered.map_err(|error| (ExitCode::FAILURE, error.to_string()))?;
                println!("{delivered} events were delivered");
                Ok(())
            }
            Command::Email(EmailCommand::Clear(wanted)) => {
                let cleared = email::clear(wanted, environment).await;
                println!("{}", cleared.map_err(|error| (ExitCode::FAILURE, error.to_string()))?);
                Ok(())
            }
            Command::Breached(command) => {
                let done = breached::run(command);
                println!("{}", done.map_err(|error| (ExitCode::FAILURE, error.to_string()))?);
                Ok(())
            }
            Command::Invite(command) => {
                let done = invite::run(command, environment).await;
                println!("{}", done.map_err(|error| (ExitCode::FAILURE, error.to_string()))?);
                Ok(())
            }
            Command::Settings(command) => {
                let done = settings::run(command);
                println!("{}", done.map_err(|error| (ExitCode::from(WRONG_USE), error.to_string()))?);
                Ok(())
            }
            Command::SecretKey(command) => {
                let done = secret_key::run(command, environment).await;
                println!("{}", done.map_err(|error| (ExitCode::FAILURE, error.to_string()))?);
                Ok(())
            }
            Command::User(command) => {
                let done = match command {
                    UserCommand::Add(wanted) => user::add(wanted, environment).await,
                    UserCommand::Disable(who) => user::set_active(who, false, environment).await,
                    UserCommand::Enable(who) => user::set_active(who, true, environment).await,
                    UserCommand::Show(who) => user::show(who, environment).await,
                    UserCommand::Set(wanted) => user::set(wanted, environment).await,
                    UserCommand::Delete(who) => user::delete(who, environment).await,
                    UserCommand::History(who) => user::history(who, environment).await,
                };
                println!("{}", done.map_err(|error| (ExitCode::FAILURE, error.to_string()))?);
                Ok(())
            }
        }
    })
}

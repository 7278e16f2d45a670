//! The program `vestibule`: the local stack and the operator's commands.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use vestibule::telemetry;
use vestibule_cli::arguments::{Arguments, AuditCommand, Command, EmailCommand, EventsCommand, Table};
use vestibule_cli::export::{self, ExportSummary};
use vestibule_cli::serve::{self, ServeError};
use vestibule_cli::terminal::{print, remark};
use vestibule_cli::{breached, console, email, events, import, invite, secret_key, settings, table, user};

/// Wrong settings, as for a wrong command line.
const WRONG_USE: u8 = 2;
/// An import or export that has left accounts out.
const LEFT_OUT: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let serves = matches!(arguments.command, Command::Serve(_));
    // The database warns of each condition that fails, which is how single use works.
    let usual =
        if serves { "warn,dynoxide=error,vestibule::gateway=info,vestibule::serve=info" } else { "warn" };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(telemetry::filter(usual))).init();
    match run(&arguments, serves) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            remark(&message);
            code
        }
    }
}

/// The status and message of a command that failed.
fn failed(error: impl Display) -> (ExitCode, String) {
    (ExitCode::FAILURE, error.to_string())
}

fn run(arguments: &Arguments, serves: bool) -> Result<(), (ExitCode, String)> {
    let environment = std::env::vars().collect();
    let mut runtime = if serves {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build().map_err(failed)?;
    let said = runtime.block_on(async {
        match &arguments.command {
            Command::Serve(options) => {
                return serve::serve(options, environment)
                    .await
                    .map_err(|error| {
                        let settings = matches!(error, ServeError::Settings(_));
                        let code = if settings { ExitCode::from(WRONG_USE) } else { ExitCode::FAILURE };
                        (code, error.to_string())
                    })
                    .map(|()| None);
            }
            Command::Table(Table::Canonicalise(data)) => {
                return match table::canonicalise(data, environment).await.map_err(failed)? {
                    0 => Ok(None),
                    count => Err(failed(format!("accounts that collide, and were not changed: {count}"))),
                };
            }
            Command::Audit(AuditCommand::Verify(data)) => {
                let (accounts, faults) = user::verify(data, environment).await.map_err(failed)?;
                print(&format!("{accounts} accounts with a history, {faults} faults"));
                return match faults {
                    0 => Ok(None),
                    _ => Err(failed("the history is not what was recorded")),
                };
            }
            Command::Import(command) => {
                let summary = import::run(command, environment).await.map_err(failed)?;
                let left_out = (ExitCode::from(LEFT_OUT), "accounts were left out".to_owned());
                return if summary.is_partial() { Err(left_out) } else { Ok(None) };
            }
            Command::Export(wanted) => {
                let ExportSummary { written, refused } =
                    export::run(wanted, environment).await.map_err(failed)?;
                print(&format!("exported: {written}, refused: {refused}"));
                let left_out = (ExitCode::from(LEFT_OUT), "accounts were left out".to_owned());
                return if refused > 0 { Err(left_out) } else { Ok(None) };
            }
            Command::Settings(command) => {
                settings::run(command).map_err(|error| (ExitCode::from(WRONG_USE), error.to_string()))
            }
            Command::Events(EventsCommand::Replay(wanted)) => {
                let delivered = events::replay(wanted, environment).await;
                delivered.map(|count| format!("{count} events were delivered")).map_err(failed)
            }
            Command::Email(EmailCommand::Clear(wanted)) => {
                email::clear(wanted, environment).await.map_err(failed)
            }
            Command::Console(options) => console::run(options, environment).await.map_err(failed),
            Command::Breached(command) => breached::run(command).map_err(failed),
            Command::Invite(command) => invite::run(command, environment).await.map_err(failed),
            Command::SecretKey(command) => secret_key::run(command, environment).await.map_err(failed),
            Command::User(command) => user::run(command, environment).await.map_err(failed),
        }
        .map(Some)
    })?;
    if let Some(said) = said.filter(|said| !said.is_empty()) {
        print(&said);
    }
    Ok(())
}

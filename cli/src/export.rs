//! `vestibule export`: all accounts out of the table.

mod format;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::account_id::AccountId;
use vestibule::domain::text::quoted;
use vestibule::migration::{Outward, PortableAccount};
use vestibule::store::{Segment, Store, StoreError};

use crate::age::Encryptor;
use crate::arguments::{Export, ExportFormat, ExportSwitches};
use crate::data_dir::DataDirError;
use crate::django::DjangoRows;
use crate::terminal::remark;

pub use format::{Format, Jsonl};

/// Why an export fails.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no local stack.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The file can't be written.
    #[error("{path}: {error}")]
    File {
        /// Where it is.
        path: String,
        /// What is wrong.
        error: io::Error,
    },
    /// The table can't be read.
    #[error("the export stopped: {0}")]
    Store(#[from] StoreError),
    /// The process has no table.
    #[error("no table is configured")]
    NoTable,
    /// Rows without secrets are of no use.
    #[error(
        "rows of Django need --with-secrets and --to-public-key: without them, users would have no second factors, and \
         whoever resets a password would get in"
    )]
    NoSecrets,
}

/// What has become of the accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportSummary {
    /// How many were written.
    pub written: u64,
    /// How many could not be.
    pub refused: u64,
}

/// Exports all accounts.
pub async fn run(
    wanted: &Export,
    environment: HashMap<String, String>,
) -> Result<ExportSummary, ExportError> {
    let switches = &wanted.switches;
    if wanted.format == ExportFormat::Django && !switches.with_secrets {
        return Err(ExportError::NoSecrets);
    }
    let requirements = Requirements { secret_key: switches.with_secrets, ..Requirements::TABLE };
    let app = App::start(switches.data.named_variables(environment)?, requirements).await?;
    match wanted.format {
        ExportFormat::Jsonl => run_as(&app, &mut Jsonl, switches).await,
        ExportFormat::Django => {
            let mut rows = DjangoRows::new(&wanted.columns, &app.settings, &app.random);
            run_as(&app, &mut rows, switches).await
        }
    }
}

/// Exports all accounts in a format.
pub async fn run_as(
    app: &App,
    format: &mut dyn Format,
    switches: &ExportSwitches,
) -> Result<ExportSummary, ExportError> {
    let path = switches.into.as_path();
    let named = |error| ExportError::File { path: path.display().to_string(), error };
    let begin = if switches.resume { last_account(path).map_err(named)? } else { None };
    let file = BufWriter::new(open(path, switches.resume).map_err(named)?);
    let done = match &switches.to_public_key {
        Some(key) => {
            let mut file = Encryptor::new(key, file).map_err(named)?;
            let summary = write(app, format, switches, begin, &mut file).await?;
            file.finish().map_err(named)?.into_inner().map_err(|error| named(error.into_error()))?;
            summary
        }
        None => {
            let mut file = file;
            let summary = write(app, format, switches, begin, &mut file).await?;
            file.flush().map_err(named)?;
            summary
        }
    };
    Ok(done)
}

/// Only its owner may read it. One that is there already is not overwritten.
fn open(path: &Path, resume: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    if resume {
        options.append(true)
    } else {
        options.write(true).create_new(true)
    };
    options.mode(0o600).open(path)
}

/// The last account of a file that was not finished. What follows it, a line that was cut off, is removed.
fn last_account(path: &Path) -> io::Result<Option<AccountId>> {
    let (mut last, mut whole) = (None, 0);
    for line in crate::import::Lines::open(path.to_owned())? {
        let line = line?;
        if let Ok(account) = line.read::<PortableAccount>() {
            (last, whole) = (AccountId::parse(&account.id), line.position);
        }
    }
    OpenOptions::new().write(true).open(path)?.set_len(whole)?;
    Ok(last)
}

async fn write(
    app: &App,
    format: &mut dyn Format,
    switches: &ExportSwitches,
    begin: Option<AccountId>,
    into: &mut dyn Write,
) -> Result<ExportSummary, ExportError> {
    let store = app.store().ok_or(ExportError::NoTable)?;
    let named = |error| ExportError::File { path: switches.into.display().to_string(), error };
    let secrets = app.secrets();
    let outward = Outward { keys: switches.with_secrets.then_some(&secrets.keys) };
    let mut summary = ExportSummary::default();
    let mut next = begin.as_ref().map(Store::after_account);
    loop {
        let page = store.scan_accounts(Segment::ALL, next.as_ref()).await?;
        let mut refuse = |id: &str, reason: String| {
            remark(&format!("account {}: {reason}", quoted(id)));
            summary.refused += 1;
        };
        page.unreadable.iter().for_each(|(id, error)| refuse(id, error.to_string()));
        for account in &page.accounts {
            let written = match outward.account(account) {
                Ok(portable) => format.account(&portable, into).map_err(named)?,
                Err(problem) => Err(problem.to_string()),
            };
            match written {
                Ok(()) => summary.written += 1,
                Err(reason) => refuse(account.id.as_str(), reason),
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
        if io::stderr().is_terminal() {
            eprint!("\r{} accounts exported\u{1b}[K", summary.written);
        }
    }
    if io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K");
    }
    for (what, count) in format.remarks() {
        remark(&format!("{what}: {count}"));
    }
    Ok(summary)
}

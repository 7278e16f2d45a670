//! `vestibule import …`: accounts of elsewhere into the table.

mod destination;
mod function;
mod jsonl;
mod place;
mod source;
mod summary;

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::time::Instant;
use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::event::Actor;
use vestibule::domain::text::quoted;
use vestibule::migration::api::REQUIREMENTS;
use vestibule::migration::{
    Collisions, Import, ImportOptions, ImportOutcome, ImportStop, MigrationProblem, PortableAccount,
    RecordReader, Uniques,
};

use crate::arguments::{ImportCommand, ImportSwitches};
use crate::data_dir::DataDirError;
use crate::django::{DjangoDump, DumpError, Finding};
use crate::function_url::{FunctionUrl, FunctionUrlError};
use crate::operator::actor;
use crate::terminal::{print, remark};
use destination::{Destination, Done, Judged};
use function::MigrationFunction;
use place::{ImportPlace, Passed};

pub use destination::Interruption;
pub use function::MigrationFunctionError;
pub use jsonl::{AccountFile, Line, Lines};
pub use source::{Record, Records, Source};
pub use summary::ImportSummary;

/// The variable with the URL of the function that imports.
const URL: &str = "MIGRATION_URL";
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
    /// The function can't be called.
    #[error(transparent)]
    Function(#[from] FunctionUrlError),
    /// The function and a table are named.
    #[error("MIGRATION_URL names the function that imports, and TABLE_NAME a table: give one of them")]
    TwoPlaces,
    /// There is nothing to import into.
    #[error(transparent)]
    Table(#[from] ImportStop),
    /// What is kept of an import can't be read or written.
    #[error("{path}, where the import keeps its place: {error}")]
    Place {
        /// The file.
        path: String,
        /// What is wrong.
        error: io::Error,
    },
    /// The import stopped.
    #[error(
        "the import stopped, and {left} of {all} accounts remain; run it again, and it goes on: {reason}"
    )]
    Stopped {
        /// How many accounts have not been imported.
        left: u64,
        /// How many there are.
        all: u64,
        /// Why.
        reason: Interruption,
    },
    /// There are accounts that can't come.
    #[error(
        "nothing was imported, as {0} of {1} accounts can't be: mend or remove them, or leave them out with --skip-refused"
    )]
    Refused(u64, u64),
}

/// Imports accounts.
pub async fn run(
    command: &ImportCommand,
    environment: HashMap<String, String>,
) -> Result<ImportSummary, ImportError> {
    match command {
        ImportCommand::Jsonl(wanted) => {
            let lines = AccountFile::new(wanted.file.clone())?;
            let desk = Desk::open(&wanted.file, "", &wanted.switches, environment).await?;
            desk.import(&lines).await
        }
        ImportCommand::Django(wanted) => {
            let columns = format!("{:?}", wanted.columns);
            let desk = Desk::open(&wanted.file, &columns, &wanted.switches, environment).await?;
            let mut told = 0;
            let mut tell = |finding: Finding| {
                told += 1;
                if told <= MOST_TOLD {
                    tell_finding(&finding, wanted.switches.json);
                }
            };
            let dump = DjangoDump::open(&wanted.file, &wanted.columns, &desk.app.settings, &mut tell)?;
            desk.import(&dump).await
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

/// Where an import is carried out, and how.
struct Desk<'a> {
    app: App,
    /// The operator who imports in this process.
    actor: Actor,
    switches: &'a ImportSwitches,
    /// The function that imports; none if this process does.
    function: Option<FunctionUrl>,
    /// Where it is kept how far the function has come.
    place: Option<ImportPlace>,
}

impl<'a> Desk<'a> {
    /// At the function that `MIGRATION_URL` names, or at the table.
    async fn open(
        file: &Path,
        columns: &str,
        switches: &'a ImportSwitches,
        environment: HashMap<String, String>,
    ) -> Result<Self, ImportError> {
        let actor = actor(&environment);
        let Some(function) = FunctionUrl::of(&environment, URL)? else {
            let app = App::start(switches.data.named_variables(environment)?, REQUIREMENTS).await?;
            return Ok(Self { app, actor, switches, function: None, place: None });
        };
        if environment.get("TABLE_NAME").is_some_and(|name| !name.is_empty()) {
            return Err(ImportError::TwoPlaces);
        }
        let origin = function.origin();
        remark(&format!("at the function {origin}"));
        // It only reads the file: the function encrypts.
        let nothing = Requirements { table: false, events: false, ..Requirements::TABLE };
        let app = App::start(environment, nothing).await?;
        let ImportSwitches { superusers, mixed_ids, skip_refused, .. } = switches;
        let how = format!("{origin} {columns} {superusers} {mixed_ids} {skip_refused}");
        let place = (!switches.dry_run).then(|| ImportPlace::of(file, &how)).transpose()?;
        Ok(Self { app, actor, switches, function: Some(function), place })
    }

    const fn options(&self) -> ImportOptions {
        ImportOptions {
            dry_run: self.switches.dry_run,
            superusers: self.switches.superusers,
            mixed_ids: self.switches.mixed_ids,
            writes_per_second: self.switches.writes_per_second,
        }
    }

    fn destination(&self) -> Result<Destination<'_>, ImportError> {
        let options = self.options();
        Ok(match &self.function {
            Some(url) => Destination::Function {
                function: Box::new(MigrationFunction::new(url.clone(), options)),
                writes_per_second: options.writes_per_second,
            },
            None => Destination::Table(Import::new(&self.app, &self.actor, options)?),
        })
    }

    /// Imports what a source has: first a report of what can't come, then everything else.
    async fn import(&self, source: &dyn Source) -> Result<ImportSummary, ImportError> {
        let reader = RecordReader::new(&self.app, self.options());
        let destination = self.destination()?;
        let switches = self.switches;
        let mut teller = Teller::new(source.size(), switches.json);
        let collisions = judge(source, &reader, &self.app, &mut teller)?;
        teller.remark(source.remarks());
        let refused = teller.summary.refused;
        if refused > 0 && !switches.dry_run && !switches.skip_refused {
            return Err(ImportError::Refused(refused, teller.records));
        }
        let passed = self.passed()?;
        teller.begin(if switches.dry_run { "compared" } else { "imported" });
        teller.pass(&passed);
        let judged = |record: io::Result<Record>| {
            let Record { number, position, account } = record?;
            // What was refused before is not told of again.
            let is_left = |account: &PortableAccount| {
                let read = || reader.account(account).ok();
                refused == 0 || read().is_some_and(|it| collisions.of(&reader, &it, number).is_empty())
            };
            Ok(Judged { number, position, account: account.ok().filter(is_left) })
        };
        let records =
            source.records()?.skip(usize::try_from(passed.records).unwrap_or(usize::MAX)).map(judged);
        let mut done = stream::iter(destination.batches(records))
            .map(|batch| async { destination.import(batch?).await })
            .buffered(destination.at_a_time());
        while let Some(batch) = done.next().await {
            for Done { number, position, account } in batch.map_err(|reason| teller.stopped(reason))? {
                if let Some((id, outcome)) = account {
                    teller.outcome(number, &id, outcome);
                }
                teller.progress(position);
            }
            teller.summary.write_units = passed.summary.write_units + destination.write_units();
            self.keep(&teller)?;
        }
        self.named(ImportPlace::forget)?;
        teller.end(switches.dry_run);
        Ok(teller.summary)
    }

    fn passed(&self) -> Result<Passed, ImportError> {
        Ok(self.named(ImportPlace::passed)?.unwrap_or_default())
    }

    fn keep(&self, teller: &Teller) -> Result<(), ImportError> {
        self.named(|place| place.keep(teller.seen, teller.imported())).map(|_| ())
    }

    /// Does something with the place, if there is one.
    fn named<T>(&self, act: impl FnOnce(&ImportPlace) -> io::Result<T>) -> Result<Option<T>, ImportError> {
        let Some(place) = &self.place else { return Ok(None) };
        let named = |error| ImportError::Place { path: place.path().display().to_string(), error };
        act(place).map(Some).map_err(named)
    }
}

/// Reads everything once: tells what can't come, and finds what collides.
fn judge(
    source: &dyn Source,
    reader: &RecordReader<'_>,
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
            Ok(account) => match reader.account(account) {
                Err(problems) => teller.refuse(record.number, Some(&account.id), &texts(&problems)),
                Ok(read) => uniques.note(reader, &read, record.number),
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
        let read = record.account.ok().and_then(|account| Some((reader.account(&account).ok()?, account.id)));
        let Some((read, id)) = read else { continue };
        let problems = collisions.of(reader, &read, record.number);
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
    /// How many had been refused before the import began.
    judged: u64,
    what: &'static str,
    began: Instant,
    last: Option<Instant>,
    summary: ImportSummary,
}

impl Teller {
    fn new(size: Option<u64>, json: bool) -> Self {
        let (began, summary) = (Instant::now(), ImportSummary::default());
        Self { size, json, told: 0, records: 0, seen: 0, judged: 0, what: "", began, last: None, summary }
    }

    fn begin(&mut self, what: &'static str) {
        (self.what, self.seen, self.began) = (what, 0, Instant::now());
    }

    /// Goes on where an earlier import was interrupted.
    fn pass(&mut self, passed: &Passed) {
        self.judged = self.summary.refused;
        self.seen = passed.records;
        self.summary = self.summary.with(passed.summary);
        if passed.records > 0 {
            remark(&format!("the import goes on after {} of {} accounts", passed.records, self.records));
        }
    }

    /// What has become of what was imported, without what was refused before.
    const fn imported(&self) -> ImportSummary {
        ImportSummary { refused: self.summary.refused - self.judged, ..self.summary }
    }

    /// Why not all accounts were imported.
    fn stopped(&mut self, reason: Interruption) -> ImportError {
        self.wipe();
        ImportError::Stopped { left: self.records.saturating_sub(self.seen), all: self.records, reason }
    }

    fn refuse(&mut self, number: u32, id: Option<&str>, reasons: &[String]) {
        self.summary.refused += 1;
        self.tell(number, id, "refused", reasons);
    }

    fn outcome(&mut self, number: u32, id: &str, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Added => self.summary.added += 1,
            ImportOutcome::Replaced => self.summary.replaced += 1,
            ImportOutcome::Unchanged => self.summary.unchanged += 1,
            ImportOutcome::ChangedHere => {
                self.summary.changed_here += 1;
                let reason =
                    "it has changed here since it was imported, and in the file: it stays as it is here";
                self.tell(number, Some(id), "changed_here", &[reason.to_owned()]);
            }
            ImportOutcome::Refused(problems) => self.refuse(number, Some(id), &problems),
        }
    }

    fn tell(&mut self, number: u32, id: Option<&str>, outcome: &str, reasons: &[String]) {
        self.told += 1;
        self.wipe();
        let id = id.map(quoted);
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

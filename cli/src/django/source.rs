//! A dump as a source of accounts.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use vestibule::domain::text::quoted;
use vestibule::settings::Settings;

use super::account::AccountReader;
use super::dump::{Dump, DumpError, UserRows};
use super::row::Finding;
use super::tally::Tally;
use crate::arguments::DjangoColumns;
use crate::import::{Record, Records, Source};

/// A dump of a Django project with django-allauth.
#[derive(Debug)]
pub struct DjangoDump<'a> {
    dump: Dump,
    reader: AccountReader<'a>,
    /// Of the last reading.
    tally: RefCell<Tally>,
}

impl<'a> DjangoDump<'a> {
    /// Opens a dump, and tells which rows point nowhere.
    ///
    /// # Errors
    /// If nothing of it can be imported.
    pub fn open(
        path: &Path,
        columns: &'a DjangoColumns,
        settings: &'a Settings,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<Self, DumpError> {
        let dump = Dump::open(path, &columns.user_model, tell)?;
        Ok(Self { dump, reader: AccountReader { columns, settings }, tally: RefCell::default() })
    }

    fn record(&self, rows: &UserRows, position: u64) -> Record {
        let account = self.reader.read(rows, &mut self.tally.borrow_mut());
        let texts =
            |findings: Vec<Finding>| findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Record { number: rows.line, position, account: account.map_err(texts) }
    }
}

impl Source for DjangoDump<'_> {
    fn records(&self) -> io::Result<Records<'_>> {
        self.tally.take();
        let users = self.dump.users().map_err(io::Error::other)?;
        Ok(Box::new((1..).zip(users).map(|(position, rows)| {
            let rows = rows.map_err(io::Error::other)?;
            Ok(self.record(&rows, position))
        })))
    }

    fn size(&self) -> Option<u64> {
        u64::try_from(self.dump.len()).ok()
    }

    fn remarks(&self) -> Vec<(String, u64)> {
        let models = self.dump.others.iter().map(|(model, count)| {
            let settings =
                if model == "socialaccount.socialapp" { ": settings are (docs/providers.md)" } else { "" };
            (format!("rows of {} are not imported{settings}", quoted(model)), *count)
        });
        let tally = self.tally.borrow();
        let counted = tally.iter().map(|(what, count)| (what.to_owned(), count));
        counted.chain(models).collect()
    }
}

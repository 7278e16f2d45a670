//! How far an import over the function has come: a file beside the source, so that an interrupted one goes on there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::summary::ImportSummary;

/// The place of one import.
#[derive(Debug)]
pub(super) struct ImportPlace {
    path: PathBuf,
    /// The file, as it is now, and how it is imported.
    import: String,
}

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Passed {
    import: String,
    /// How many records have been passed.
    pub records: u64,
    /// What has become of their accounts.
    pub summary: ImportSummary,
}

impl ImportPlace {
    /// Beside the source. An import of another file, of a file that has changed, or to somewhere else has another one.
    pub(super) fn of(source: &Path, how: &str) -> io::Result<Self> {
        let mut path = source.to_owned().into_os_string();
        path.push(".place");
        let about = fs::metadata(source)?;
        let (inode, size, seconds, nanoseconds) =
            (about.ino(), about.size(), about.mtime(), about.mtime_nsec());
        Ok(Self { path: path.into(), import: format!("{how}, {inode} {size} {seconds}.{nanoseconds:09}") })
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How far this import has come; not at all if nothing is known of it.
    pub(super) fn passed(&self) -> io::Result<Passed> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Passed::default()),
            Err(error) => return Err(error),
        };
        let passed: Passed = serde_json::from_slice(&text).unwrap_or_default();
        Ok(if passed.import == self.import { passed } else { Passed::default() })
    }

    /// Keeps how far it has come. Who reads the file sees the old content or the new, even if the process dies on the way.
    pub(super) fn keep(&self, records: u64, summary: ImportSummary) -> io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let passed = Passed { import: self.import.clone(), records, summary };
        // One that was left there may have other rights.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(&passed)?)?;
        fs::rename(&new, &self.path)
    }

    /// Forgets it, as the import has ended.
    pub(super) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_import_goes_on_where_it_was_and_another_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("dump.jsonl");
        fs::write(&source, "one").unwrap();
        let place = ImportPlace::of(&source, "here").unwrap();
        assert_eq!(place.passed().unwrap(), Passed::default());
        place.forget().unwrap();
        let summary = ImportSummary { added: 7, ..ImportSummary::default() };
        for records in [7, 9] {
            place.keep(records, summary).unwrap();
            let passed = ImportPlace::of(&source, "here").unwrap().passed().unwrap();
            assert_eq!((passed.records, passed.summary), (records, summary));
        }
        let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert_eq!(names.filter(|name| name != "dump.jsonl").collect::<Vec<_>>(), ["dump.jsonl.place"]);
        assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);

        assert_eq!(ImportPlace::of(&source, "there").unwrap().passed().unwrap(), Passed::default());
        fs::write(&source, "other").unwrap();
        assert_eq!(ImportPlace::of(&source, "here").unwrap().passed().unwrap(), Passed::default());
        fs::write(place.path(), "{\"import\"").unwrap();
        assert_eq!(place.passed().unwrap(), Passed::default());
        place.forget().unwrap();
        assert!(!place.path().exists());
    }
}

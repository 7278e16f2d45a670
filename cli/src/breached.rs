//! `vestibule breached …`: the file of passwords that data breaches have made known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use vestibule::breached::{BreachedError, BreachedPasswords, password_key};

use crate::arguments::{BreachedBuild, BreachedCommand, BreachedPack};

/// The functions that set passwords, by the names of their packages.
const PACKAGES: [&str; 3] = ["account", "reset", "signup"];
/// The name of the file in a package.
const NAME: &str = "breached.filter";

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum BreachedCommandError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// A line of the list is none of its format.
    #[error(
        "{}, line {line}: must be a SHA-1 hash in hexadecimal, a colon and a count; --plain reads a list of passwords, the \
         most frequent first",
        path.display()
    )]
    Line {
        /// The list.
        path: PathBuf,
        /// The line, from 1 on.
        line: usize,
    },
    /// The filter cannot be built, or is none.
    #[error("{}: {error}", path.display())]
    Filter {
        /// The file.
        path: PathBuf,
        /// Why.
        error: BreachedError,
    },
}

/// Runs a command, and returns what to print.
pub fn run(command: &BreachedCommand) -> Result<String, BreachedCommandError> {
    match command {
        BreachedCommand::Build(wanted) => build(wanted),
        BreachedCommand::Pack(wanted) => pack(wanted),
    }
}

fn build(wanted: &BreachedBuild) -> Result<String, BreachedCommandError> {
    let keys =
        if wanted.plain { plain(&wanted.list, wanted.most) } else { hashed(&wanted.list, wanted.most) }?;
    let count = keys.len();
    let filter = BreachedPasswords::build(keys);
    let filter =
        filter.map_err(|error| BreachedCommandError::Filter { path: wanted.list.clone(), error })?.to_file();
    std::fs::write(&wanted.into, &filter).map_err(|error| at(&wanted.into, error))?;
    Ok(format!("{}: {count} passwords in {} bytes", wanted.into.display(), filter.len()))
}

/// Checks a file, and copies it into the packages of the functions that set passwords.
fn pack(wanted: &BreachedPack) -> Result<String, BreachedCommandError> {
    let file = std::fs::read(&wanted.file).map_err(|error| at(&wanted.file, error))?;
    BreachedPasswords::read(&file)
        .map_err(|error| BreachedCommandError::Filter { path: wanted.file.clone(), error })?;
    for package in PACKAGES {
        let path = wanted.into.join(package).join(NAME);
        std::fs::write(&path, &file).map_err(|error| at(&path, error))?;
    }
    Ok(format!("{}: written into {} packages", wanted.file.display(), PACKAGES.len()))
}

fn at(path: &Path, error: io::Error) -> BreachedCommandError {
    BreachedCommandError::Io { path: path.to_owned(), error }
}

fn lines(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Vec<u8>, BreachedCommandError>>, BreachedCommandError> {
    let file = File::open(path).map_err(|error| at(path, error))?;
    let lines = BufReader::new(file).split(b'\n');
    Ok(lines.map(|line| {
        let mut line = line.map_err(|error| at(path, error))?;
        line.truncate(line.trim_ascii_end().len());
        Ok(line)
    }))
}

/// The first passwords of a list of them; what is not UTF-8 is none.
fn plain(path: &Path, most: usize) -> Result<Vec<u64>, BreachedCommandError> {
    let mut keys = Vec::new();
    for line in lines(path)?.take(most) {
        let line = line?;
        keys.extend(std::str::from_utf8(&line).ok().filter(|text| !text.is_empty()).map(password_key));
    }
    Ok(keys)
}

/// The most frequent passwords of a list of hashes and counts, in any order.
fn hashed(path: &Path, most: usize) -> Result<Vec<u64>, BreachedCommandError> {
    let mut frequent = BinaryHeap::new();
    for (number, line) in lines(path)?.enumerate() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        let wrong = || BreachedCommandError::Line { path: path.to_owned(), line: number + 1 };
        let (key, count) = entry(&line).ok_or_else(wrong)?;
        frequent.push(Reverse((count, key)));
        if frequent.len() > most {
            frequent.pop();
        }
    }
    Ok(frequent.into_iter().map(|Reverse((_, key))| key).collect())
}

/// A key and its count, of a line such as `5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179`.
fn entry(line: &[u8]) -> Option<(u64, u64)> {
    let (hash, count) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let is_hash = hash.len() == 40 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    let key = u64::from_str_radix(hash.get(..16).filter(|_| is_hash)?, 16).ok()?;
    Some((key, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(list: &str, most: usize, plain: bool) -> Result<BreachedPasswords, String> {
        let folder = tempfile::tempdir().unwrap();
        let wanted = BreachedBuild {
            list: folder.path().join("list"),
            most,
            plain,
            into: folder.path().join("filter"),
        };
        std::fs::write(&wanted.list, list).unwrap();
        build(&wanted)
            .map_err(|error| error.to_string().rsplit('/').next().unwrap_or_default().to_owned())?;
        let filter = BreachedPasswords::read(&std::fs::read(&wanted.into).unwrap()).unwrap();
        for package in PACKAGES {
            std::fs::create_dir(folder.path().join(package)).unwrap();
        }
        let pack = BreachedPack { file: wanted.into, into: folder.path().to_owned() };
        super::pack(&pack).unwrap();
        assert!(folder.path().join("signup/breached.filter").exists());
        std::fs::write(&pack.file, "x").unwrap();
        assert!(super::pack(&pack).unwrap_err().to_string().contains("is not a file that"));
        Ok(filter)
    }

    #[test]
    fn the_most_frequent_of_a_list_are_taken() {
        // "password", "letmein" and "qwerty".
        let list = "B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:1\r\n\
                    5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179\n\
                    B1B3773A05C0ED0176787A4F1574FF0075F7521E:22390492\n";
        let filter = built(list, 2, false).unwrap();
        assert!(filter.has("password") && filter.has("qwerty") && !filter.has("letmein"));
        let filter = built("hunter2\nhunter3\n\u{fc}ber\nrare\n", 3, true).unwrap();
        assert!(filter.has("hunter2") && filter.has("\u{fc}ber") && !filter.has("rare"));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let error = built("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1\nhunter2\n", 9, false).unwrap_err();
        assert!(error.starts_with("list, line 2: must be a SHA-1 hash"), "{error}");
        assert_eq!(built("", 9, true).unwrap_err(), "list: there is no password in the list");
    }
}

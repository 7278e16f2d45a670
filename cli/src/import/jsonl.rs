//! Files of JSON lines, an account a line (docs/migration-format.md).

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use vestibule::domain::text::quoted;
use vestibule::migration::PortableAccount;

use super::source::{Record, Records, Source};

/// The longest line, in bytes.
const MOST_BYTES: u64 = 1_000_000;
/// How deep lists and objects may be nested.
const DEEPEST: usize = 32;

/// A file of JSON lines.
#[derive(Debug)]
pub struct AccountFile {
    path: PathBuf,
    size: u64,
}

impl AccountFile {
    /// The file at a path. It is read more than once, so it can't be a pipe.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let about = std::fs::metadata(&path).map_err(named)?;
        if !about.is_file() {
            let reason = "is no file: it is read more than once";
            return Err(named(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        Ok(Self { size: about.len(), path })
    }
}

impl Source for AccountFile {
    fn records(&self) -> io::Result<Records<'_>> {
        let lines = Lines::open(self.path.clone())?;
        Ok(Box::new(lines.map(|line| {
            line.map(|line| Record {
                number: line.number,
                position: line.position,
                account: line.read::<PortableAccount>(),
            })
        })))
    }

    fn size(&self) -> Option<u64> {
        Some(self.size)
    }
}

/// The lines of a file that are not empty.
#[derive(Debug)]
pub struct Lines {
    file: BufReader<File>,
    number: u32,
    position: u64,
}

/// A line of a file.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u32,
    /// How far the file has been read with it, in bytes.
    pub position: u64,
    /// Its bytes; none if it is too long.
    text: Option<Vec<u8>>,
    /// Whether a line feed ends it.
    is_whole: bool,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), number: 0, position: 0 })
    }

    /// Goes to where a line begins. Lines are numbered on from there.
    pub fn seek(&mut self, position: u64) -> io::Result<()> {
        let distance = i128::from(position) - i128::from(self.position);
        self.file.seek_relative(i64::try_from(distance).map_err(io::Error::other)?)?;
        self.position = position;
        Ok(())
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let mut read = self.file.by_ref().take(MOST_BYTES + 1).read_until(b'\n', &mut text)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let mut is_whole = text.pop_if(|last| *last == b'\n').is_some();
        let is_long = !is_whole && read > MOST_BYTES;
        if is_long {
            let rest = self.file.skip_until(b'\n')? as u64;
            (read, is_whole) = (read + rest, true);
        }
        self.number = self.number.saturating_add(1);
        self.position += read;
        let text = (!is_long).then_some(text);
        Ok(Some(Line { number: self.number, position: self.position, text, is_whole }))
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_empty = |line: &Line| line.text.as_ref().is_some_and(|text| text.trim_ascii().is_empty());
        loop {
            match self.line().transpose()? {
                Ok(line) if is_empty(&line) => {}
                other => return Some(other),
            }
        }
    }
}

impl Line {
    /// What it says, or what is wrong with it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        let Some(text) = &self.text else { return Err(format!("the line has more than {MOST_BYTES} bytes")) };
        if depth(text) > DEEPEST {
            return Err(format!("lists and objects are nested more than {DEEPEST} deep"));
        }
        serde_json::from_slice(text).map_err(|error| {
            if error.is_eof() && !self.is_whole {
                return "the line is cut off: the file is not complete".to_owned();
            }
            // What the message quotes is from the file.
            quoted(&error.to_string())
        })
    }
}

/// How deep JSON is nested, whether or not it is valid.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u32, Result<String, String>)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let source = AccountFile::new(file.path().to_owned()).unwrap();
        let records = source.records().unwrap().map(Result::unwrap);
        let records: Vec<_> = records.collect();
        assert_eq!(records.last().map(|record| record.position), source.size().filter(|size| *size > 0));
        records.into_iter().map(|record| (record.number, record.account.map(|account| account.id))).collect()
    }

    #[test]
    fn each_line_is_an_account() {
        let file = b"{\"id\": 1}\n\n  \r\n{\"id\": \"b\"}\r\n{\"id\": \"c\"}";
        let expected = [(1, Ok("1".to_owned())), (4, Ok("b".to_owned())), (5, Ok("c".to_owned()))];
        assert_eq!(read(file), expected);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn hostile_lines_are_named_and_end_nothing() {
        let long = format!("{{\"id\": \"{}\"}}", "x".repeat(1_100_000));
        let deep = format!(
            "{{\"id\": \"1\", \"private_metadata\": {{\"a\": {}{}}}}}",
            "[".repeat(31),
            "]".repeat(31)
        );
        let bombs = "[".repeat(500_000);
        let file = [
            &long,
            &deep,
            &bombs,
            "{\"id\": \"1\", \"\\u001b]0;x\": 1}",
            "{\"id\": \"ok\"}",
            "{\"id\": \"cut",
        ];
        let mut file = file.join("\n").into_bytes();
        let found = read(&file);
        let reasons: Vec<_> =
            found.iter().map(|(_, account)| account.clone().unwrap_or_else(|reason| reason)).collect();
        assert_eq!(reasons[0], "the line has more than 1000000 bytes");
        assert_eq!(reasons[1], "lists and objects are nested more than 32 deep");
        assert_eq!(reasons[2], "lists and objects are nested more than 32 deep");
        assert!(reasons[3].starts_with("\"unknown field `\\u001b]0;x`"), "{}", reasons[3]);
        assert_eq!(reasons[4], "ok");
        assert_eq!(reasons[5], "the line is cut off: the file is not complete");
        file.push(b'\n');
        assert!(read(&file)[5].1.clone().unwrap_err().contains("EOF"));
        assert!(read(b"{\"id\": \"\xff\"}\n")[0].1.is_err());
    }

    #[test]
    fn brackets_in_text_are_no_depth() {
        assert_eq!(depth(br#"{"a": "[[[[\"[[", "b": [{}]}"#), 3);
    }
}

//! What an export writes.

use std::io::{self, Write};

use vestibule::migration::PortableAccount;

/// What an export writes of each account.
pub trait Format {
    /// Writes an account, or says why it has no place in the format.
    fn account(&mut self, account: &PortableAccount, into: &mut dyn Write) -> io::Result<Result<(), String>>;

    /// What it has changed or left out, as sentences, and how often.
    fn remarks(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
}

/// A line of JSON an account (docs/migration-format.md).
#[derive(Clone, Copy, Debug)]
pub struct Jsonl;

impl Format for Jsonl {
    fn account(&mut self, account: &PortableAccount, into: &mut dyn Write) -> io::Result<Result<(), String>> {
        serde_json::to_writer(&mut *into, account)?;
        into.write_all(b"\n").map(Ok)
    }
}

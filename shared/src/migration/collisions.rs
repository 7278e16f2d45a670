//! Accounts of one file that can't all come: two with one id, one username, or one verified email address.
//!
//! A file can have millions of accounts, so only digests of what must be unique are kept, of twelve bytes each.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::problem::MigrationProblem;
use super::reader::{RecordReader, named_address, named_handle};
use crate::domain::account::Account;
use crate::domain::text::quoted;
use crate::random::Random;

/// How many collisions are named.
const MOST_NAMED: usize = 10_000;

/// What must be unique in a file, while it is read.
#[derive(Debug)]
pub struct Uniques {
    salt: [u8; 16],
    /// A digest of 64 bits, and the number of the record.
    seen: Vec<[u32; 3]>,
}

/// What several records of a file have.
#[derive(Debug)]
pub struct Collisions {
    salt: [u8; 16],
    /// The record that has it first, by its digest.
    first: HashMap<[u32; 2], u32>,
}

impl Uniques {
    /// Of a file that is to be read.
    pub fn new(random: &Random) -> Self {
        Self { salt: random.bytes(), seen: Vec::new() }
    }

    /// Notes what must be unique in the account of this record.
    pub fn note(&mut self, reader: &RecordReader<'_>, account: &Account, record: u32) {
        for (what, name) in uniques(reader, account) {
            let [a, b] = digest(&self.salt, what, &name);
            self.seen.push([a, b, record]);
        }
    }

    /// What is not unique.
    pub fn collisions(mut self) -> Collisions {
        self.seen.sort_unstable();
        let mut first = HashMap::new();
        for pair in self.seen.windows(2) {
            if let [[a, b, earlier], [c, d, _]] = pair
                && (a, b) == (c, d)
                && first.len() < MOST_NAMED
            {
                first.entry([*a, *b]).or_insert(*earlier);
            }
        }
        Collisions { salt: self.salt, first }
    }
}

impl Collisions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// What the account of this record has that an earlier one has. The earliest is not refused.
    pub fn of(&self, reader: &RecordReader<'_>, account: &Account, record: u32) -> Vec<MigrationProblem> {
        let problems = uniques(reader, account).into_iter().filter_map(|(what, name)| {
            let first = *self.first.get(&digest(&self.salt, what, &name))?;
            (first != record).then(|| MigrationProblem::Collision { what, name: quoted(&name), first })
        });
        problems.collect()
    }
}

fn uniques(reader: &RecordReader<'_>, account: &Account) -> Vec<(&'static str, String)> {
    let (handles, addresses) = reader.unique(account);
    let id = ("id", account.id.as_str().to_owned());
    let named = handles.iter().map(named_handle).chain(addresses.iter().map(named_address));
    [id].into_iter().chain(named).collect()
}

fn digest(salt: &[u8], what: &str, name: &str) -> [u32; 2] {
    let digest =
        Sha256::new().chain_update(salt).chain_update(what).chain_update([0]).chain_update(name).finalize();
    let part = |at: usize| {
        digest.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    [part(0), part(4)]
}

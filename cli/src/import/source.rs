//! What accounts are imported from.

use std::io;

use vestibule::migration::PortableAccount;

/// Accounts to import. They are read twice: to be judged, and to be imported.
pub trait Source {
    /// All records, from the first one on.
    fn records(&self) -> io::Result<Records<'_>>;
    /// The size of all records together, in the unit of [`Record::position`], if known.
    fn size(&self) -> Option<u64>;
    /// What else the last reading has found, as sentences, and how often.
    fn remarks(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
}

/// Records, one after the other.
pub type Records<'a> = Box<dyn Iterator<Item = io::Result<Record>> + 'a>;

/// One record of a source.
#[derive(Debug)]
pub struct Record {
    /// Its number, from 1: the line of a file.
    pub number: u32,
    /// How far the source has been read with it.
    pub position: u64,
    /// The account, or why it is none.
    pub account: Result<PortableAccount, String>,
}

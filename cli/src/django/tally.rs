//! What a move changes or leaves out: counted, and told at the end.

use std::collections::BTreeMap;

/// The most things that are counted by their names.
const NAMED: usize = 200;

/// What a move changes or leaves out, as sentences, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// Counts something.
    pub(super) fn add(&mut self, what: &str, count: u64) {
        let is_named = self.0.contains_key(what) || self.0.len() < NAMED;
        *self.0.entry(if is_named { what } else { "more of that kind" }.to_owned()).or_default() += count;
    }

    /// What was counted, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(what, count)| (what.as_str(), *count))
    }
}

//! `SECRET_KEY` as Secrets Manager keeps it: the plain key as it was generated or, once it has been rotated, a JSON document
//! `{"keys": [{"id": "…", "key": "…"}, …]}`. The first key seals and signs, all of them open and verify.
//!
//! A key comes last, and waits there until every process knows it ([`KeyDocument::add`]). Then it becomes the first
//! ([`KeyDocument::promote`]). The one that it replaces goes when nothing names it any more ([`KeyDocument::retire`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
use crate::secret::Secret;
use crate::settings::{LEAST_SECRET, MOST_FALLBACKS};
use crate::signing::Keys;

/// How often a process reads the secret again, however little it meets.
pub const READ_EVERY: Duration = Duration::from_mins(60);
/// How often it does so at the most, when it meets a key that it does not know.
pub const READ_AT_MOST_EVERY: Duration = Duration::from_mins(1);
/// How long it takes until every process has read the secret again: requests may be under way, and clocks differ.
pub const KNOWN_AFTER: Duration = Duration::from_mins(65);

/// All keys, as a secret holds them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyDocument {
    keys: Vec<KeyEntry>,
}

/// One key.
#[derive(Clone, Serialize, Deserialize)]
struct KeyEntry {
    /// For people: it follows from the key.
    id: String,
    key: String,
    /// When it was added, in seconds since 1970; none for the one that the template generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    added_at: Option<i64>,
    /// When another one took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_at: Option<i64>,
}

impl std::fmt::Debug for KeyEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyEntry({}, …)", self.id)
    }
}

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It encrypts and signs.
    First,
    /// It will, once every process knows it; that is so at the earliest at this time.
    Added(Timestamp),
    /// It did until then.
    Replaced(Timestamp),
}

/// Why keys can't be used or changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyDocumentError {
    /// It is not such a document.
    #[error(
        "the secret must hold a key of at least 32 characters, or a JSON document {{\"keys\": [{{\"id\", \"key\"}}, …]}} of one \
         to six"
    )]
    Malformed,
    /// There is no room for another key.
    #[error("there are {MOST_FALLBACKS} fallbacks already: retire one first")]
    TooMany,
    /// A process may not know it yet.
    #[error("a process may not know the key {0} yet: wait first")]
    TooEarly(String),
    /// There is nothing to retire.
    #[error("no key has been replaced")]
    NothingReplaced,
    /// There is no such key, or it has not been replaced.
    #[error("{0} is no key that has been replaced")]
    NotReplaced(String),
}

impl KeyDocument {
    /// Parses the content of the secret.
    pub fn read(secret: &Secret) -> Result<Self, KeyDocumentError> {
        let text = secret.expose();
        let mut read = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|_| KeyDocumentError::Malformed)?
        } else {
            let only =
                KeyEntry { id: String::new(), key: text.to_owned(), added_at: None, replaced_at: None };
            Self { keys: vec![only] }
        };
        let is_right = |entry: &KeyEntry| entry.key.chars().count() >= LEAST_SECRET;
        if !(1..=MOST_FALLBACKS + 1).contains(&read.keys.len()) || !read.keys.iter().all(is_right) {
            return Err(KeyDocumentError::Malformed);
        }
        for entry in &mut read.keys {
            entry.id = Keys::id_of(&Secret::new(entry.key.as_str()));
        }
        Ok(read)
    }

    /// The content of the secret.
    pub fn write(&self) -> Secret {
        Secret::new(serde_json::to_string(self).unwrap_or_default())
    }

    /// The keys, ready to be used, with others behind them.
    pub fn keys(&self, fallbacks: &[Secret]) -> Keys {
        let mut keys = self.keys.iter().map(|entry| Secret::new(entry.key.as_str()));
        let first = keys.next().unwrap_or_else(|| Secret::new(""));
        Keys::with_fallbacks(first, keys.chain(fallbacks.iter().cloned()))
    }

    /// The id and the state of each key, in their order.
    pub fn states(&self) -> impl Iterator<Item = (&str, KeyState)> {
        self.keys.iter().enumerate().map(|(position, entry)| {
            let state = match (position, entry.replaced_at) {
                (0, _) => KeyState::First,
                (_, Some(at)) => KeyState::Replaced(Timestamp::from_seconds(at)),
                (_, None) => {
                    let added_at = Timestamp::from_seconds(entry.added_at.unwrap_or_default());
                    KeyState::Added(added_at.plus(KNOWN_AFTER))
                }
            };
            (entry.id.as_str(), state)
        })
    }

    /// The key that was added, and has yet to become the first: when every process knows it.
    pub fn added(&self) -> Option<(&str, Timestamp)> {
        self.states().find_map(|(id, state)| match state {
            KeyState::Added(known_at) => Some((id, known_at)),
            KeyState::First | KeyState::Replaced(_) => None,
        })
    }

    /// Adds a key as the last one, unless one has been added already: whether it did.
    pub fn add(&mut self, key: &Secret, now: Timestamp) -> Result<bool, KeyDocumentError> {
        if self.added().is_some() {
            return Ok(false);
        }
        if self.keys.len() > MOST_FALLBACKS {
            return Err(KeyDocumentError::TooMany);
        }
        self.keys.push(KeyEntry {
            id: Keys::id_of(key),
            key: key.expose().to_owned(),
            added_at: Some(now.seconds()),
            replaced_at: None,
        });
        Ok(true)
    }

    /// Makes the key that was added the first one, if there is one: whether it did.
    pub fn promote(&mut self, now: Timestamp, is_known: bool) -> Result<bool, KeyDocumentError> {
        let Some((id, known_at)) = self.added() else { return Ok(false) };
        if now < known_at && !is_known {
            return Err(KeyDocumentError::TooEarly(id.to_owned()));
        }
        let is_added = |entry: &KeyEntry| entry.replaced_at.is_none();
        if let Some(position) = self.keys.iter().skip(1).position(is_added)
            && let Some(first) = self.keys.first_mut()
        {
            first.replaced_at = Some(now.seconds());
            let new = self.keys.remove(position + 1);
            self.keys.insert(0, new);
        }
        Ok(true)
    }

    /// The key that was replaced and is to go, the oldest unless one is named: since when it seals and signs nothing.
    pub fn replaced(&self, id: Option<&str>) -> Result<(&str, Timestamp), KeyDocumentError> {
        let replaced = self.states().filter_map(|(id, state)| match state {
            KeyState::Replaced(at) => Some((id, at.plus(KNOWN_AFTER))),
            KeyState::First | KeyState::Added(_) => None,
        });
        // Each came to the front of those before it.
        let oldest = replaced.filter(|(known, _)| id.is_none_or(|id| id == *known)).last();
        oldest.ok_or_else(|| match id {
            Some(id) => KeyDocumentError::NotReplaced(id.to_owned()),
            None => KeyDocumentError::NothingReplaced,
        })
    }

    /// Removes a key.
    pub fn retire(&mut self, id: &str) {
        self.keys.retain(|entry| entry.id != id);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: &str = "the-key-that-cloudformation-generated";

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000)
    }

    fn new(number: u32) -> Secret {
        Secret::new(format!("a-new-key-of-at-least-32-characters-{number}"))
    }

    fn ids(document: &KeyDocument) -> Vec<String> {
        let read = KeyDocument::read(&document.write()).unwrap();
        read.keys(&[]).ids().map(str::to_owned).collect()
    }

    #[test]
    fn a_plain_key_becomes_a_document_with_the_first_rotation() {
        let mut document = KeyDocument::read(&Secret::new(PLAIN)).unwrap();
        let plain = Keys::id_of(&Secret::new(PLAIN));
        assert!(document.add(&new(1), at(0)).unwrap());
        assert!(!document.add(&new(2), at(1)).unwrap(), "the step may be repeated");
        assert_eq!(ids(&document), [plain.clone(), Keys::id_of(&new(1))]);
        assert_eq!(document.promote(at(64), false), Err(KeyDocumentError::TooEarly(Keys::id_of(&new(1)))));
        assert!(document.promote(at(65), false).unwrap());
        assert!(!document.promote(at(66), false).unwrap(), "the step may be repeated");
        assert_eq!(ids(&document), [Keys::id_of(&new(1)), plain.clone()]);
        assert_eq!(document.replaced(None).unwrap(), (plain.as_str(), at(130)));
        assert!(document.write().expose().starts_with(r#"{"keys":[{"id":""#));
        document.retire(&plain);
        assert_eq!(ids(&document), [Keys::id_of(&new(1))]);
        assert_eq!(document.replaced(None), Err(KeyDocumentError::NothingReplaced));
    }

    #[test]
    fn restarted_processes_know_a_key_at_once() {
        let mut document = KeyDocument::read(&Secret::new(PLAIN)).unwrap();
        document.add(&new(1), at(0)).unwrap();
        assert!(document.promote(at(0), true).unwrap());
    }

    #[test]
    fn there_are_at_most_six_keys_and_the_oldest_goes_first() {
        let mut document = KeyDocument::read(&Secret::new(PLAIN)).unwrap();
        for number in 0..5 {
            document.add(&new(number), at(0)).unwrap();
            document.promote(at(i64::from(number)), true).unwrap();
        }
        assert_eq!(document.add(&new(6), at(9)), Err(KeyDocumentError::TooMany));
        assert_eq!(document.replaced(None).unwrap().0, Keys::id_of(&Secret::new(PLAIN)));
        let other = Keys::id_of(&new(2));
        assert_eq!(document.replaced(Some(&other)).unwrap().0, other);
        let first = Keys::id_of(&new(4));
        assert_eq!(document.replaced(Some(&first)), Err(KeyDocumentError::NotReplaced(first)));
    }

    #[test]
    fn a_time_that_no_clock_shows_is_the_last_one() {
        let keys =
            json!([{"id": "", "key": PLAIN}, {"id": "", "key": new(1).expose(), "added_at": i64::MAX}]);
        let document = KeyDocument::read(&Secret::new(json!({"keys": keys}).to_string())).unwrap();
        assert_eq!(document.added().map(|(_, known_at)| known_at), Some(Timestamp::from_millis(i64::MAX)));
    }

    #[test]
    fn what_is_no_document_is_refused_and_not_shown() {
        let short = ["", "hunter2", r#"{"keys": [{"id": "x", "key": "hunter2"}]}"#];
        for text in ["{", "{}", r#"{"keys": []}"#].into_iter().chain(short) {
            let error = KeyDocument::read(&Secret::new(text)).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
        let document = KeyDocument::read(&Secret::new(PLAIN)).unwrap();
        assert!(!format!("{document:?}").contains(PLAIN));
    }
}

//! Forward compatibility of stored documents: what a later release has added is written back as it was read, so that an
//! older release can run beside it, or after it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Members of a stored object that this release does not know. They last as long as the object that they stand in: what
/// takes its place has none. They may be secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnknownMembers(BTreeMap<String, Value>);

impl UnknownMembers {
    /// Those of an object that this release makes.
    pub const NONE: Self = Self(BTreeMap::new());
}

impl fmt::Debug for UnknownMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A stored list, some of whose elements this release may not be able to read, such as authenticators of a later kind. It
/// is the list of those that it can; the others are written back behind them.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredList<T> {
    known: Vec<T>,
    unknown: Vec<Value>,
}

impl<T> StoredList<T> {
    /// The elements that this release can't read.
    pub fn unknown(&self) -> &[Value] {
        &self.unknown
    }

    /// How many elements there are, whether or not this release can read them.
    pub const fn total(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// Whether there is no element at all.
    pub const fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T> Default for StoredList<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> From<Vec<T>> for StoredList<T> {
    fn from(known: Vec<T>) -> Self {
        Self { known, unknown: Vec::new() }
    }
}

impl<T> Deref for StoredList<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.known
    }
}

impl<T> DerefMut for StoredList<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.known
    }
}

impl<'a, T> IntoIterator for &'a StoredList<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.known.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut StoredList<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.known.iter_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for StoredList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.known).finish()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored<K, U> {
    Known(K),
    Unknown(U),
}

impl<T: Serialize> Serialize for StoredList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.known.iter().map(Stored::Known);
        serializer.collect_seq(known.chain(self.unknown.iter().map(Stored::Unknown)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for StoredList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut list = Self::default();
        for element in Vec::<Stored<T, Value>>::deserialize(deserializer)? {
            match element {
                Stored::Known(element) => list.known.push(element),
                Stored::Unknown(element) => list.unknown.push(element),
            }
        }
        Ok(list)
    }
}

/// Reads something of short life, such as a code that is awaited, as absent where this release can't read it: it is given up.
pub fn known_or_none<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(match Stored::<Option<T>, IgnoredAny>::deserialize(deserializer)? {
        Stored::Known(known) => known,
        Stored::Unknown(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;
    use crate::changes::Letter;
    use crate::domain::account::Account;
    use crate::domain::means::Means;
    use crate::domain::message::Recipient;
    use crate::domain::rate::History;
    use crate::domain::session::{Session, State};

    /// Documents as releases wrote them before documents had a schema version.
    fn stored(kind: &str) -> BTreeMap<String, Value> {
        let mut stored: Value = serde_json::from_str(include_str!("../../testdata/stored.json")).unwrap();
        serde_json::from_value(stored[kind].take()).unwrap()
    }

    // From text, as the table keeps it: values are read in another way.
    fn read<T: DeserializeOwned>(document: &Value) -> T {
        serde_json::from_str(&document.to_string()).unwrap()
    }

    #[track_caller]
    fn keeps<T: DeserializeOwned + Serialize>(document: &Value) {
        let written = serde_json::to_string(&read::<T>(document)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), *document);
    }

    /// What has no members of its own to add to: variants, and what is of their kind.
    const CLOSED: [&str; 7] = ["state", "stage", "login_by_code", "to", "means", "factor", "authenticator"];

    /// Adds a member that no release has had so far to every object.
    fn extend(value: &mut Value, name: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    extend(member, name);
                }
                if !CLOSED.contains(&name) {
                    members.insert("later".into(), json!({"a": [1, -2.5, {"b": null}]}));
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|element| extend(element, name)),
            _ => {}
        }
    }

    fn extended(document: &Value) -> Value {
        let mut extended = document.clone();
        extend(&mut extended, "");
        assert_ne!(extended, *document);
        extended
    }

    #[test]
    fn documents_of_before_are_read_and_written_back_as_they_were() {
        stored("accounts").values().for_each(keeps::<Account>);
        stored("sessions").values().for_each(keeps::<Session>);
        stored("letters").values().for_each(keeps::<Letter>);
        stored("counters").values().for_each(keeps::<History>);
        let account: Account = read(&stored("accounts")["everything"]);
        assert_eq!((account.authenticators.len(), account.social_accounts.len()), (3, 2));
        for (name, document) in stored("sessions") {
            let session: Session = read(&document);
            assert!(!matches!(session.state, State::Unknown(_)), "{name}");
            assert!(session.pending().is_none_or(|pending| json!(pending.stage.key()) == name));
        }
    }

    #[test]
    fn members_of_a_later_release_are_written_back() {
        for document in stored("accounts").values() {
            keeps::<Account>(&extended(document));
        }
        for (name, document) in stored("sessions") {
            let later = extended(&document);
            keeps::<Session>(&later);
            assert!(!matches!(read::<Session>(&later).state, State::Unknown(_)), "{name}");
        }
    }

    fn with(mut document: Value, pointer: &str, element: Value) -> Value {
        document.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(element);
        document
    }

    fn account_with_a_later_authenticator() -> Value {
        let later = json!({"id": 14, "created_at": 1, "factor": {"push": {"credential_id": "bGF0ZXI"}}});
        with(stored("accounts").remove("everything").unwrap(), "/authenticators", later)
    }

    #[test]
    fn an_authenticator_of_a_later_kind_is_kept_and_is_a_second_factor() {
        let document = account_with_a_later_authenticator();
        keeps::<Account>(&document);
        let mut account: Account = read(&document);
        for id in [11, 13] {
            account.remove_authenticator(id);
        }
        assert!(account.has_second_factor());
        let left: Vec<i64> = account.authenticators.iter().map(|it| it.id).collect();
        assert_eq!((left.as_slice(), account.authenticators.total()), (&[12][..], 2), "recovery codes stay");
        assert!(account.has(&Means::Authenticator(14)), "that it was added without a proof is not forgotten");
        account.authenticators.clear();
        assert!(account.authenticators.is_empty() && !account.has_second_factor());
    }

    #[test]
    fn elements_of_later_kinds_are_kept_and_prove_nothing() {
        let everything = || stored("accounts").remove("everything").unwrap();
        let social = json!({"provider": "google", "uid": "1", "wallet": true});
        let unproved = json!({"means": {"passport": "1"}, "at": 1});
        for (list, later) in [("/social_accounts", social), ("/unproved", unproved)] {
            let document = with(everything(), list, later);
            keeps::<Account>(&document);
            let account: Account = read(&document);
            assert!(account.social_account("google", "1").is_none());
        }
        let record = json!({"method": "retina", "at": 1_790_000_000_000_i64});
        let session = || stored("sessions").remove("everything").unwrap();
        let document = with(session(), "/records/records", record);
        keeps::<Session>(&document);
        assert_eq!(read::<Session>(&document).records.unwrap().records.len(), 6);
        let journey = json!({"state": "x", "process": "import"});
        let document = with(session(), "/journeys", journey);
        keeps::<Session>(&document);
        assert_eq!(read::<Session>(&document).journeys.len(), 2);
    }

    #[test]
    fn a_state_or_a_stage_of_a_later_release_is_kept_and_is_no_login() {
        let stage = json!({"pending": {"stage": {"verify_passport": {"number": 1}}, "signup": false}});
        for later in [stage, json!("frozen"), json!({"impersonated": {"account": "0198c0de"}})] {
            let mut document = stored("sessions").remove("mfa_authenticate").unwrap();
            document["state"] = later;
            keeps::<Session>(&document);
            let session: Session = read(&document);
            assert!(session.pending().is_none() && session.login().is_none() && session.account().is_none());
        }
    }

    #[test]
    fn a_code_that_went_where_only_a_later_release_sends_one_is_given_up() {
        let mut document = stored("sessions").remove("everything").unwrap();
        document["reauthentication"]["to"] = json!({"pigeon": "grey"});
        let session: Session = read(&document);
        assert!(session.reauthentication.is_none() && session.phone_change.is_some());
        assert!(session.login().is_some());
    }

    #[test]
    fn what_a_later_release_has_added_goes_with_what_it_stands_in() {
        let document = extended(&account_with_a_later_authenticator());
        let mut account: Account = read(&document);
        account.strip(&Recipient::Email("x@example.com".into()), false);
        account.unproved.clear();
        let left = serde_json::to_string(&account).unwrap();
        assert!(!left.contains("later"), "nobody gets in by what only a later release knows: {left}");
    }

    #[test]
    fn nothing_unknown_is_shown_when_debugged() {
        let mut document = stored("accounts").remove("bare").unwrap();
        document["api_key"] = json!("secret");
        document["authenticators"] = json!([{"factor": {"push": {"key": "secret"}}}]);
        let shown = format!("{:?}", read::<Account>(&document));
        assert!(shown.contains("api_key") && !shown.contains("\"secret\""), "{shown}");
        assert_eq!(format!("{:?}", StoredList::from(vec![1, 2])), "[1, 2]");
    }
}

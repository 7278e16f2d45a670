//! A dump of `manage.py dumpdata --format jsonl`: its rows by the user that they belong to, whatever their order.
//!
//! It is read twice. The first time only says where each row is and which user it belongs to: 24 bytes a row, so that a
//! million users fit into memory, and no second copy of their secrets comes to a disk. The second time all rows of one
//! user are read together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use vestibule::domain::text::quoted;

use super::row::{Finding, Row};
use crate::import::Lines;

/// The models that belong to a user.
pub(super) const EMAIL_ADDRESS: &str = "account.emailaddress";
pub(super) const AUTHENTICATOR: &str = "mfa.authenticator";
pub(super) const SOCIAL_ACCOUNT: &str = "socialaccount.socialaccount";
pub(super) const SOCIAL_TOKEN: &str = "socialaccount.socialtoken";

/// The most bytes of one user's rows.
const MAX_USER_BYTES: u64 = 8 << 20;
/// How many lines that cannot be read are named.
const NAMED_FAULTS: usize = 20;
/// How many models that are not read are counted by their names.
const NAMED_MODELS: usize = 200;

/// Why nothing of a dump can be imported.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// Lines cannot be read: as they may be of any account, none is imported.
    #[error("{}: {} of its lines cannot be read\n{faults}", path.display(), count)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// How many lines.
        count: u64,
        /// The first of them.
        faults: String,
    },
    /// Rows name each other by natural keys.
    #[error(
        "{}, line {line}: the row has no primary key, or names its user by a natural key; make the dump without \
         --natural-primary and --natural-foreign, as ids stay",
        path.display()
    )]
    NaturalKey {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u32,
    },
    /// The file is no JSON lines.
    #[error("{}: it is {found}; make the dump with dumpdata --format jsonl --output dump.jsonl", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// There are no users.
    #[error("{}: there are no rows of {}; {hint}", path.display(), quoted(model))]
    NoUsers {
        /// The file.
        path: PathBuf,
        /// The user model.
        model: String,
        /// What to do.
        hint: String,
    },
    /// The file is not what it was.
    #[error("{}: the file was changed while it was read; start again when it is complete", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Where the rows of a dump are.
#[derive(Debug)]
pub(super) struct Dump {
    path: PathBuf,
    hasher: RandomState,
    /// Where the row of each user begins, and its line.
    users: Vec<(u64, u32)>,
    /// Where the row of the user begins, and a row of theirs.
    rows: Vec<(u64, u64)>,
    /// The rows whose primary keys occur twice.
    duplicates: HashSet<u64>,
    /// The models that are not read, and how many rows they have.
    pub(super) others: BTreeMap<String, u64>,
}

/// All rows of a user.
#[derive(Debug)]
pub(super) struct UserRows {
    /// The line of its own row.
    pub(super) line: u32,
    pub(super) user: Row,
    pub(super) emails: Vec<Row>,
    pub(super) authenticators: Vec<Row>,
    pub(super) social_accounts: Vec<Row>,
    pub(super) tokens: Vec<Row>,
    /// What is wrong with the rows as such.
    pub(super) findings: Vec<Finding>,
}

/// What the first reading finds. A key is a hash, and a place the number of bytes before a row.
#[derive(Default)]
struct Index {
    /// The key of a user, the place of its row, and its line.
    users: Vec<(u64, u64, u32)>,
    /// The key of a user, and the place of a row that names it.
    owned: Vec<(u64, u64)>,
    /// The key of a provider account, and that of its user.
    social_accounts: Vec<(u64, u64)>,
    /// The key of a provider account, and the place of a token.
    tokens: Vec<(u64, u64)>,
    /// Model and primary key of each row.
    seen: Vec<u64>,
    others: BTreeMap<String, u64>,
    /// Models that look like user models.
    candidates: BTreeSet<String>,
}

impl Dump {
    /// Reads where the rows are, and tells which point nowhere. `model` is the user model.
    pub(super) fn open(path: &Path, model: &str, tell: &mut dyn FnMut(Finding)) -> Result<Self, DumpError> {
        check_format(path)?;
        let hasher = RandomState::new();
        let mut index = read(path, model, &hasher)?;
        if index.users.is_empty() {
            let hint = hint(&index.candidates);
            return Err(DumpError::NoUsers { path: path.to_owned(), model: model.to_owned(), hint });
        }
        let duplicates = twice(std::mem::take(&mut index.seen));
        let (rows, orphans) = index.join();
        let mut users: Vec<(u64, u32)> = index.users.iter().map(|(_, place, line)| (*place, *line)).collect();
        users.sort_unstable();
        let dump = Self { path: path.to_owned(), hasher, users, rows, duplicates, others: index.others };
        dump.tell_orphans(orphans, tell)?;
        Ok(dump)
    }

    /// How many users it has.
    pub(super) const fn len(&self) -> usize {
        self.users.len()
    }

    /// The rows of each user, in the order of the users.
    pub(super) fn users(&self) -> Result<impl Iterator<Item = Result<UserRows, DumpError>>, DumpError> {
        let mut reader = Reader::open(&self.path)?;
        let mut rest = self.rows.as_slice();
        Ok(self.users.iter().map(move |(user, line)| {
            let end = rest.partition_point(|(owner, _)| owner <= user);
            let (own, others) = rest.split_at_checked(end).unwrap_or_default();
            rest = others;
            self.user(&mut reader, *user, *line, own)
        }))
    }

    fn user(
        &self,
        reader: &mut Reader,
        user: u64,
        line: u32,
        places: &[(u64, u64)],
    ) -> Result<UserRows, DumpError> {
        let (user, mut bytes) = reader.row(user)?;
        let mut rows = UserRows {
            line,
            user,
            emails: Vec::new(),
            authenticators: Vec::new(),
            social_accounts: Vec::new(),
            tokens: Vec::new(),
            findings: Vec::new(),
        };
        self.check_duplicate(&rows.user, &mut rows.findings);
        for (_, place) in places {
            let (row, length) = reader.row(*place)?;
            bytes += length;
            if bytes > MAX_USER_BYTES {
                let reason = format!("the user's {} rows are larger than 8 MB", places.len() + 1);
                rows.findings.push(rows.user.finding(reason));
                break;
            }
            self.check_duplicate(&row, &mut rows.findings);
            rows.add(row);
        }
        Ok(rows)
    }

    fn check_duplicate(&self, row: &Row, findings: &mut Vec<Finding>) {
        if self.duplicates.contains(&identity(&self.hasher, row)) {
            findings.push(
                row.finding("its primary key occurs twice in the dump; make the dump with one command"),
            );
        }
    }

    fn tell_orphans(&self, mut places: Vec<u64>, tell: &mut dyn FnMut(Finding)) -> Result<(), DumpError> {
        places.sort_unstable();
        let mut reader = Reader::open(&self.path)?;
        for place in places {
            let (row, _) = reader.row(place)?;
            let column = if row.is_of(SOCIAL_TOKEN) { "account" } else { "user" };
            let other = row.reference(column).unwrap_or_default();
            tell(row.finding(format!("its {column} {} is not in the dump", quoted(&other))));
        }
        Ok(())
    }
}

impl UserRows {
    fn add(&mut self, row: Row) {
        let rows = match row.model.to_ascii_lowercase().as_str() {
            EMAIL_ADDRESS => &mut self.emails,
            AUTHENTICATOR => &mut self.authenticators,
            SOCIAL_ACCOUNT => &mut self.social_accounts,
            _ => &mut self.tokens,
        };
        rows.push(row);
    }
}

/// Reads the whole file once.
fn read(path: &Path, model: &str, hasher: &RandomState) -> Result<Index, DumpError> {
    let io = |error| DumpError::Io { path: path.to_owned(), error };
    let (mut index, mut faults) = (Index::default(), Faults::default());
    let mut place = 0;
    for line in Lines::open(path.to_owned()).map_err(io)? {
        let line = line.map_err(io)?;
        match line.read::<Row>() {
            Ok(row) => index
                .add(&row, place, line.number, model, hasher)
                .map_err(|NoKey| DumpError::NaturalKey { path: path.to_owned(), line: line.number })?,
            Err(fault) => faults.add(line.number, &fault),
        }
        place = line.position;
    }
    if faults.count > 0 {
        let Faults { count, named } = faults;
        return Err(DumpError::Unreadable { path: path.to_owned(), count, faults: named.join("\n") });
    }
    Ok(index)
}

/// Tells formats apart that are often taken for this one.
fn check_format(path: &Path) -> Result<(), DumpError> {
    let mut start = Vec::new();
    let file = File::open(path).and_then(|file| file.take(3).read_to_end(&mut start));
    file.map_err(|error| DumpError::Io { path: path.to_owned(), error })?;
    let found = match start.as_slice() {
        [b'[', ..] => "a list, of --format json",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "text in UTF-16, as PowerShell writes it",
        [0xEF, 0xBB, 0xBF] => "text with a byte order mark",
        [b'-' | b'<', ..] => "YAML or XML",
        _ => return Ok(()),
    };
    Err(DumpError::Format { path: path.to_owned(), found })
}

/// A row without a primary key, or with a natural one in the place of another row's.
struct NoKey;

impl Index {
    fn add(
        &mut self,
        row: &Row,
        place: u64,
        line: u32,
        model: &str,
        hasher: &RandomState,
    ) -> Result<(), NoKey> {
        let digest = |key: Option<String>| key.map(|key| hasher.hash_one(key)).ok_or(NoKey);
        if row.is_of(model) {
            self.users.push((digest(row.key())?, place, line));
        } else if row.is_of(SOCIAL_TOKEN) {
            self.tokens.push((digest(row.reference("account"))?, place));
        } else if [EMAIL_ADDRESS, AUTHENTICATOR, SOCIAL_ACCOUNT].iter().any(|owned| row.is_of(owned)) {
            let user = digest(row.reference("user"))?;
            self.owned.push((user, place));
            if row.is_of(SOCIAL_ACCOUNT) {
                self.social_accounts.push((digest(row.key())?, user));
            }
        } else {
            self.leave(row);
            return Ok(());
        }
        digest(row.key())?;
        self.seen.push(identity(hasher, row));
        Ok(())
    }

    /// The rows with the place of their user's first, and those that point nowhere.
    fn join(&mut self) -> (Vec<(u64, u64)>, Vec<u64>) {
        self.users.sort_unstable();
        self.social_accounts.sort_unstable();
        let (owned, tokens) = (std::mem::take(&mut self.owned), std::mem::take(&mut self.tokens));
        let (mut rows, mut orphans) = (Vec::with_capacity(owned.len() + tokens.len()), Vec::new());
        let owner_of = |account: u64| find(&self.social_accounts, account, |row| *row).map(|(_, user)| user);
        let owned = owned.into_iter().map(|(user, place)| (Some(user), place));
        let tokens = tokens.into_iter().map(|(account, place)| (owner_of(account), place));
        for (user, place) in owned.chain(tokens) {
            // Of users with one primary key, all rows are with the first.
            match user.and_then(|user| find(&self.users, user, |(key, place, _)| (*key, *place))) {
                Some((_, first)) => rows.push((first, place)),
                None => orphans.push(place),
            }
        }
        rows.sort_unstable();
        (rows, orphans)
    }

    fn leave(&mut self, row: &Row) {
        let is_named = self.others.contains_key(&row.model) || self.others.len() < NAMED_MODELS;
        let name = if is_named { row.model.as_str() } else { "other models" };
        *self.others.entry(name.to_owned()).or_default() += 1;
        if is_named && row.fields.contains_key("password") && row.fields.contains_key("last_login") {
            self.candidates.insert(row.model.clone());
        }
    }
}

/// The lines that cannot be read.
#[derive(Default)]
struct Faults {
    count: u64,
    named: Vec<String>,
}

impl Faults {
    fn add(&mut self, line: u32, fault: &str) {
        self.count += 1;
        if self.count <= NAMED_FAULTS as u64 {
            self.named.push(format!("  line {line}: {fault}"));
        } else if self.count == NAMED_FAULTS as u64 + 1 {
            self.named.push("  …".to_owned());
        }
    }
}

/// Reads rows that were found before.
struct Reader {
    path: PathBuf,
    lines: Lines,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, DumpError> {
        let lines = Lines::open(path.to_owned());
        let lines = lines.map_err(|error| DumpError::Io { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), lines })
    }

    /// The row at a place, and its length.
    fn row(&mut self, place: u64) -> Result<(Row, u64), DumpError> {
        let io = |error| DumpError::Io { path: self.path.clone(), error };
        self.lines.seek(place).map_err(io)?;
        let line = self.lines.next().transpose().map_err(io)?;
        let row = line.and_then(|line| Some((line.read::<Row>().ok()?, line.position - place)));
        row.ok_or_else(|| DumpError::Changed { path: self.path.clone() })
    }
}

/// What a row is recognised by.
fn identity(hasher: &RandomState, row: &Row) -> u64 {
    hasher.hash_one((row.model.to_ascii_lowercase(), row.key()))
}

/// What is there more than once.
fn twice(mut all: Vec<u64>) -> HashSet<u64> {
    all.sort_unstable();
    all.array_windows().filter(|[one, other]| one == other).map(|[one, _]| *one).collect()
}

/// The first entry of a key in a sorted list, by its key and value.
fn find<T>(sorted: &[T], key: u64, entry: impl Fn(&T) -> (u64, u64)) -> Option<(u64, u64)> {
    let first = sorted.partition_point(|other| entry(other).0 < key);
    sorted.get(first).map(entry).filter(|(other, _)| *other == key)
}

fn hint(candidates: &BTreeSet<String>) -> String {
    match candidates.first() {
        Some(model) => format!("--user-model {} would take the users that it has", quoted(model)),
        None => "make the dump with the user model, and name it by --user-model".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::io::Write as _;

    use super::*;

    fn user(pk: u32) -> String {
        format!(r#"{{"model": "auth.user", "pk": {pk}, "fields": {{"username": "u{pk}"}}}}"#)
    }

    fn owned(model: &str, pk: u32, user: u32) -> String {
        format!(r#"{{"model": "{model}", "pk": {pk}, "fields": {{"user": {user}}}}}"#)
    }

    fn token(pk: u32, account: u32) -> String {
        format!(r#"{{"model": "{SOCIAL_TOKEN}", "pk": {pk}, "fields": {{"account": {account}}}}}"#)
    }

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    /// What is read of these lines: each user's rows by their primary keys, and all that is told.
    fn joined(lines: &[String]) -> (Vec<String>, Vec<String>) {
        let file = file((lines.join("\n") + "\n").as_bytes());
        let mut told = Vec::new();
        let dump =
            Dump::open(file.path(), "auth.User", &mut |finding| told.push(finding.to_string())).unwrap();
        let users = dump.users().unwrap().map(|user| {
            let user = user.unwrap();
            let keys = |rows: &[Row]| {
                let mut keys: Vec<_> = rows.iter().filter_map(Row::key).collect();
                keys.sort();
                keys.join(",")
            };
            told.extend(user.findings.iter().map(ToString::to_string));
            let rows = [&user.emails, &user.authenticators, &user.social_accounts, &user.tokens];
            format!("{}: {}", user.user.key().unwrap(), rows.map(|rows| keys(rows)).join(" "))
        });
        let mut users: Vec<_> = users.collect();
        users.sort();
        told.sort();
        assert_eq!(users.len(), dump.len());
        (users, told)
    }

    fn sample() -> Vec<String> {
        let rows = [
            user(1),
            user(2),
            user(3),
            owned(EMAIL_ADDRESS, 1, 1),
            owned(EMAIL_ADDRESS, 2, 1),
            owned(EMAIL_ADDRESS, 3, 3),
            owned(AUTHENTICATOR, 1, 3),
            owned(SOCIAL_ACCOUNT, 1, 3),
            owned(SOCIAL_ACCOUNT, 2, 1),
            token(1, 2),
            token(2, 1),
            // Rows that point nowhere.
            owned(EMAIL_ADDRESS, 4, 9),
            token(3, 8),
            // A model that is not read.
            owned("shop.order", 1, 9),
        ];
        rows.into()
    }

    #[test]
    fn rows_are_joined_by_their_users() {
        let (users, told) = joined(&sample());
        assert_eq!(users, ["1: 1,2  2 1", "2:    ", "3: 3 1 1 2"]);
        assert_eq!(
            told,
            [
                "account.emailaddress \"4\": its user \"9\" is not in the dump",
                "socialaccount.socialtoken \"3\": its account \"8\" is not in the dump"
            ]
        );
    }

    proptest! {
        #[test]
        fn the_order_of_lines_does_not_matter(lines in Just(sample()).prop_shuffle()) {
            prop_assert_eq!(joined(&lines), joined(&sample()));
        }
    }

    #[test]
    fn primary_keys_that_occur_twice_are_told_of_each_row() {
        let lines = [user(1), user(2), user(1), owned(EMAIL_ADDRESS, 5, 2), owned(EMAIL_ADDRESS, 5, 1)];
        let (users, told) = joined(&lines);
        assert_eq!(users, ["1:    ", "1: 5   ", "2: 5   "]);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.iter().all(|told| told.contains("occurs twice")), "{told:?}");
    }

    #[test]
    fn a_user_is_not_read_beyond_a_bound() {
        let long = format!(
            r#"{{"model": "{SOCIAL_ACCOUNT}", "pk": PK, "fields": {{"user": 1, "extra_data": "{}"}}}}"#,
            "x".repeat(900_000)
        );
        let rows = (0..12).map(|pk| long.replace("PK", &pk.to_string()));
        let lines: Vec<_> = std::iter::once(user(1)).chain(rows).collect();
        let (_, told) = joined(&lines);
        assert_eq!(told, ["auth.user \"1\": the user's 13 rows are larger than 8 MB"]);
    }

    fn refused(text: &[u8]) -> String {
        let file = file(text);
        let error = Dump::open(file.path(), "auth.user", &mut |_| {}).unwrap_err().to_string();
        error.replace(&file.path().display().to_string(), "dump.jsonl")
    }

    #[test]
    fn a_damaged_dump_is_refused_with_what_to_do() {
        let cut = format!("{}\n{}", user(1), &user(2)[..30]);
        assert!(
            refused(cut.as_bytes()).contains("\n  line 2: the line is cut off"),
            "{}",
            refused(cut.as_bytes())
        );
        let long = format!("{}\n{{\"x\": \"{}\"}}\n{}\nhello\n", user(1), "x".repeat(3 << 20), user(2));
        let error = refused(long.as_bytes());
        assert!(error.contains("line 2: the line has more than 1000000 bytes"), "{error}");
        assert!(error.contains("line 4: \"expected value"), "{error}");
        let list = refused(format!("[{}, {}]", user(1), user(2)).as_bytes());
        assert!(list.contains("a list") && list.contains("--format jsonl"), "{list}");
        for (start, found) in [
            (&b"\xff\xfe{\0\"\0"[..], "UTF-16"),
            (b"\xef\xbb\xbf{", "a byte order mark"),
            (b"- model: auth.user", "YAML"),
            (b"<?xml version", "XML"),
        ] {
            assert!(refused(start).contains(found), "{found}");
        }
        let many = refused("x\n".repeat(50).as_bytes());
        assert!(many.starts_with("dump.jsonl: 50 of its lines") && many.ends_with('…'), "{many}");
    }

    #[test]
    fn natural_keys_are_named_with_their_line() {
        let natural = r#"{"model": "account.emailaddress", "pk": 1, "fields": {"user": ["ann"]}}"#;
        assert!(refused(format!("{}\n{natural}\n", user(1)).as_bytes()).contains("line 2: the row has no"));
        let without = r#"{"model": "auth.user", "fields": {"username": "ann"}}"#;
        assert!(refused(without.as_bytes()).contains("--natural-primary"));
    }

    #[test]
    fn another_user_model_is_proposed() {
        let shop = r#"{"model": "shop.customer", "pk": 1, "fields": {"password": "", "last_login": null}}"#;
        assert!(refused(shop.as_bytes()).contains("--user-model \"shop.customer\""));
        assert!(
            refused(b"").contains("there are no rows of \"auth.user\"; make the dump with the user model")
        );
    }
}

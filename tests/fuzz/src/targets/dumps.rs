//! Files of accounts and of passwords.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use ring::digest::{SHA256, digest};
use tempfile::TempDir;
use vestibule::breached::BreachedPasswords;
use vestibule::migration::{Inward, Outward, PortableAccount};
use vestibule_cli::arguments::{BreachedBuild, BreachedCommand, DjangoColumns};
use vestibule_cli::django::DjangoDump;
use vestibule_cli::import::{AccountFile, Source};

use crate::input::{parts, text};
use crate::process::{APP, NOW};

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Imports a file of accounts.
pub fn accounts(data: &[u8]) {
    import(&AccountFile::new(file("accounts.jsonl", data)).unwrap());
}

/// Imports a dump of a Django project.
pub fn django(data: &[u8]) {
    static COLUMNS: LazyLock<DjangoColumns> = LazyLock::new(|| DjangoColumns {
        phone_field: Some("phone".to_owned()),
        phone_verified_field: Some("phone_verified".to_owned()),
        fields: vec![("first_name".to_owned(), "name".to_owned())],
        ..DjangoColumns::default()
    });
    let path = file("dump.jsonl", data);
    let mut findings = Vec::new();
    if let Ok(dump) = DjangoDump::open(&path, &COLUMNS, &APP.settings, &mut |finding| findings.push(finding))
    {
        import(&dump);
        dump.remarks();
    }
    assert!(findings.iter().all(|finding| !finding.to_string().contains(char::is_control)), "{findings:?}");
}

fn import(source: &dyn Source) {
    for record in source.records().unwrap() {
        let Ok(record) = record else { return };
        match record.account {
            Ok(account) => is_exported(&account),
            Err(fault) => assert!(!fault.is_empty() && !fault.contains(char::is_control), "{fault:?}"),
        }
    }
}

/// What is imported of an account is exported, and imported as the same.
fn is_exported(given: &PortableAccount) {
    let keys = &APP.secrets().keys;
    let (settings, random) = (&*APP.settings, &APP.random);
    let inward = Inward { settings, keys, random, now: NOW, superusers: true, mixed_ids: true };
    let outward = Outward { keys: Some(keys) };
    let account = match inward.account(given) {
        Ok(account) => account,
        Err(problems) => {
            assert!(!problems.is_empty(), "no problem is named");
            return;
        }
    };
    let exported = outward.account(&account).unwrap_or_else(|problem| panic!("{problem}"));
    let text = serde_json::to_string(&exported).unwrap();
    let read: PortableAccount = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let again = inward.account(&read).unwrap_or_else(|problems| panic!("{problems:?}: {text}"));
    let exported = outward.account(&again).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(serde_json::to_string(&exported).unwrap(), text);
}

/// Reads a filter of breached passwords, and builds one of a list.
pub fn breached(data: &[u8]) {
    let whole = [data, digest(&SHA256, data).as_ref()].concat();
    if let Ok(filter) = BreachedPasswords::read(&whole) {
        assert_eq!(filter.to_file(), whole);
        filter.has("password");
    }
    let (plain, list) = match parts(data) {
        [b"plain", list] => (true, list),
        [_, list] => (false, list),
    };
    let into = FOLDER.path().join("filter");
    let wanted = BreachedBuild { list: file("list", list), most: 100, plain, into: into.clone() };
    if vestibule_cli::breached::run(&BreachedCommand::Build(wanted)).is_ok() {
        let filter = BreachedPasswords::read(&fs::read(into).unwrap()).unwrap();
        let passwords = list.split(|byte| *byte == b'\n').take(if plain { 100 } else { 0 });
        for password in
            passwords.filter_map(|line| text(line.trim_ascii_end())).filter(|line| !line.is_empty())
        {
            assert!(filter.has(password), "{password:?}");
        }
    }
}

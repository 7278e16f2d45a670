//! Accounts of elsewhere come in, log in by every way they had, and go out again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vestibule_cli::arguments::{
    Data, DjangoColumns, Export, ExportFormat, ExportSwitches, ImportCommand, ImportJsonl, ImportSwitches,
};
use vestibule_cli::export::ExportSummary;
use vestibule_cli::import::{ImportError, ImportSummary};

use crate::events::{KEY, RECORDED, events, types};
use crate::{Answer, AuthenticatorApp, Fault, Kind, PATIENT, Stack, log_in};

pub(crate) const EMAIL: &str = "ann@example.com";
/// The password of the hashes, which Django 5.2 has made.
pub(crate) const DJANGO: &str = "Correct-Horse-9 é";
/// By the name of the account.
pub(crate) const HASHES: [(&str, &str); 6] = [
    ("pbkdf2", "pbkdf2_sha256$1000$saltsaltsalt$T3nscPrNXBgq+UY8OgYTojh2hovKPGdaWdHflirfMA8="),
    ("pbkdf2-sha1", "pbkdf2_sha1$1000$saltsaltsalt$iHhWBTN2bYq7c5BU4SArrBkmMhE="),
    (
        "argon2",
        "argon2$argon2id$v=19$m=64,t=2,p=8$c2FsdHNhbHRzYWx0$wmRmsiWHQ05P8IXSN+CpvU/rI1BKl4LHLRpsv0IemEo",
    ),
    ("bcrypt-sha256", "bcrypt_sha256$$2b$04$n2JemJ/tW8yafBcx0cPjAuqO/.cNf/ntbbd./OiSkrg2KBTr0ncuS"),
    ("bcrypt", "bcrypt$$2b$04$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vgC"),
    (
        "scrypt",
        "scrypt$1024$saltsaltsalt$8$5$5sYzHlc4VCNACm1mh9c8AJ5qQNRfgKFWTEQBr2nee5/T6Vk2smySMOJmYFB+fDEuD2FNAV2DFgGc2Ozp5U6t+w==",
    ),
];
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// A file that goes with the test.
pub(crate) struct TemporaryFile(tempfile::TempDir);

impl TemporaryFile {
    pub(crate) fn new(text: &str) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        std::fs::write(file.path(), text).unwrap();
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("accounts.jsonl")
    }
}

pub(crate) fn lines(accounts: &[Value]) -> String {
    let mut text = String::new();
    for account in accounts {
        writeln!(text, "{account}").unwrap();
    }
    text
}

pub(crate) fn switches() -> ImportSwitches {
    ImportSwitches {
        dry_run: false,
        skip_refused: false,
        superusers: false,
        mixed_ids: true,
        writes_per_second: None,
        json: false,
        data: Data { data_dir: None },
    }
}

async fn try_import(
    stack: &Stack,
    accounts: &[Value],
    switches: ImportSwitches,
) -> Result<ImportSummary, ImportError> {
    let file = TemporaryFile::new(&lines(accounts));
    let command = ImportCommand::Jsonl(ImportJsonl { file: file.path(), switches });
    vestibule_cli::import::run(&command, stack.operator_variables()).await
}

pub(crate) async fn import(stack: &Stack, accounts: &[Value]) -> ImportSummary {
    try_import(stack, accounts, switches()).await.unwrap()
}

async fn export(stack: &Stack, into: &Path, change: impl FnOnce(&mut ExportSwitches)) -> ExportSummary {
    let mut switches = ExportSwitches {
        into: into.to_owned(),
        with_secrets: false,
        to_public_key: None,
        resume: false,
        data: Data { data_dir: None },
    };
    change(&mut switches);
    let wanted = Export { format: ExportFormat::Jsonl, columns: DjangoColumns::default(), switches };
    vestibule_cli::export::run(&wanted, stack.operator_variables()).await.unwrap()
}

pub(crate) fn account(id: &str, email: &str, hash: Option<&str>) -> Value {
    let mut account = json!({"id": id, "emails": [{"email": email, "verified": true, "primary": true}],
        "created_at": "2020-01-02T03:04:05Z", "last_login_at": "2026-01-02T03:04:05.678Z"});
    if let Some(hash) = hash {
        account["password"] = json!(hash);
    }
    account
}

/// An account with a second factor and half of its recovery codes.
fn with_factors() -> Value {
    let mut account = account("7", EMAIL, Some(HASHES[0].1));
    account["totp"] = json!({"secret": SECRET});
    account["recovery_codes"] = json!({"unused": ["12345678", "23456789"], "total": 10});
    account
}

pub(crate) async fn stored(stack: &Stack, id: &str) -> Option<Value> {
    let key = format!("USER#{id}");
    let items = stack.dynamodb.items().await;
    let item = items.into_iter().find(|item| item["pk"]["S"] == *key && item["sk"]["S"] == "ACCOUNT")?;
    serde_json::from_str(item["document"]["S"].as_str().unwrap()).unwrap()
}

async fn authenticate(client: &crate::Client, code: &str) -> Answer {
    client.post("auth/2fa/authenticate", json!({"code": code})).await
}

pub(crate) fn counts(summary: ImportSummary) -> [u64; 5] {
    let ImportSummary { added, replaced, unchanged, changed_here, refused, write_units: _ } = summary;
    [added, replaced, unchanged, changed_here, refused]
}

#[tokio::test]
async fn every_hash_of_django_logs_in_and_is_made_anew() {
    let stack = Stack::start(&[KEY]).await;
    let email = |name: &str| format!("{name}@example.com");
    let accounts: Vec<Value> =
        HASHES.iter().map(|(name, hash)| account(name, &email(name), Some(hash))).collect();
    assert_eq!(counts(import(&stack, &accounts).await), [6, 0, 0, 0, 0]);
    for (name, hash) in HASHES {
        assert_eq!(stored(&stack, name).await.unwrap()["password"], hash);
        log_in(&stack.app(), &email(name), "Correct-Horse-9")
            .await
            .refuses(&["password: email_password_mismatch"]);
        assert_eq!(stored(&stack, name).await.unwrap()["password"], hash, "a wrong one changes nothing");
        let answer = log_in(&stack.app(), &email(name), DJANGO).await;
        answer.is_logged_in_as(&email(name));
        assert_eq!(answer.body["data"]["user"]["id"], name);
        let hash = stored(&stack, name).await.unwrap()["password"].clone();
        assert!(hash.as_str().unwrap().starts_with("$argon2id$v=19$m=8,t=1,"), "{hash}");
        log_in(&stack.app(), &email(name), DJANGO).await.is_logged_in_as(&email(name));
    }
    stack.inbox.is_empty().await;
    assert_eq!(counts(import(&stack, &accounts).await), [0, 0, 6, 0, 0], "logins are no changes");
}

#[tokio::test]
async fn second_factors_and_recovery_codes_come_along() {
    let stack = Stack::start(&[PATIENT[0], PATIENT[1], KEY]).await;
    import(&stack, &[with_factors()]).await;
    let text = stored(&stack, "7").await.unwrap().to_string();
    for secret in [SECRET, "12345678", "23456789"] {
        assert!(!text.contains(secret), "{secret} is stored as it is");
    }
    for kind in Kind::ALL {
        let client = stack.client(kind);
        log_in(&client, EMAIL, DJANGO).await.awaits("mfa_authenticate");
        authenticate(&client, "87654321").await.refuses(&["code: incorrect_code"]);
        // Each kind has a code of its own, as one gets in once.
        let app = AuthenticatorApp::scan(&format!("otpauth://totp/Ann?secret={SECRET}&period=3600"));
        let code = if kind == Kind::App { app.code(1) } else { app.code(0) };
        authenticate(&client, &code).await.is_logged_in_as(EMAIL);
    }
    let client = stack.app();
    log_in(&client, EMAIL, DJANGO).await.awaits("mfa_authenticate");
    authenticate(&client, "1234-5678").await.is_logged_in_as(EMAIL);
    client.post("auth/reauthenticate", json!({"password": DJANGO})).await.is(200);
    let shown = client.get("account/authenticators/recovery-codes").await;
    assert_eq!(shown.is(200).body["data"]["unused_codes"], json!(["23456789"]));
    assert_eq!(shown.body["data"]["total_code_count"], 10);
    let other = stack.app();
    log_in(&other, EMAIL, DJANGO).await.awaits("mfa_authenticate");
    authenticate(&other, "12345678").await.refuses(&["code: incorrect_code"]);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_a_file_with_problems_imports_nothing() {
    let stack = Stack::start(&[KEY]).await;
    stack.add_user("taken@example.com").await;
    let before = stack.dynamodb.items().await.len();
    let accounts = [
        account("1", EMAIL, None),
        account("2", "Ann@EXAMPLE.com", None),
        account("3", "three@example.com", Some("md5$salt$hash")),
        account("4", "taken@example.com", None),
        json!({"id": "5", "unknown": true}),
    ];
    let dry = try_import(&stack, &accounts, ImportSwitches { dry_run: true, ..switches() }).await.unwrap();
    assert_eq!(counts(dry), [1, 0, 0, 0, 4]);
    let refused = try_import(&stack, &accounts, switches()).await.unwrap_err();
    let text = "nothing was imported, as 3 of 5 accounts can't be: mend or remove them, or leave them out with --skip-refused";
    assert_eq!(refused.to_string(), text);
    assert_eq!(stack.dynamodb.items().await.len(), before);
    let skip = ImportSwitches { skip_refused: true, ..switches() };
    assert_eq!(counts(try_import(&stack, &accounts, skip).await.unwrap()), [1, 0, 0, 0, 4]);
    assert!(stored(&stack, "1").await.is_some() && stored(&stack, "4").await.is_none());
}

#[tokio::test]
async fn a_newer_file_replaces_what_has_not_changed_here() {
    let stack = Stack::start(&[KEY]).await;
    let old = [account("1", EMAIL, Some(HASHES[0].1)), account("2", "bob@example.com", Some(HASHES[0].1))];
    assert_eq!(counts(import(&stack, &old).await), [2, 0, 0, 0, 0]);
    let client = stack.app();
    log_in(&client, EMAIL, DJANGO).await.is_logged_in_as(EMAIL);
    let bob = stack.app();
    log_in(&bob, "bob@example.com", DJANGO).await.is(200);
    bob.post("account/email", json!({"email": "bob2@example.com"})).await.is(200);
    stack.inbox.take().await;
    assert_eq!(counts(import(&stack, &old).await), [0, 0, 2, 0, 0]);

    let (mut ann, mut other) = (old[0].clone(), old[1].clone());
    ann["emails"] = json!([{"email": "new@example.com", "verified": true, "primary": true}]);
    ann["password"] = json!(HASHES[3].1);
    other["username"] = json!("bob");
    let newer = [ann, other];
    let dry = try_import(&stack, &newer, ImportSwitches { dry_run: true, ..switches() }).await.unwrap();
    assert_eq!(counts(dry), [0, 1, 0, 1, 0]);
    assert_eq!(counts(import(&stack, &newer).await), [0, 1, 0, 1, 0]);
    assert_ne!(client.get("auth/session").await.status, 200, "its sessions end");
    log_in(&stack.app(), EMAIL, DJANGO).await.is(400);
    log_in(&stack.app(), "new@example.com", DJANGO).await.is_logged_in_as("new@example.com");
    assert!(stored(&stack, "2").await.unwrap()["username"].is_null(), "left alone");
    let freed = account("3", EMAIL, None);
    assert_eq!(counts(import(&stack, &[freed]).await), [1, 0, 0, 0, 0], "the email address is free");
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn an_id_of_digits_is_an_integer_in_the_api() {
    let stack = Stack::start(&[KEY, ("ACCOUNT_ID_FORMAT", "integer")]).await;
    let only_integers = ImportSwitches { mixed_ids: false, ..switches() };
    try_import(&stack, &[account("42", EMAIL, Some(HASHES[0].1))], only_integers).await.unwrap();
    let client = stack.app();
    let answer = log_in(&client, EMAIL, DJANGO).await;
    assert_eq!(answer.is_logged_in_as(EMAIL).body["data"]["user"]["id"], 42);
    assert_eq!(client.get("auth/session").await.is(200).body["data"]["user"]["id"], 42);
    let id = stack.add_user("bob@example.com").await;
    assert!((1..=i64::from(i32::MAX)).contains(&id.parse().unwrap()), "{id}");
}

#[tokio::test]
async fn an_account_that_was_not_imported_is_left_alone() {
    let stack = Stack::start(&[KEY]).await;
    let id = stack.add_user(EMAIL).await;
    let skip = || ImportSwitches { skip_refused: true, ..switches() };
    let summary = try_import(&stack, &[account(&id, "other@example.com", None)], skip()).await.unwrap();
    assert_eq!(counts(summary), [0, 0, 0, 0, 1]);
    log_in(&stack.app(), EMAIL, crate::PASSWORD).await.is_logged_in_as(EMAIL);
}

/// So slow that something can happen in the middle: four accounts a second.
fn slow() -> ImportSwitches {
    ImportSwitches { writes_per_second: Some(40), ..switches() }
}

async fn imported(stack: &Stack) -> u64 {
    let items = stack.dynamodb.items().await;
    items.iter().filter(|item| item["sk"]["S"] == "ACCOUNT").count() as u64
}

#[tokio::test]
async fn an_import_that_was_ended_in_the_middle_goes_on() {
    let stack = Stack::start(&[KEY]).await;
    let email = |number: u32| format!("a{number}@example.com");
    let accounts: Vec<Value> =
        (0..60).map(|number| account(&number.to_string(), &email(number), None)).collect();
    let before = stack.dynamodb.items().await.len();
    tokio::select! {
        ended = try_import(&stack, &accounts, slow()) => panic!("it was too fast: {ended:?}"),
        () = async { while imported(&stack).await < 3 {} } => {}
    }
    let count = imported(&stack).await;
    assert!((3..60).contains(&count), "{count}");
    assert_eq!(counts(import(&stack, &accounts).await), [60 - count, 0, count, 0, 0]);
    // Each whole: the account, its look-up and its claim.
    assert_eq!(stack.dynamodb.items().await.len() - before, 180);
}

#[tokio::test]
async fn a_table_that_is_throttled_or_loses_answers_is_waited_for() {
    let stack = Stack::start(&[KEY]).await;
    let accounts: Vec<Value> =
        (0..5).map(|number| account(&number.to_string(), &format!("a{number}@example.com"), None)).collect();
    let file = TemporaryFile::new(&lines(&accounts));
    let command = ImportCommand::Jsonl(ImportJsonl { file: file.path(), switches: switches() });
    for (fault, expected) in [(Fault::Throughput, [5, 0, 0, 0, 0]), (Fault::Throttling, [0, 0, 5, 0, 0])] {
        stack.dynamodb.fail(None, fault, 12);
        let summary = vestibule_cli::import::run(&command, stack.failing_variables()).await.unwrap();
        stack.dynamodb.recover();
        assert_eq!(counts(summary), expected);
    }
}

#[tokio::test]
async fn a_table_that_is_throttled_in_the_middle_of_an_import_loses_nothing_and_takes_nothing_twice() {
    let stack = Stack::start(&RECORDED).await;
    let accounts: Vec<Value> =
        (0..10).map(|number| account(&number.to_string(), &format!("a{number}@example.com"), None)).collect();
    let file = TemporaryFile::new(&lines(&accounts));
    let command = ImportCommand::Jsonl(ImportJsonl { file: file.path(), switches: slow() });
    let importing = vestibule_cli::import::run(&command, stack.failing_variables());
    let throttling = async {
        while imported(&stack).await < 3 {}
        for fault in [Fault::Throughput, Fault::LoseAnswer] {
            stack.dynamodb.fail(Some("TransactWriteItems"), fault, 6);
        }
    };
    let (summary, ()) = tokio::join!(importing, throttling);
    assert!(stack.dynamodb.recover(), "all of it happened");
    let [added, replaced, unchanged, changed_here, refused] = counts(summary.unwrap());
    // What was written, and its answer lost, is found there.
    assert_eq!((added + unchanged, replaced, changed_here, refused), (10, 0, 0, 0));
    // Each whole and once: the account, its look-up, its claim, and its event.
    assert_eq!(stack.dynamodb.items().await.len(), 40);
    assert_eq!(types(&events(&stack).await), ["user.imported"; 10]);
}

#[tokio::test]
async fn an_import_is_one_event_by_the_operator() {
    let stack = Stack::start(&RECORDED).await;
    let superuser = {
        let mut account = with_factors();
        account["superuser"] = json!(true);
        account
    };
    import(&stack, std::slice::from_ref(&superuser)).await;
    assert_eq!(stored(&stack, "7").await.unwrap()["superuser"], false);
    let found = events(&stack).await;
    assert_eq!(types(&found), ["user.imported"]);
    let key_id = &stack.operator_variables()["AWS_ACCESS_KEY_ID"];
    assert_eq!(found[0]["actor"], json!({"kind": "operator", "id": key_id}));
    let switches = ImportSwitches { superusers: true, ..switches() };
    assert_eq!(counts(try_import(&stack, &[superuser], switches).await.unwrap()), [0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn what_was_imported_is_exported() {
    let stack = Stack::start(&[KEY]).await;
    let accounts: Vec<Value> = (0..30)
        .map(|number| account(&format!("a{number}"), &format!("a{number}@example.com"), Some(HASHES[0].1)))
        .collect();
    import(&stack, &[&accounts[..], &[with_factors()]].concat()).await;
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("out.jsonl");
    assert_eq!(export(&stack, &into, |_| {}).await, ExportSummary { written: 31, refused: 0 });
    let text = std::fs::read_to_string(&into).unwrap();
    for secret in [SECRET, "12345678", "pbkdf2", "recovery_codes", "totp"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let read = |text: &str| {
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let mut emails: Vec<String> = read(&text).iter().map(|it| it["emails"][0]["email"].to_string()).collect();
    emails.sort();
    emails.dedup();
    assert_eq!(emails.len(), 31);
    assert_eq!(read(&text)[0]["created_at"], "2020-01-02T03:04:05Z");
    assert_eq!(read(&text)[0]["last_login_at"], "2026-01-02T03:04:05.678Z");

    // It is cut off in the middle of a line, and goes on.
    let cut = text.len() / 2;
    std::fs::write(&into, &text[..cut]).unwrap();
    export(&stack, &into, |switches| switches.resume = true).await;
    assert_eq!(std::fs::read_to_string(&into).unwrap(), text);

    let sealed = folder.path().join("out.age");
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let with_secrets = |switches: &mut ExportSwitches| {
        switches.with_secrets = true;
        switches.to_public_key = Some(key.parse().unwrap());
    };
    assert_eq!(export(&stack, &sealed, with_secrets).await.written, 31);
    let bytes = std::fs::read(&sealed).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    assert!(bytes.len() > text.len(), "it has more in it");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("example.com") && !text.contains(SECRET));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&sealed).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

/// Makes what is stored of an account unreadable, as a fault or a later release may.
async fn spoil(stack: &Stack, id: &str) {
    let items = stack.dynamodb.items().await;
    let is_it = |item: &&Value| item["pk"]["S"] == *format!("USER#{id}") && item["sk"]["S"] == "ACCOUNT";
    let mut item = items.iter().find(is_it).unwrap().clone();
    item["document"]["S"] = "{".into();
    stack.dynamodb.put(&item).await;
}

#[tokio::test]
async fn an_account_that_cannot_be_read_stops_neither_an_import_nor_an_export() {
    let stack = Stack::start(&[KEY]).await;
    let email = |number: u32| format!("a{number}@example.com");
    let accounts: Vec<Value> =
        (0..5).map(|number| account(&number.to_string(), &email(number), None)).collect();
    import(&stack, &accounts[..4]).await;
    spoil(&stack, "2").await;
    assert_eq!(counts(import(&stack, &accounts).await), [1, 0, 3, 0, 1]);

    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("out.jsonl");
    assert_eq!(export(&stack, &into, |_| {}).await, ExportSummary { written: 4, refused: 1 });
    assert_eq!(std::fs::read_to_string(&into).unwrap().lines().count(), 4);

    let page = stack.operate("user.list", json!({})).await;
    assert_eq!((page["users"].as_array().unwrap().len(), &page["unreadable"]), (4, &json!(["2"])));
}

/// An id of 31 bits may be that of a sign-up whose account is not made yet, as its email address is taken.
#[tokio::test]
async fn the_id_of_a_sign_up_that_waits_may_be_imported_meanwhile() {
    let settings = [
        ("ACCOUNT_ID_FORMAT", "integer"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "true"),
    ];
    for (corrected, status) in [("taken2@example.com", 200), ("fresh@example.com", 409)] {
        let stack = Stack::start(&[&[KEY][..], &settings].concat()).await;
        for taken in ["taken@example.com", "taken2@example.com"] {
            stack.add_user(taken).await;
        }
        let client = stack.app();
        client.post("auth/signup", crate::credentials("taken@example.com", crate::PASSWORD)).await.is(401);
        let items = stack.dynamodb.items().await;
        let mut documents = items.iter().filter_map(|item| item["document"]["S"].as_str());
        let session = documents.find(|document| document.contains("\"draft\":{")).unwrap();
        let session: Value = serde_json::from_str(session).unwrap();
        let id = session["draft"]["account"]["id"].as_str().unwrap();
        assert_eq!(counts(import(&stack, &[account(id, EMAIL, Some(HASHES[0].1))]).await), [1, 0, 0, 0, 0]);
        let imported = stored(&stack, id).await.unwrap();

        client.post("account/email", json!({"email": corrected})).await.is(status);
        assert_eq!(stored(&stack, id).await, Some(imported), "{corrected}");
        log_in(&stack.app(), EMAIL, DJANGO).await.is_logged_in_as(EMAIL);
        // Whoever waited signs up again.
        client.post("auth/signup", crate::credentials("new@example.com", crate::PASSWORD)).await.is(401);
        let mail = stack.inbox.take().await.into_iter().find(|mail| mail.to == "new@example.com").unwrap();
        let answer = client.post("auth/email/verify", json!({"key": mail.code()})).await;
        answer.is_logged_in_as("new@example.com");
    }
}

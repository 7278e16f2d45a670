//! Accounts of a Django project with django-allauth come in, log in, and go out again.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vestibule_cli::arguments::{
    Data, DjangoColumns, Export, ExportFormat, ExportSwitches, ImportCommand, ImportDjango, ImportSwitches,
};
use vestibule_cli::import::{ImportError, ImportSummary};
use vestibule_tests::Passkey;

use crate::events::KEY;
use crate::webauthn::{LOGIN, PASSKEYS, prove};
use crate::{AuthenticatorApp, Kind, PATIENT, Stack, log_in};

/// What `cli/testdata/django/generate.py` has made by the real django-allauth.
const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/testdata/django");

const INTEGERS: (&str, &str) = ("ACCOUNT_ID_FORMAT", "integer");

fn columns(user_model: &str) -> DjangoColumns {
    DjangoColumns {
        user_model: user_model.to_owned(),
        phone_field: Some("phone".to_owned()),
        phone_verified_field: Some("phone_verified".to_owned()),
        ..DjangoColumns::default()
    }
}

async fn import(
    stack: &Stack,
    file: &Path,
    user_model: &str,
    dry_run: bool,
) -> Result<ImportSummary, ImportError> {
    let switches = ImportSwitches {
        dry_run,
        skip_refused: false,
        superusers: false,
        mixed_ids: false,
        writes_per_second: None,
        json: false,
        data: Data { data_dir: None },
    };
    let file = file.to_owned();
    let command = ImportCommand::Django(ImportDjango { file, columns: columns(user_model), switches });
    vestibule_cli::import::run(&command, stack.operator_variables()).await
}

fn dump(folder: &tempfile::TempDir, rows: &[Value]) -> PathBuf {
    let path = folder.path().join("dump.jsonl");
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

fn user(pk: &Value, email: &str) -> Value {
    let joined = "2020-01-02T03:04:05.678Z";
    let fields = json!({"password": "!", "last_login": null, "email": email, "is_active": true, "date_joined": joined});
    json!({"model": "auth.user", "pk": pk, "fields": fields})
}

fn address(pk: u64, user: &Value, email: &str) -> Value {
    let fields = json!({"user": user, "email": email, "verified": true, "primary": true});
    json!({"model": "account.emailaddress", "pk": pk, "fields": fields})
}

#[tokio::test]
async fn accounts_of_the_real_allauth_log_in_here() {
    let stack = Stack::start(&[PASSKEYS.as_slice(), &PATIENT, &[KEY, INTEGERS]].concat()).await;
    let text = std::fs::read_to_string(format!("{TESTDATA}/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let file = PathBuf::from(format!("{TESTDATA}/dump.jsonl"));
    let would = import(&stack, &file, "refserver.User", true).await.unwrap();
    assert_eq!((would.added, would.refused), (5, 0));
    let client = stack.client(Kind::App);
    let password = expected["password"].as_str().unwrap();
    log_in(&client, "ann@example.com", password).await.refuses(&["password: email_password_mismatch"]);
    assert_eq!(import(&stack, &file, "refserver.User", false).await.unwrap().added, 5);
    // Ann has a second factor, and half-used recovery codes.
    log_in(&client, "ann@example.com", password).await.awaits("mfa_authenticate");
    let code = expected["unused_codes"][0].as_str().unwrap();
    let answer = client.post("auth/2fa/authenticate", json!({"code": code})).await;
    let id = &answer.is_logged_in_as("ann@example.com").body["data"]["user"]["id"];
    assert_eq!(*id, json!(1));
    client.delete("auth/session").await.is(401);
    client.hold(None);
    log_in(&client, "ann@example.com", password).await.awaits("mfa_authenticate");
    client.post("auth/2fa/authenticate", json!({"code": code})).await.refuses(&["code: incorrect_code"]);
    let secret = expected["totp_secret"].as_str().unwrap();
    let app = AuthenticatorApp::scan(&format!("otpauth://totp/x?secret={secret}&period=3600"));
    let answer = client.post("auth/2fa/authenticate", json!({"code": app.code(0)})).await;
    answer.is_logged_in_as("ann@example.com");
    client.delete("auth/session").await.is(401);
    client.hold(None);
    // Bob has no password, Cid is inactive.
    log_in(&client, "bob@example.com", password).await.refuses(&["password: email_password_mismatch"]);
    log_in(&client, "cid@example.com", password).await.is_anonymous();
    // The same dump again changes nothing but what has changed here: nothing of the file's.
    let again = import(&stack, &file, "refserver.User", false).await.unwrap();
    assert_eq!((again.added, again.replaced, again.unchanged), (0, 0, 5));
    stack.inbox.is_empty().await;
}

/// In allauth the user handle of a passkey is the primary key in base 36, or the digits of a UUID.
#[tokio::test]
async fn passkeys_of_allauth_log_in_here() {
    for (pk, handle, format) in [
        (json!(1295), "zz", "integer"),
        (json!("0199c1f0-7d1c-7e6a-8000-000000000001"), "0199c1f07d1c7e6a8000000000000001", "uuid"),
    ] {
        let stack =
            Stack::start(&[PASSKEYS.as_slice(), &[KEY, ("ACCOUNT_ID_FORMAT", format)]].concat()).await;
        let folder = tempfile::tempdir().unwrap();
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        let rp_id = stack.api.split(':').next().unwrap();
        let options = json!({"publicKey": {
            "rp": {"id": rp_id},
            "user": {"id": URL_SAFE_NO_PAD.encode(handle)},
            "challenge": "",
            "authenticatorSelection": {"residentKey": "required"},
        }});
        let data = json!({"name": "Laptop", "credential": key.create(&options)});
        let fields =
            json!({"user": pk, "type": "webauthn", "data": data, "created_at": "2020-01-02T03:04:05Z"});
        let authenticator = json!({"model": "mfa.authenticator", "pk": 1, "fields": fields});
        let rows = [authenticator, address(1, &pk, "ann@example.com"), user(&pk, "ann@example.com")];
        let summary = import(&stack, &dump(&folder, &rows), "auth.user", false).await.unwrap();
        assert_eq!(summary.added, 1);
        let client = stack.client(Kind::App);
        prove(&client, LOGIN, &mut key).await.is_logged_in_as("ann@example.com");
        // It is of no other account.
        for other in ["10", "other"] {
            key.user_handle = Some(URL_SAFE_NO_PAD.encode(other));
            prove(&stack.client(Kind::App), LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_as_a_whole() {
    let stack = Stack::start(&[KEY, INTEGERS]).await;
    let folder = tempfile::tempdir().unwrap();
    let social = |pk: u64| {
        let fields = json!({"user": 3, "provider": "google", "uid": pk.to_string(), "extra_data": {}});
        json!({"model": "socialaccount.socialaccount", "pk": pk, "fields": fields})
    };
    let mut rows = vec![
        user(&json!(1), "ann@example.com"),
        address(1, &json!(1), "ann@example.com"),
        // The same mailbox in another spelling.
        user(&json!(2), "other@example.com"),
        address(2, &json!(2), "ANN@example.com"),
        user(&json!(3), "cid@example.com"),
        address(3, &json!(3), "cid@example.com"),
        // A row that points nowhere.
        address(4, &json!(9), "eve@example.com"),
    ];
    rows.extend((0..10_000).map(social));
    let file = dump(&folder, &rows);
    let summary = import(&stack, &file, "auth.user", true).await.unwrap();
    assert_eq!((summary.added, summary.refused), (1, 2));
    let refused = import(&stack, &file, "auth.user", false).await.unwrap_err().to_string();
    assert!(refused.contains("2 of 3 accounts"), "{refused}");
    assert!(
        stack
            .dynamodb
            .items()
            .await
            .iter()
            .all(|item| !item["pk"]["S"].as_str().unwrap().starts_with("USER#"))
    );
    let wrong = import(&stack, &file, "shop.Customer", true).await.unwrap_err().to_string();
    assert!(wrong.contains("there are no rows of \"shop.Customer\"; --user-model \"auth.user\""), "{wrong}");
}

#[tokio::test]
async fn rows_leave_with_their_secrets_and_encrypted_only() {
    let stack = Stack::start(&[KEY]).await;
    stack.add_user("ann@example.com").await;
    let folder = tempfile::tempdir().unwrap();
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".parse().unwrap();
    let export = |name: &str, user_model: &str, key| Export {
        format: ExportFormat::Django,
        columns: columns(user_model),
        switches: ExportSwitches {
            into: folder.path().join(name),
            with_secrets: Option::is_some(&key),
            to_public_key: key,
            resume: false,
            data: Data { data_dir: None },
        },
    };
    let wanted = export("plain", "shop.Customer", None);
    let error = vestibule_cli::export::run(&wanted, stack.operator_variables()).await.unwrap_err();
    assert!(error.to_string().contains("--with-secrets"), "{error}");
    assert!(!wanted.switches.into.exists());
    // A UUID is no primary key of Django's own user model.
    for (user_model, counts) in [("shop.Customer", (1, 0)), ("auth.user", (0, 1))] {
        let wanted = export(user_model, user_model, Some(Clone::clone(&key)));
        let done = vestibule_cli::export::run(&wanted, stack.operator_variables()).await.unwrap();
        assert_eq!((done.written, done.refused), counts, "{user_model}");
        let file = std::fs::read(&wanted.switches.into).unwrap();
        assert!(file.starts_with(b"age-encryption.org/v1\n") && !file.windows(3).any(|part| part == b"ann"));
    }
}

//! A site's own fields (`ACCOUNT_PROFILE_FIELDS`): at sign-up, in `data.user`, in `account/profile` and in an export.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use vestibule_tests::Passkey;

use crate::social::dummy;
use crate::webauthn::{SIGNUP, SIGNUPS, options};
use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const FIELDS: (&str, &str) = (
    "ACCOUNT_PROFILE_FIELDS",
    r#"{
        "age": {"type": "integer", "min": 18},
        "born": {"type": "date"},
        "color": {"type": "choice", "choices": ["red", "blue"], "default": "red"},
        "first_name": {"type": "text", "max": 10, "required": true},
        "news": {"type": "boolean"},
        "referral": {"type": "text", "write": "signup"},
        "terms": {"type": "consent", "version": "2026-11", "required": true}
    }"#,
);
const AT_ONCE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "none");
const APPS: (&str, &str) = (
    "INSTALLED_APPS",
    r#"["allauth.mfa", "allauth.usersessions", "allauth.socialaccount", "allauth.socialaccount.providers.dummy"]"#,
);

fn form(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "first_name": " Ann ", "terms": true, "age": 20, "born": "2000-02-29",
        "referral": "a friend",
    })
}

async fn change(client: &Client, body: Value) -> Answer {
    let headers = [("content-type", "application/json")];
    client.send(Method::PATCH, "account/profile", &headers, body.to_string()).await
}

#[track_caller]
fn has_profile(user: &Value) {
    for (name, expected) in [
        ("age", json!(20)),
        ("born", json!("2000-02-29")),
        ("color", json!("red")),
        ("first_name", json!("Ann")),
        ("news", json!(false)),
        ("referral", json!("a friend")),
    ] {
        assert_eq!(user[name], expected, "{name} of {user}");
    }
    assert_eq!(user["terms"]["version"], "2026-11");
    assert!(user["terms"]["at"].is_number(), "{user}");
}

#[tokio::test]
async fn a_profile_is_given_shown_changed_and_exported() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[FIELDS, AT_ONCE, ("ACCOUNT_EXPORT_ENABLED", "true")]).await;
        let client = stack.client(kind);
        client.get("account/profile").await.is_anonymous();
        change(&client, json!({"age": 30})).await.is_anonymous();
        let answer = client.post("auth/signup", form(EMAIL)).await;
        has_profile(&answer.is_logged_in_as(EMAIL).body["data"]["user"]);
        has_profile(&client.get("auth/session").await.body["data"]["user"]);
        let before = client.get("account/profile").await;
        has_profile(&before.is(200).body["data"]);
        assert_eq!(before.body["data"].as_object().unwrap().len(), 7, "{}", before.text);

        let answer =
            change(&client, json!({"age": null, "news": true, "color": "blue", "terms": true})).await;
        let data = &answer.is(200).body["data"];
        assert_eq!(
            (&data["age"], &data["news"], &data["color"]),
            (&json!(null), &json!(true), &json!("blue"))
        );
        assert_eq!(data["terms"], before.body["data"]["terms"], "the time of the consent stands");
        assert_eq!(&client.get("account/profile").await.body["data"], data);

        let items = stack.dynamodb.items().await;
        for (wrong, errors) in [
            (json!({"age": 17, "first_name": ""}), &["age: min_value", "first_name: required"][..]),
            (json!({"first_name": "Ann-Sophie-Marie"}), &["first_name: max_length"]),
            (json!({"born": "2001-02-29", "age": "x"}), &["age: invalid", "born: invalid"]),
            (json!({"color": "green", "terms": false}), &["color: invalid_choice", "terms: required"]),
            (json!({"referral": "x"}), &["referral: read_only"]),
            (json!({"shoe": 42, "email": "x@example.com"}), &["email: unknown_field", "shoe: unknown_field"]),
        ] {
            change(&client, wrong).await.refuses(errors);
        }
        client.post("account/profile", json!({})).await.is(405);
        assert_eq!(stack.dynamodb.items().await, items, "what is refused changes nothing");
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let exported = client.get("account/export").await;
        assert_eq!(exported.is(200).body["data"]["account"]["profile"]["color"], "blue");
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn what_is_wrong_at_sign_up_is_told_at_once_and_makes_no_account() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[FIELDS, UNLIMITED]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.refuses(&["first_name: required", "terms: required"]);
        let mut wrong = form("ann");
        for (name, value) in
            [("age", json!("x")), ("born", json!(20)), ("color", json!("green")), ("password", json!("x"))]
        {
            wrong[name] = value;
        }
        client.post("auth/signup", wrong).await.refuses(&[
            "email: invalid",
            "age: invalid",
            "born: invalid",
            "color: invalid_choice",
            "password: password_too_short",
            "password: password_too_common",
        ]);
        assert!(stack.dynamodb.keys("USER#").await.is_empty());
        stack.inbox.is_empty().await;
        // A taken email address is answered as a free one, whatever the fields say.
        for (email, mails) in [(EMAIL, 1), (EMAIL, 1), ("ben@example.com", 1)] {
            let other = stack.client(kind);
            let mut wrong = form(email);
            wrong["age"] = json!(1);
            other.post("auth/signup", wrong).await.refuses(&["age: min_value"]);
            other.post("auth/signup", form(email)).await.awaits("verify_email");
            assert_eq!(stack.inbox.take().await.len(), mails);
        }
    }
}

#[tokio::test]
async fn a_profile_has_at_most_8_kb() {
    let fields: Value = ["a", "b", "c"]
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "text", "max": 4000})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let fields = fields.to_string();
    let stack = Stack::start(&[("ACCOUNT_PROFILE_FIELDS", &fields), AT_ONCE, UNLIMITED]).await;
    let client = stack.app();
    let text = |length: usize| "x".repeat(length);
    // {"a":"…","b":"…","c":"…"} is 22 bytes without its texts.
    let body = |c: usize| json!({"email": EMAIL, "password": PASSWORD, "a": text(4000), "b": text(4000), "c": text(c)});
    let refused = client.post("auth/signup", body(8192 - 8022 + 4)).await;
    assert_eq!(refused.is(400).body["errors"][0]["code"], "profile_too_large", "{}", refused.text);
    assert!(refused.body["errors"][0].get("param").is_none());
    client.post("auth/signup", body(8192 - 8022 - 4)).await.is_logged_in_as(EMAIL);
    let refused = change(&client, json!({"c": text(200)})).await;
    assert_eq!(refused.is(400).body["errors"][0]["code"], "profile_too_large", "{}", refused.text);
    change(&client, json!({"a": "é".repeat(100), "c": text(200)})).await.is(200);
}

#[tokio::test]
async fn sign_up_by_a_provider_asks_for_what_is_required() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[FIELDS, AT_ONCE, APPS, UNLIMITED]).await;
        let client = stack.client(kind);
        let claims = json!({"id": 1, "email": EMAIL, "email_verified": true});
        dummy(&client, "login", claims).await.awaits("provider_signup");
        let refused = client.post("auth/provider/signup", json!({"email": EMAIL})).await;
        refused.refuses(&["first_name: required", "terms: required"]);
        let mut answers = form(EMAIL);
        answers.as_object_mut().unwrap().remove("password");
        let answer = client.post("auth/provider/signup", answers).await;
        has_profile(&answer.is_logged_in_as(EMAIL).body["data"]["user"]);
    }
}

const TOLD: (&str, &str) = (
    "ACCOUNT_PROFILE_FIELDS",
    r#"{
        "first_name": {"type": "text", "max": 10, "required": true, "from_provider": true},
        "last_name": {"type": "text", "from_provider": true},
        "name": {"type": "text", "write": "operator", "read": "operator", "from_provider": true}
    }"#,
);

fn claims(first_name: &str, last_name: &str) -> Value {
    json!({"id": 1, "email": EMAIL, "email_verified": true, "first_name": first_name, "last_name": last_name})
}

#[tokio::test]
async fn what_a_provider_tells_is_kept_at_sign_up() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[TOLD, AT_ONCE, APPS, UNLIMITED]).await;
        let client = stack.client(kind);
        // Nothing that is required is missing.
        let answer = dummy(&client, "login", claims(" Ann ", "Lee")).await;
        let user = &answer.is_logged_in_as(EMAIL).body["data"]["user"];
        assert_eq!(
            (&user["first_name"], &user["last_name"], user.get("name")),
            (&json!("Ann"), &json!("Lee"), None)
        );
        assert_eq!(stack.show_user(EMAIL).await["profile"]["name"], "Ann Lee");
    }
}

#[tokio::test]
async fn what_a_provider_tells_and_the_field_refuses_is_asked_for() {
    for (body, last_name) in [
        (json!({"email": EMAIL, "first_name": "Ann"}), json!("Lee")),
        (json!({"email": EMAIL, "first_name": "Ann", "last_name": ""}), json!(null)),
        (json!({"email": EMAIL, "first_name": "Ann", "last_name": "Smith"}), json!("Smith")),
    ] {
        let stack = Stack::start(&[TOLD, AT_ONCE, APPS, UNLIMITED]).await;
        let client = stack.app();
        dummy(&client, "login", claims("Ann-Sophie-Marie", "Lee")).await.awaits("provider_signup");
        let told = client.get("auth/provider/signup").await;
        let user = &told.is(200).body["data"]["user"];
        assert_eq!(
            (&user["first_name"], &user["last_name"], user.get("name")),
            (&json!(null), &json!("Lee"), None)
        );
        client.post("auth/provider/signup", json!({"email": EMAIL})).await.refuses(&["first_name: required"]);
        let answer = client.post("auth/provider/signup", body).await;
        let user = &answer.is_logged_in_as(EMAIL).body["data"]["user"];
        assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Ann"), &last_name));
    }
}

#[tokio::test]
async fn what_a_provider_tells_fills_what_is_empty_where_it_is_connected() {
    let stack = Stack::start(&[TOLD, AT_ONCE, APPS, UNLIMITED]).await;
    let client = stack.app();
    let body = json!({"email": EMAIL, "password": PASSWORD, "first_name": "Annabel"});
    client.post("auth/signup", body).await.is_logged_in_as(EMAIL);
    dummy(&client, "connect", claims("Ann", "Lee")).await.is(200);
    let user = client.get("auth/session").await.body["data"]["user"].clone();
    assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Annabel"), &json!("Lee")));
    // What the user removes later stays removed.
    change(&client, json!({"last_name": null})).await.is(200);
    client.delete("auth/session").await.is(401);
    client.hold(None);
    let again = dummy(&client, "login", claims("Ann", "Lee")).await;
    assert_eq!(again.is_logged_in_as(EMAIL).body["data"]["user"]["last_name"], json!(null));
}

const OPERATORS: (&str, &str) = (
    "ACCOUNT_PROFILE_FIELDS",
    r#"{
        "level": {"type": "integer", "min": 1, "max": 9, "write": "operator"},
        "nick": {"type": "text", "max": 10},
        "referral": {"type": "text", "write": "signup", "read": "operator"},
        "role": {"type": "choice", "choices": ["customer", "editor"], "default": "customer", "write": "operator"},
        "score": {"type": "integer", "write": "operator", "read": "operator"},
        "terms": {"type": "consent", "version": "1"}
    }"#,
);

#[tokio::test]
async fn what_operators_write_users_read_at_the_most() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[OPERATORS, AT_ONCE, UNLIMITED, ("ACCOUNT_EXPORT_ENABLED", "true")]).await;
        let client = stack.client(kind);
        // At sign-up, members that are none of the form's are ignored. (With a NaN, a body is not compared with the
        // description, which has no such members.)
        let body = format!(
            r#"{{"email": "{EMAIL}", "password": "{PASSWORD}", "nick": "ann", "referral": "ben", "role": "editor",
                "level": 9, "score": NaN, "public_metadata": {{"plan": "pro"}}, "private_metadata": {{"a": 1}}}}"#
        );
        let headers = [("content-type", "application/json")];
        client.send(Method::POST, "auth/signup", &headers, body).await.is_logged_in_as(EMAIL);
        let seen = async || client.get("auth/session").await.is(200).body["data"]["user"].clone();
        let user = seen().await;
        assert_eq!(
            (&user["nick"], &user["role"], &user["level"]),
            (&json!("ann"), &json!("customer"), &json!(null))
        );
        for hidden in ["referral", "score", "public_metadata", "private_metadata"] {
            assert!(user.get(hidden).is_none(), "{hidden}");
        }
        let items = stack.dynamodb.items().await;
        change(&client, json!({"role": "editor", "score": 1, "referral": "x", "public_metadata": {}}))
            .await
            .refuses(&[
                "public_metadata: unknown_field",
                "referral: read_only",
                "role: read_only",
                "score: unknown_field",
            ]);
        assert_eq!(stack.dynamodb.items().await, items);

        let set = [("role", "editor"), ("level", "3"), ("score", "7"), ("nick", " Ann ")];
        stack
            .set_user(EMAIL, &set, Some(r#"{"plan": "pro"}"#), Some(r#"{"risk": [1, "high"]}"#))
            .await
            .unwrap();
        let user = seen().await;
        assert_eq!(
            (&user["role"], &user["level"], &user["nick"]),
            (&json!("editor"), &json!(3), &json!("Ann"))
        );
        assert_eq!(user["public_metadata"], json!({"plan": "pro"}));
        let profile = client.get("account/profile").await;
        assert_eq!(
            profile.is(200).body["data"],
            json!({"level": 3, "nick": "Ann", "role": "editor", "terms": null})
        );
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let exported = client.get("account/export").await;
        let account = &exported.is(200).body["data"]["account"];
        assert_eq!(
            account["profile"],
            json!({"level": 3, "nick": "Ann", "referral": "ben", "role": "editor"})
        );
        assert_eq!(account["public_metadata"], json!({"plan": "pro"}));
        for answer in [&exported.text, &profile.text, &client.get("config").await.text] {
            assert!(!answer.contains("score") && !answer.contains("risk"), "{answer}");
        }
        let config = client.get("config").await;
        let fields = config.body["data"]["account"]["profile_fields"].as_array().unwrap();
        let listed: Vec<_> =
            fields.iter().map(|field| (&field["name"], &field["write"], &field["read"])).collect();
        assert_eq!(
            json!(listed),
            json!([
                ["level", "operator", "user"],
                ["nick", "user", "user"],
                ["referral", "signup", "operator"],
                ["role", "operator", "user"],
                ["terms", "user", "user"],
            ])
        );
        let shown = stack.show_user(EMAIL).await;
        assert_eq!(
            shown["profile"],
            json!({"level": 3, "nick": "Ann", "referral": "ben", "role": "editor", "score": 7, "terms": null})
        );
        assert_eq!(shown["private_metadata"], json!({"risk": [1, "high"]}));
        assert_eq!(shown["id"], user["id"]);

        // What is left out stays, an empty value removes.
        stack.set_user(EMAIL, &[("level", "")], Some("{}"), None).await.unwrap();
        let user = seen().await;
        assert_eq!(
            (&user["level"], &user["role"], user.get("public_metadata")),
            (&json!(null), &json!("editor"), None)
        );
        assert_eq!(stack.show_user(EMAIL).await["private_metadata"], json!({"risk": [1, "high"]}));
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn operators_are_told_what_is_wrong_and_nothing_is_written() {
    let stack = Stack::start(&[OPERATORS, AT_ONCE]).await;
    stack.add_user(EMAIL).await;
    let items = stack.dynamodb.items().await;
    let set = async |values: &[(&str, &str)]| stack.set_user(EMAIL, values, None, None).await.unwrap_err();
    assert_eq!(
        set(&[("role", "admin"), ("level", "10"), ("nick", "x")]).await,
        "level: Ensure this value is less than or equal to 9.\n\
         role: Select a valid choice. admin is not one of the available choices."
    );
    assert_eq!(set(&[("terms", "true")]).await, "terms: This field cannot be changed.");
    assert_eq!(
        set(&[("shoe", "42")]).await,
        "shoe: Unknown field.\n\
         the fields in ACCOUNT_PROFILE_FIELDS, here or in SETTINGS_FILE: level, nick, referral, role, score, terms"
    );
    let note =
        async |json: &str| stack.set_user(EMAIL, &[("level", "2")], None, Some(json)).await.unwrap_err();
    assert!(
        note("[1]")
            .await
            .starts_with("--private-metadata takes a JSON object, such as '{\"plan\": \"pro\"}': ")
    );
    let long = json!({"a": "x".repeat(8192)}).to_string();
    assert_eq!(note(&long).await, "public and private metadata may have 8192 bytes in all, not 8202");
    let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(33), "]".repeat(33));
    assert_eq!(note(&deep).await, "metadata may be nested at most 32 deep");
    let both = stack.set_user(EMAIL, &[], Some("-"), Some("-")).await.unwrap_err();
    assert_eq!(
        both,
        "only one of --public-metadata and --private-metadata can be read from the standard input"
    );
    let nobody = stack.set_user("ben@example.com", &[("level", "2")], None, None).await.unwrap_err();
    assert_eq!(nobody, "there is no such account");
    assert_eq!(stack.dynamodb.items().await, items);
    stack.dynamodb.tally();
    stack.set_user(EMAIL, &[("level", "")], None, None).await.unwrap();
    assert_eq!(stack.dynamodb.tally().writes(), 0, "what changes nothing is not written");
}

#[tokio::test]
async fn what_a_user_and_an_operator_change_at_once_is_all_kept() {
    let stack = Stack::start(&[OPERATORS, AT_ONCE, UNLIMITED]).await;
    let client = stack.app();
    sign_up(&client, EMAIL).await.is_logged_in_as(EMAIL);
    let nicks: Vec<_> = (0..4).map(|number| json!({"nick": format!("ann{number}")})).collect();
    let changes = join_all(nicks.into_iter().map(|nick| change(&client, nick)));
    let (answers, set) = tokio::join!(changes, stack.set_user(EMAIL, &[("role", "editor")], None, None));
    for answer in &answers {
        answer.is(200);
    }
    set.unwrap();
    let data = client.get("account/profile").await.body["data"].clone();
    assert_eq!(data["role"], "editor");
    assert!(data["nick"].as_str().unwrap().starts_with("ann"), "{data}");
}

#[tokio::test]
async fn sign_up_by_a_passkey_takes_the_fields_too() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[&SIGNUPS[..], &[FIELDS]].concat()).await;
        let client = stack.client(kind);
        let refused = client.post(SIGNUP, json!({"email": EMAIL})).await;
        refused.refuses(&["first_name: required", "terms: required"]);
        stack.inbox.is_empty().await;
        let mut body = form(EMAIL);
        body.as_object_mut().unwrap().remove("password");
        client.post(SIGNUP, body).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": code})).await.awaits("mfa_signup_webauthn");
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        let credential = key.create(&options(&client, SIGNUP).await);
        let body = json!({"name": "Phone", "credential": credential}).to_string();
        let answer = client.send(Method::PUT, SIGNUP, &[], body).await;
        has_profile(&answer.is_logged_in_as(EMAIL).body["data"]["user"]);
    }
}

#[tokio::test]
async fn signing_up_with_fields_costs_no_more_than_without() {
    let stack = Stack::start(&[FIELDS]).await;
    stack.dynamodb.set_latency(Duration::from_millis(20));
    stack.dynamodb.hold_deliveries();
    for kind in Kind::ALL {
        stack.dynamodb.tally();
        let email = format!("{kind:?}@example.com").to_lowercase();
        stack.client(kind).post("auth/signup", form(&email)).await.awaits("verify_email");
        crate::budget::costs(&stack, "signing up with fields", (3, 4, 1));
    }
}

/// A stack whose mails greet people by the name that their accounts have.
async fn greeting(settings: &[(&str, &str)]) -> (tempfile::TempDir, Stack) {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("password_changed.txt", "Hello {{ profile.nick or 'you' }}, rank {{ profile.rank or 0 }}!"),
        ("reset_password.txt", "Hello {{ profile.nick or 'you' }}!\n\n{{ password_reset_url }}\n"),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let fields = r#"{"nick": {"type": "text"}, "rank": {"type": "integer"}, "risk": {"type": "text", "read": "operator"}}"#;
    let own = [
        ("ACCOUNT_PROFILE_FIELDS", fields),
        ("MAIL_TEMPLATES_DIR", folder.path().to_str().unwrap()),
        ("ACCOUNT_EMAIL_NOTIFICATIONS", "true"),
        UNLIMITED,
    ];
    let stack = Stack::start(&[&own[..], settings].concat()).await;
    (folder, stack)
}

async fn change_password(client: &Client, from: &str, to: &str) {
    client
        .post("account/password/change", json!({"current_password": from, "new_password": to}))
        .await
        .is(200);
}

#[tokio::test]
async fn mails_greet_whoever_has_verified_the_email_address() {
    let (_folder, stack) = greeting(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let (mut from, mut to) = (PASSWORD, NEW_PASSWORD);
    for (nick, told) in [
        ("Ann", "Ann"),
        ("J.R. Smith", "J.R. Smith"),
        ("Click evil.example", "you"),
        ("https://evil", "you"),
        ("Ann\nCall 112", "you"),
        ("", "you"),
    ] {
        change(&client, json!({"nick": nick, "rank": 7})).await.is(200);
        change_password(&client, from, to).await;
        let mail = stack.inbox.only(EMAIL).await;
        assert_eq!(mail.text.trim(), format!("Hello {told}, rank 7!"));
        (from, to) = (to, from);
        stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let reset = stack.inbox.only(EMAIL).await;
        assert!(reset.text.starts_with(&format!("Hello {told}!\n")), "{}", reset.text);
    }
}

/// Anybody can sign up with another person's email address, and a name of their choice.
#[tokio::test]
async fn mails_to_an_unverified_email_address_say_nothing_that_was_written_there() {
    let (_folder, stack) = greeting(&[("ACCOUNT_EMAIL_VERIFICATION", "optional")]).await;
    let client = stack.app();
    let body = json!({"email": EMAIL, "password": PASSWORD, "nick": "Ann", "rank": 7});
    client.post("auth/signup", body).await.is_logged_in_as(EMAIL);
    change_password(&client, PASSWORD, NEW_PASSWORD).await;
    stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let mails = stack.inbox.take().await;
    assert_eq!(mails.len(), 3, "the verification, the change and the reset");
    assert!(mails.iter().all(|mail| !mail.text.contains("Ann")));
    assert_eq!(mails[1].text.trim(), "Hello you, rank 0!");
    assert!(mails[2].text.starts_with("Hello you!\n"), "{}", mails[2].text);
}

#[tokio::test]
async fn changes_at_once_are_all_kept() {
    let stack = Stack::start(&[FIELDS, AT_ONCE, UNLIMITED]).await;
    let client = stack.app();
    client.post("auth/signup", form(EMAIL)).await.is_logged_in_as(EMAIL);
    let changes =
        [json!({"age": 33}), json!({"news": true}), json!({"color": "blue"}), json!({"first_name": "Bea"})];
    let answers = join_all(changes.iter().map(|body| change(&client, body.clone()))).await;
    for answer in &answers {
        answer.is(200);
    }
    let data = client.get("account/profile").await.body["data"].clone();
    for (name, value) in changes.iter().flat_map(|change| change.as_object().unwrap()) {
        assert_eq!(data[name], *value);
    }
}

#[tokio::test]
async fn the_profile_costs_one_round_trip_and_a_change_two() {
    let stack = Stack::start(&[FIELDS, AT_ONCE]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        let email = format!("{kind:?}@example.com").to_lowercase();
        client.post("auth/signup", form(&email)).await.is_logged_in_as(&email);
        stack.dynamodb.tally();
        client.get("account/profile").await.is(200);
        crate::budget::costs(&stack, "the profile", (1, 1, 0));
        change(&client, json!({"age": 44})).await.is(200);
        crate::budget::costs(&stack, "a change of the profile", (2, 2, 1));
        change(&client, json!({"age": 1})).await.is(400);
        crate::budget::costs(&stack, "a refused change of the profile", (1, 1, 0));
    }
}

#[tokio::test]
async fn without_the_setting_the_contract_is_as_it_was() {
    for kind in Kind::ALL {
        let only_at_signup = r#"{"referral": {"type": "text", "write": "signup"}}"#;
        for fields in ["{}", only_at_signup] {
            let stack = Stack::start(&[("ACCOUNT_PROFILE_FIELDS", fields)]).await;
            stack.add_user(EMAIL).await;
            let client = stack.client(kind);
            log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
            client.get("account/profile").await.is(404);
            let has = fields != "{}";
            let session = client.get("auth/session").await;
            assert_eq!(session.body["data"]["user"].get("referral").is_some(), has);
            let config = client.get("config").await;
            assert_eq!(
                config.body["data"]["account"].get("profile_fields").is_some(),
                has,
                "{}",
                config.text
            );
        }
    }
}

#[tokio::test]
async fn the_first_proof_removes_what_another_person_has_said() {
    let stack = Stack::start(&[FIELDS, ("ACCOUNT_EMAIL_VERIFICATION", "optional"), UNLIMITED]).await;
    stack.app().post("auth/signup", form(EMAIL)).await.is_logged_in_as(EMAIL);
    stack.inbox.take().await;
    let metadata = Some(r#"{"plan": "pro"}"#);
    stack.set_user(EMAIL, &[], metadata, metadata).await.unwrap();
    let owner = stack.app();
    owner.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    let shown = owner.get_with("auth/password/reset", "x-password-reset-key", &key).await;
    for name in ["first_name", "public_metadata"] {
        assert!(shown.is(200).body["data"]["user"].get(name).is_none(), "{}", shown.text);
    }
    owner.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
    log_in(&owner, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
    let data = owner.get("account/profile").await.body["data"].clone();
    assert_eq!((&data["first_name"], &data["terms"]), (&json!(null), &json!(null)));
    let left = stack.show_user(EMAIL).await;
    assert_eq!((&left["public_metadata"], &left["private_metadata"]), (&json!({}), &json!({})));
}

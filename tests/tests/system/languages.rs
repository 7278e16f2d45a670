//! The languages of responses, mails and text messages.

use std::fs;

use http::Method;
use serde_json::{Value, json};

use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const LANGUAGES: (&str, &str) = ("LANGUAGES", "en,de,ar,fr,es,pt-BR");

/// A language as a client asks for it, and words that it has.
struct Words {
    accepted: &'static str,
    language: &'static str,
    direction: &'static str,
    /// The errors `required` and `email_password_mismatch`.
    required: &'static str,
    mismatch: &'static str,
    /// The subjects `confirm_email_signup`, `reset_password` and `password_reset`.
    confirm: &'static str,
    reset: &'static str,
    was_reset: &'static str,
    greeting: &'static str,
    not_found: &'static str,
}

const GERMAN: Words = Words {
    accepted: "de-AT, en;q=0.8",
    language: "de",
    direction: "ltr",
    required: "Dieses Feld ist erforderlich.",
    mismatch: "Die E-Mail-Adresse oder das Passwort ist falsch.",
    confirm: "[localhost] Bestätigen Sie Ihre E-Mail-Adresse",
    reset: "[localhost] Wählen Sie ein neues Passwort",
    was_reset: "[localhost] Ihr Passwort wurde zurückgesetzt",
    greeting: "Guten Tag,",
    not_found: "Nicht gefunden",
};

const ARABIC: Words = Words {
    accepted: "fa;q=0.9, ar-EG, en;q=0.1",
    language: "ar",
    direction: "rtl",
    required: "هذا الحقل مطلوب.",
    mismatch: "عنوان البريد الإلكتروني أو كلمة المرور غير صحيحة.",
    confirm: "[localhost] أكِّد عنوان بريدك الإلكتروني",
    reset: "[localhost] اختر كلمة مرور جديدة",
    was_reset: "[localhost] تمت إعادة تعيين كلمة مرورك",
    greeting: "مرحبًا،",
    not_found: "الصفحة غير موجودة",
};

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// Fails unless the response has a text in this language, which is not kept for anybody else.
#[track_caller]
fn is_in(answer: &Answer, language: &str) {
    assert_eq!(header(answer, "content-language"), [language], "{}", answer.text);
    assert!(header(answer, "vary").contains(&"Accept-Language, Cookie"), "{:?}", answer.headers);
    assert!(header(answer, "cache-control")[0].contains("no-store"), "{:?}", answer.headers);
}

/// Fails if the response says that it depends on the language.
#[track_caller]
fn is_in_none(answer: &Answer) {
    assert_eq!(header(answer, "content-language"), [""; 0], "{}", answer.text);
    let varies = header(answer, "vary").iter().any(|vary| vary.to_ascii_lowercase().contains("language"));
    assert!(!varies, "{:?}", answer.headers);
}

fn message(answer: &Answer) -> &str {
    answer.body["errors"][0]["message"].as_str().unwrap()
}

/// The journey of the README: sign-up, verification, login, password reset, logout.
async fn journey(stack: &Stack, client: &Client, words: &Words) {
    let empty = client.post("auth/signup", json!({"password": PASSWORD})).await;
    is_in(empty.refuses(&["email: required"]), words.language);
    assert_eq!(message(&empty), words.required);

    let pending = sign_up(client, EMAIL).await;
    is_in_none(pending.awaits("verify_email"));
    let mail = stack.inbox.only(EMAIL).await;
    assert_eq!(mail.subject, words.confirm);
    assert!(mail.text.starts_with(words.greeting), "{}", mail.text);
    let html = format!("<html lang=\"{}\" dir=\"{}\">", words.language, words.direction);
    assert!(mail.html.contains(&html), "{}", mail.html);
    client.post("auth/email/verify", json!({"key": mail.key()})).await.is_anonymous();

    let wrong = log_in(client, EMAIL, NEW_PASSWORD).await;
    is_in(wrong.refuses(&["password: email_password_mismatch"]), words.language);
    assert_eq!(message(&wrong), words.mismatch);
    stack.inbox.is_empty().await;
    is_in_none(log_in(client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL));

    client.delete("auth/session").await.is(401);
    client.hold(None);
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let mail = stack.inbox.only(EMAIL).await;
    assert_eq!(mail.subject, words.reset);
    let reset = json!({"key": mail.key(), "password": NEW_PASSWORD});
    client.post("auth/password/reset", reset).await.is(401);
    assert_eq!(stack.inbox.only(EMAIL).await.subject, words.was_reset);
    log_in(client, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);

    let nowhere = client.get("nowhere").await;
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.text.contains(words.not_found), "{}", nowhere.text);
    assert!(nowhere.text.contains(&format!("<html lang=\"{}\"", words.language)), "{}", nowhere.text);
    assert_eq!(nowhere.text.contains("dir=\"rtl\""), words.direction == "rtl");
    is_in(&nowhere, words.language);
}

#[tokio::test]
async fn a_journey_in_german_and_in_arabic() {
    for words in [GERMAN, ARABIC] {
        for kind in Kind::ALL {
            let stack = Stack::start(&[LANGUAGES, ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]).await;
            journey(&stack, &stack.client(kind).accepting(words.accepted), &words).await;
        }
    }
}

/// Whoever causes it: the owner is told in their own language, once the email address is known to be theirs. What a client
/// asks for is in the language of the client.
#[tokio::test]
async fn notifications_are_in_the_language_that_the_account_says() {
    let fields = r#"{"language": {"type": "choice", "choices": ["de", "nl"]}}"#;
    for (said, is_verified, subject) in [
        (json!("de"), true, "[localhost] Ihr Passwort wurde geändert"),
        (json!("de"), false, "[localhost] تم تغيير كلمة مرورك"),
        (json!("nl"), true, "[localhost] تم تغيير كلمة مرورك"),
        (json!(null), true, "[localhost] تم تغيير كلمة مرورك"),
    ] {
        let stack = Stack::start(&[
            LANGUAGES,
            ("ACCOUNT_PROFILE_FIELDS", fields),
            ("ACCOUNT_EMAIL_NOTIFICATIONS", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ])
        .await;
        let client = stack.app().accepting("ar");
        let body = json!({"email": EMAIL, "password": PASSWORD, "language": said});
        client.post("auth/signup", body).await.is_logged_in_as(EMAIL);
        let mail = stack.inbox.only(EMAIL).await;
        assert_eq!(mail.subject, ARABIC.confirm);
        if is_verified {
            client.post("auth/email/verify", json!({"key": mail.key()})).await.is(200);
        }
        stack.inbox.take().await;
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        client.post("account/password/change", change).await.is(200);
        assert_eq!(stack.inbox.only(EMAIL).await.subject, subject, "{said}");
        let stranger = stack.app().accepting("ar");
        stranger.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        assert_eq!(stack.inbox.only(EMAIL).await.subject, ARABIC.reset);
    }
}

#[tokio::test]
async fn text_messages_are_in_the_language_of_the_client_and_are_one_sms() {
    const PHONE: &str = "+31612345678";
    for (accepted, words) in [
        ("de", "ist Ihr Code zum Bestätigen"),
        ("ar", "رمز تأكيد هاتفك"),
        ("fr", "votre code pour confirmer"),
        ("es", "para confirmar tu teléfono"),
        ("pt-BR", "para confirmar seu telefone"),
        ("nl", "is your code to confirm"),
    ] {
        let stack = Stack::start(&[
            LANGUAGES,
            ("ACCOUNT_LOGIN_METHODS", "phone"),
            ("ACCOUNT_SIGNUP_FIELDS", "phone*,password1*"),
            ("ACCOUNT_EMAIL_VERIFICATION", "none"),
        ])
        .await;
        let client = stack.app().accepting(accepted);
        client
            .post("auth/signup", json!({"phone": PHONE, "password": PASSWORD}))
            .await
            .awaits("verify_phone");
        let sms = stack.inbox.only(PHONE).await;
        assert!(sms.text.contains(words), "{}", sms.text);
        client.post("auth/phone/verify", json!({"code": sms.code()})).await.is(200);
    }
}

#[tokio::test]
async fn a_forged_request_is_refused_in_the_language_of_the_browser() {
    let stack = Stack::start(&[LANGUAGES]).await;
    let client = stack.browser().accepting("fr-CA");
    let evil = [("origin", "https://evil.example")];
    let answer = client.send(Method::POST, "auth/login", &evil, "{}").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("<h1>Accès refusé</h1>"), "{}", answer.text);
    is_in(&answer, "fr");
}

#[tokio::test]
async fn without_a_preferred_language_the_default_one_is_spoken() {
    for (code, accepted, language) in [
        (None, None, "en"),
        (None, Some("nl, *;q=0.5"), "en"),
        (Some("pt-br"), None, "pt-BR"),
        (Some("de-de"), Some("nl;q=1"), "de"),
        (Some("de"), Some("en-US"), "en"),
        (Some("de"), Some("\u{e9},;;q=,en;q=2"), "de"),
    ] {
        let code = code.map(|code| ("LANGUAGE_CODE", code));
        let settings: Vec<(&str, &str)> = [LANGUAGES].into_iter().chain(code).collect();
        let stack = Stack::start(&settings).await;
        let client = stack.app();
        let client = accepted.map_or(client.twin(), |accepted| client.accepting(accepted));
        is_in(client.post("auth/login", json!({})).await.is(400), language);
    }
}

#[tokio::test]
async fn what_has_no_text_does_not_depend_on_the_language() {
    let stack = Stack::start(&[LANGUAGES, ("HEADLESS_SERVE_SPECIFICATION", "true")]).await;
    let client = stack.browser().accepting("de");
    for path in ["config", "/_allauth/openapi.json", "/_allauth/openapi.html", "auth/session"] {
        let answer = client.get(path).await;
        assert_ne!(answer.status, 404, "{path}");
        is_in_none(&answer);
    }
}

#[tokio::test]
async fn where_only_english_is_enabled_nothing_depends_on_the_language() {
    let stack = Stack::start(&[]).await;
    let client = stack.browser().accepting("de");
    let answer = client.post("auth/login", json!({"email": "x", "password": "y"})).await;
    is_in_none(answer.is(400));
    assert_eq!(message(&answer), "Enter a valid email address.");
    let nowhere = client.get("nowhere").await;
    is_in_none(&nowhere);
    assert!(nowhere.text.starts_with("<!doctype html><html lang=\"en\"><meta"), "{}", nowhere.text);
    sign_up(&client, EMAIL).await.awaits("verify_email");
    assert_eq!(stack.inbox.only(EMAIL).await.subject, "[localhost] Confirm your email address");
}

#[tokio::test]
async fn a_language_of_an_operator_works_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let dutch = folder.path().join("nl");
    fs::create_dir(&dutch).unwrap();
    for file in ["api.json", "mail.json"] {
        let english = concat!(env!("CARGO_MANIFEST_DIR"), "/../languages/en/").to_owned() + file;
        let mut texts: Value = serde_json::from_str(&fs::read_to_string(english).unwrap()).unwrap();
        match file {
            "api.json" => texts["errors"]["required"] = json!("Dit veld is verplicht."),
            _ => texts["confirm_email_signup"]["subject"] = json!("Bevestig je e-mailadres"),
        }
        fs::write(dutch.join(file), texts.to_string()).unwrap();
    }
    // A language that is built in needs only what is to be different.
    fs::create_dir(folder.path().join("de")).unwrap();
    fs::write(folder.path().join("de/api.json"), r#"{"errors": {"required": "Pflichtfeld."}}"#).unwrap();
    let path = folder.path().display().to_string();
    let stack = Stack::start(&[("LANGUAGES", "en,nl,de"), ("LANGUAGES_DIR", &path)]).await;
    for (accepted, required, invalid) in [
        ("nl-BE", "Dit veld is verplicht.", "Enter a valid email address."),
        ("de", "Pflichtfeld.", "Geben Sie eine gültige E-Mail-Adresse ein."),
    ] {
        let client = stack.app().accepting(accepted);
        let answer = client.post("auth/signup", json!({"password": PASSWORD})).await;
        assert_eq!(message(&answer), required);
        let answer = client.post("auth/signup", json!({"email": "x", "password": PASSWORD})).await;
        assert_eq!(message(&answer), invalid);
    }
    sign_up(&stack.app().accepting("nl"), EMAIL).await.awaits("verify_email");
    assert_eq!(stack.inbox.only(EMAIL).await.subject, "[localhost] Bevestig je e-mailadres");
}

#[tokio::test]
async fn faulty_texts_stop_the_start_and_every_fault_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let de = folder.path().join("de");
    fs::create_dir(&de).unwrap();
    fs::write(
        de.join("api.json"),
        json!({
            "direction": "down",
            "errors": {
                "requierd": "Pflichtfeld.",
                "incorrect_code": " ",
                "invalid_choice": "{{choice}} gibt es nicht.",
                "max_email_addresses_one": "Eine.",
                "password_too_short_few": "{{count}} Zeichen.",
                "required": "{{ Pflichtfeld",
            },
        })
        .to_string(),
    )
    .unwrap();
    fs::write(de.join("mails.json"), "{}").unwrap();
    let path = folder.path().display().to_string();
    let started = Stack::try_start(&[("LANGUAGES", "en,de,nl"), ("LANGUAGES_DIR", &path)]).await;
    let error = started.err().unwrap().to_string();
    for fault in [
        "LANGUAGES_DIR: ",
        "de/api.json: direction: must be ltr or rtl",
        "de/api.json: errors.requierd: there is no such text; did you mean errors.required?",
        "de/api.json: errors.incorrect_code: is empty",
        "de/api.json: errors.invalid_choice: {{choice}} is no placeholder of this text: it has {{value}}",
        "de/api.json: errors.invalid_choice: lacks {{value}}",
        "de/api.json: errors.max_email_addresses_other: this plural form is missing",
        "de/api.json: errors.password_too_short_few: the language has no such plural form: its forms are one, other",
        "de/api.json: errors.required: has braces that are not those of a placeholder",
        "de/mails.json: is no catalogue: api.json and mail.json are",
        "nl/api.json: is missing, and nl is not built in (en, ar, de, es, fr, pt-BR are)",
    ] {
        assert!(error.contains(fault), "{fault:?} not in:\n{error}");
    }
}

#[tokio::test]
async fn the_default_language_must_be_enabled() {
    let started = Stack::try_start(&[("LANGUAGES", "en,de"), ("LANGUAGE_CODE", "fr")]).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("LANGUAGES must have the language of LANGUAGE_CODE"), "{error}");
    let started = Stack::try_start(&[("LANGUAGES", "en,deutsch-und-mehr")]).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("\"deutsch-und-mehr\" is no language tag (BCP 47)"), "{error}");
}

//! Logging in, signing up and connecting through other services: the dummy, and one that speaks OpenID Connect.

use http::Method;
use serde_json::{Value, json};
use vestibule_tests::identity_provider::{CLIENT_ID, IdentityProvider, query_of};

use crate::{
    Answer, Client, Kind, Logs, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";
pub(crate) const BACK: &str = "http://localhost:3000/back?x=1";
pub(crate) const CALLBACK: &str = "/accounts/oidc/club/login/callback/";
/// Codes, so that a verified address logs in at once.
pub(crate) const BY_CODE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");

pub(crate) async fn dummy(client: &Client, process: &str, id_token: Value) -> Answer {
    let token = json!({"id_token": id_token.to_string()});
    client.post("auth/provider/token", json!({"provider": "dummy", "process": process, "token": token})).await
}

fn ann(verified: bool) -> Value {
    json!({"id": 1, "email": EMAIL, "email_verified": verified})
}

pub(crate) async fn submit(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    client.send(Method::POST, path, &[kind], form.join("&")).await
}

/// Asks to be sent to a service; returns the address there.
pub(crate) async fn depart(client: &Client, provider: &str, process: &str) -> String {
    let form = [("provider", provider), ("process", process), ("callback_url", BACK)];
    let answer = submit(client, "auth/provider/redirect", &form).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    answer.header("location")[0].to_owned()
}

/// Comes back from there.
pub(crate) async fn arrive(client: &Client, path: &str, state: &str, code: &str) -> Answer {
    client.get(&format!("{path}?state={state}&code={code}")).await
}

/// Where the frontend is told to be, and what is wrong.
pub(crate) fn landing(answer: &Answer) -> (String, Option<String>) {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = answer.header("location")[0];
    let page = location.split('?').next().unwrap_or_default();
    (page.to_owned(), query_of(location).remove("error"))
}

#[track_caller]
pub(crate) fn has_landed(answer: &Answer) {
    assert_eq!(answer.status, 302, "{}", answer.text);
    assert_eq!(answer.header("location"), [BACK]);
}

#[track_caller]
pub(crate) fn is_refused(answer: &Answer) {
    assert_eq!(landing(answer).1.as_deref(), Some("unknown"), "{:?}", answer.headers);
}

pub(crate) fn openid_connect(providers: &[(&str, &IdentityProvider)]) -> String {
    let apps: Vec<Value> = providers.iter().map(|(id, provider)| provider.app(id)).collect();
    json!({"openid_connect": {"APPS": apps}}).to_string()
}

pub(crate) async fn providers(client: &Client) -> Vec<String> {
    let answer = client.get("account/providers").await;
    let uid = |account: &Value| {
        format!("{} {}", account["provider"]["id"].as_str().unwrap(), account["uid"].as_str().unwrap())
    };
    answer.is(200).body["data"].as_array().unwrap().iter().map(uid).collect()
}

// By token

#[tokio::test]
async fn somebody_new_is_signed_up_and_comes_back() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let client = stack.client(kind);
        let answer = dummy(&client, "login", ann(true)).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["socialaccount"]);
        assert_eq!(answer.body["data"]["methods"][0]["uid"], "1");
        assert_eq!(answer.body["data"]["user"]["has_usable_password"], false);
        stack.inbox.is_empty().await;
        assert_eq!(providers(&client).await, ["dummy 1"]);
        let again = stack.client(kind);
        dummy(&again, "login", json!({"id": 1})).await.is_logged_in_as(EMAIL);
        assert_eq!(
            stack.dynamodb.keys("USER#").await.iter().filter(|key| key.ends_with(" ACCOUNT")).count(),
            1
        );
        assert_eq!(stack.dynamodb.keys("SOCIAL#").await, ["SOCIAL#dummy#1 -"]);
    }
}

#[tokio::test]
async fn an_address_that_the_service_does_not_vouch_for_is_verified_first() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE]).await;
        let client = stack.client(kind);
        dummy(&client, "login", ann(false)).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        let answer = client.post("auth/email/verify", json!({"key": code})).await;
        assert_eq!(answer.is_logged_in_as(EMAIL).methods(), ["socialaccount"]);
    }
}

#[tokio::test]
async fn what_is_missing_is_asked_for() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE]).await;
        stack.add_user("taken@example.com").await;
        let client = stack.client(kind);
        dummy(&client, "login", json!({"id": 7, "first_name": "Ann"})).await.awaits("provider_signup");
        let shown = client.get("auth/provider/signup").await;
        assert_eq!(shown.is(200).body["data"]["account"]["display"], "Ann");
        client.post("auth/provider/signup", json!({})).await.refuses(&["email: required"]);
        client.post("auth/provider/signup", json!({"email": EMAIL})).await.awaits("verify_email");
        client.get("auth/provider/signup").await.is(409);
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(EMAIL);
        assert_eq!(providers(&client).await, ["dummy 7"]);
    }
}

#[tokio::test]
async fn of_two_who_are_about_to_sign_up_one_does() {
    let logs = Logs::capture();
    let stack = Stack::start(&[BY_CODE, UNLIMITED]).await;
    let (first, second) = (stack.app(), stack.app());
    for client in [&first, &second] {
        dummy(client, "login", json!({"id": 7})).await.awaits("provider_signup");
    }
    first.post("auth/provider/signup", json!({"email": EMAIL})).await.awaits("verify_email");
    second.post("auth/provider/signup", json!({"email": "other@example.com"})).await.is(409);
    second.get("auth/session").await.is_anonymous();
    second.get("auth/provider/signup").await.is(409);
    dummy(&second, "login", json!({"id": 7})).await.awaits("verify_email");
    assert!(!logs.own().contains("unavailable"), "{}", logs.own());
}

#[tokio::test]
async fn a_taken_address_is_told_to_its_owner_only() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        dummy(&client, "login", ann(true)).await.awaits("verify_email");
        assert!(!stack.inbox.only(EMAIL).await.is_secret(), "it says that there is an account");
        let free = stack.client(kind);
        let other = json!({"id": 2, "email": "free@example.com"});
        let (one, two) = (client.get("auth/session").await, dummy(&free, "login", other).await);
        assert_eq!(one.body["data"], two.body["data"]);
        assert_eq!(stack.dynamodb.keys("SOCIAL#").await, ["SOCIAL#dummy#2 -"]);
    }
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_closed() {
    let stack = Stack::start(&[("ACCOUNT_SIGNUP_ENABLED", "false")]).await;
    let browser = stack.browser();
    dummy(&browser, "login", ann(true)).await.is(403);
    let page = depart(&browser, "dummy", "login").await;
    let answer = submit(&browser, &page, &[("id", "1"), ("email", EMAIL)]).await;
    assert_eq!(landing(&answer), ("http://localhost:3000/back".into(), Some("signup_closed".into())));
    assert!(stack.dynamodb.keys("SOCIAL#").await.is_empty());
}

/// What becomes of a login with an address that belongs to somebody here.
type Settings<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn the_collisions() {
    #[derive(Debug, PartialEq)]
    enum End {
        LoggedIn { connected: bool, password: bool },
        Verify { connected: bool, password: bool },
        Hidden,
    }
    use End::{Hidden, LoggedIn, Verify};
    let trusting = ("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true");
    let connecting = ("SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT", "true");
    let table: &[(Settings<'_>, bool, bool, End)] = &[
        // Settings; whether the address is verified here; whether the service vouches for it.
        (&[], true, true, Hidden),
        (&[], true, false, Hidden),
        (&[], false, true, Hidden),
        (&[connecting], true, true, Hidden),
        (&[trusting], true, false, Hidden),
        (&[trusting], false, false, Hidden),
        (&[trusting], true, true, LoggedIn { connected: false, password: true }),
        (&[trusting, connecting], true, true, LoggedIn { connected: true, password: true }),
        (&[trusting], false, true, Verify { connected: false, password: false }),
        (&[trusting, connecting], false, true, Verify { connected: true, password: false }),
    ];
    for (settings, verified_here, vouched_for, expected) in table {
        let stack = Stack::start(settings).await;
        stack
            .add(vestibule_cli::arguments::UserAdd {
                email: Some(EMAIL.into()),
                unverified: !verified_here,
                ..stack.nobody()
            })
            .await;
        let client = stack.app();
        let answer = dummy(&client, "login", ann(*vouched_for)).await;
        let mut told = stack.inbox.take().await;
        told.retain(|mail| !mail.subject.contains("yours alone"));
        let connected = !stack.dynamodb.keys("SOCIAL#").await.is_empty();
        let password = log_in(&stack.app(), EMAIL, PASSWORD).await.errors().is_empty();
        let end = match (answer.status, told.as_slice()) {
            (200, []) if !connected => LoggedIn { connected, password },
            (200, [notice]) if connected && !notice.is_secret() => LoggedIn { connected, password },
            (401, [mail]) if mail.is_secret() => Verify { connected, password },
            (401, [_]) if !connected && password => Hidden,
            _ => panic!("{settings:?} {verified_here} {vouched_for}: {} {told:?}", answer.text),
        };
        assert_eq!(end, *expected, "{settings:?} {verified_here} {vouched_for}");
    }
}

/// Somebody signs up with an address that is not theirs, and prepares the account for whoever it belongs to.
#[tokio::test]
async fn what_somebody_else_prepared_is_gone_when_the_owner_comes() {
    const THIEF: &str = "thief@example.com";
    let settings =
        [("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true"), ("ACCOUNT_EMAIL_VERIFICATION", "optional")];
    let stack = Stack::start(&settings).await;
    let thief = stack.app();
    thief.post("auth/signup", json!({"email": EMAIL, "password": PASSWORD})).await.is(200);
    dummy(&thief, "connect", json!({"id": 666})).await.is(200);
    thief.post("account/email", json!({"email": THIEF})).await.is(200);
    let mails = stack.inbox.take().await;
    let thief_link = mails.iter().rev().find(|mail| mail.is_secret()).unwrap().key();

    let owner = stack.app();
    dummy(&owner, "login", ann(true)).await.is_logged_in_as(EMAIL);
    assert_eq!(providers(&owner).await, [""; 0]);
    thief.get("auth/session").await.is_anonymous();
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(400);
    stack.app().post("auth/email/verify", json!({"key": thief_link})).await.is(400);
    let again = dummy(&stack.app(), "login", json!({"id": 666})).await;
    again.awaits("provider_signup");
    owner.get("auth/session").await.is_logged_in_as(EMAIL);
}

/// What the owner adds once they have come stays, through whichever service they come again.
#[tokio::test]
async fn what_the_owner_prepared_stays() {
    let settings =
        [("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true"), ("ACCOUNT_EMAIL_VERIFICATION", "optional")];
    let stack = Stack::start(&settings).await;
    sign_up(&stack.app(), EMAIL).await.is(200);
    stack.inbox.take().await;
    let owner = stack.app();
    dummy(&owner, "login", ann(true)).await.is_logged_in_as(EMAIL);
    assert_eq!(owner.get("account/email").await.body["data"][0]["verified"], true);
    owner.post("account/password/change", json!({"new_password": NEW_PASSWORD})).await.is(200);
    dummy(&owner, "connect", json!({"id": 7})).await.is(200);
    owner.post("account/email", json!({"email": "other@example.com"})).await.is(200);
    for id in [1, 2] {
        let comes = json!({"id": id, "email": EMAIL, "email_verified": true});
        let other = stack.app();
        dummy(&other, "login", comes).await.is_logged_in_as(EMAIL);
        assert_eq!(providers(&other).await, ["dummy 7"]);
        assert_eq!(other.get("account/email").await.body["data"].as_array().unwrap().len(), 2);
        owner.get("auth/session").await.is_logged_in_as(EMAIL);
        log_in(&stack.app(), EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

/// A number is as good as an address to show whose an account is; one that is not verified goes, also where it is required.
#[tokio::test]
async fn an_account_with_a_number_is_somebodys() {
    const PHONE: &str = "+31612345678";
    let settings = [
        ("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*"),
        UNLIMITED,
    ];
    for verified in [true, false] {
        let stack = Stack::start(&settings).await;
        let owner = stack.app();
        let new = json!({"email": EMAIL, "phone": PHONE, "password": PASSWORD});
        owner.post("auth/signup", new).await.awaits("verify_phone");
        if verified {
            let code = stack.inbox.only(PHONE).await.code();
            owner.post("auth/phone/verify", json!({"code": code})).await.is_logged_in_as(EMAIL);
        }
        let other = stack.app();
        let entered = dummy(&other, "login", ann(true)).await;
        let back = stack.app();
        let answer = log_in(&back, EMAIL, PASSWORD).await;
        if verified {
            entered.awaits("provider_signup");
            owner.get("auth/session").await.is_logged_in_as(EMAIL);
            answer.is_logged_in_as(EMAIL);
            assert_eq!(back.get("account/phone").await.body["data"][0]["phone"], PHONE);
        } else {
            entered.is_logged_in_as(EMAIL);
            assert_eq!(other.get("account/phone").await.body["data"], json!([]));
            let code = stack.inbox.take().await.iter().find(|mail| mail.to == PHONE).unwrap().code();
            owner.post("auth/phone/verify", json!({"code": code})).await.refuses(&["code: incorrect_code"]);
            answer.refuses(&["password: email_password_mismatch"]);
        }
    }
}

/// Whoever has verified an address of their own is somebody: one that they wrote down besides does not lead to them.
#[tokio::test]
async fn an_address_that_somebody_wrote_down_does_not_lead_to_their_account() {
    let stack = Stack::start(&[("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true")]).await;
    stack.add_user("thief@example.com").await;
    let thief = stack.app();
    log_in(&thief, "thief@example.com", PASSWORD).await.is(200);
    thief.post("account/email", json!({"email": EMAIL})).await.is(200);
    stack.inbox.take().await;
    let owner = stack.app();
    dummy(&owner, "login", ann(true)).await.is_logged_in_as(EMAIL);
    thief.get("auth/session").await.is_logged_in_as("thief@example.com");
    log_in(&stack.app(), "thief@example.com", PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_as_well() {
    for kind in Kind::ALL {
        let stack = Stack::start(&PATIENT).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        let app = add_app(&client, EMAIL).await;
        dummy(&client, "connect", json!({"id": 1})).await.is(200);
        let other = stack.client(kind);
        dummy(&other, "login", json!({"id": 1})).await.awaits("mfa_authenticate");
        let answer = other.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await;
        assert_eq!(answer.is_logged_in_as(EMAIL).methods(), ["socialaccount", "mfa"]);
    }
}

// Connecting

#[tokio::test]
async fn connecting_and_disconnecting() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        assert_eq!(dummy(&client, "connect", json!({"id": 1})).await.status, 403);
        client.get("account/providers").await.is_anonymous();
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        dummy(&client, "connect", json!({"id": 1, "username": "ann"})).await.is_logged_in_as(EMAIL);
        stack.inbox.only(EMAIL).await;
        dummy(&client, "connect", json!({"id": 1, "username": "anna"})).await.is(200);
        let shown = client.get("account/providers").await;
        assert_eq!(shown.body["data"][0]["display"], "anna");
        let wrong = json!({"provider": "dummy", "account": "2"});
        client.delete_with("account/providers", wrong).await.refuses(&["account_not_found"]);
        client
            .delete_with("account/providers", json!({}))
            .await
            .refuses(&["provider: required", "account: required"]);
        client.delete_with("account/providers", json!({"provider": "dummy", "account": "1"})).await.is(200);
        assert!(stack.dynamodb.keys("SOCIAL#").await.is_empty());
        dummy(&stack.client(kind), "login", json!({"id": 1})).await.awaits("provider_signup");
    }
}

#[tokio::test]
async fn what_belongs_to_another_is_not_connected() {
    let stack = Stack::start(&[]).await;
    dummy(&stack.app(), "login", ann(true)).await.is(200);
    stack.add_user("ben@example.com").await;
    let client = stack.app();
    log_in(&client, "ben@example.com", PASSWORD).await.is(200);
    dummy(&client, "connect", ann(true)).await.refuses(&["connected_other"]);
    dummy(&client, "login", ann(true)).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn what_would_log_in_to_another_account_is_not_connected() {
    for (trusting, errors) in [("true", &["connected_other"][..]), ("false", &[])] {
        let settings = [("SOCIALACCOUNT_EMAIL_AUTHENTICATION", trusting)];
        let stack = Stack::start(&settings).await;
        stack.add_user(EMAIL).await;
        stack.add_user("ben@example.com").await;
        let client = stack.app();
        log_in(&client, "ben@example.com", PASSWORD).await.is(200);
        assert_eq!(dummy(&client, "connect", ann(true)).await.errors(), errors);
        let own = json!({"id": 2, "email": "ben@example.com", "email_verified": true});
        dummy(&client, "connect", own).await.is(200);
    }
}

#[tokio::test]
async fn the_only_way_to_log_in_stays() {
    let stack = Stack::start(&[]).await;
    let client = stack.app();
    dummy(&client, "login", ann(true)).await.is(200);
    let account = json!({"provider": "dummy", "account": "1"});
    client.delete_with("account/providers", account.clone()).await.refuses(&["no_password"]);
    dummy(&client, "connect", json!({"id": 2})).await.is(200);
    client.delete_with("account/providers", account).await.is(200);
    assert_eq!(providers(&client).await, ["dummy 2"]);
}

#[tokio::test]
async fn an_account_is_connected_to_so_many_services_only() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for id in 0..25 {
        dummy(&client, "connect", json!({"id": id})).await.is(200);
    }
    dummy(&client, "connect", json!({"id": 25})).await.refuses(&["max_social_accounts"]);
    dummy(&client, "connect", json!({"id": 24})).await.is(200);
}

// By redirect

#[tokio::test]
async fn the_dummy_asks_who_somebody_is() {
    let stack = Stack::start(&[]).await;
    let browser = stack.browser();
    let page = depart(&browser, "dummy", "login").await;
    let shown = browser.get(&page).await.is(200).text.clone();
    // Tests of frontends look for these, as with the reference.
    for label in [
        "Account ID",
        "Email",
        "Email verified",
        "Username",
        "First name",
        "Last name",
        "Phone",
        "Phone verified",
    ] {
        let name = label.to_lowercase().replace("account ", "").replace(' ', "_");
        assert!(shown.contains(&format!("<label for=\"id_{name}\">{label}:</label>")), "{label}: {shown}");
        assert!(shown.contains(&format!("name=\"{name}\" id=\"id_{name}\"")), "{label}: {shown}");
    }
    assert!(shown.contains(">Login</button>") && shown.contains(">Cancel</button>"), "{shown}");
    // What can't be right is asked again, says what is wrong, keeps what was given, and uses nothing up.
    for (id, email, wrong) in [
        ("x", "", "Enter a whole number."),
        ("", "", "This field is required."),
        ("1", "\"><script>", "Enter a valid email address."),
    ] {
        let again = submit(&browser, &page, &[("id", id), ("email", email), ("last_name", "\"<Lee>")]).await;
        assert!(again.is(200).text.contains(&format!("<li>{wrong}</li>")), "{}", again.text);
        assert!(again.text.contains("value=\"&quot;&lt;Lee&gt;\""), "{}", again.text);
        assert!(!again.text.contains("<script>"), "{}", again.text);
    }
    has_landed(&submit(&browser, &page, &[("id", "1"), ("email", EMAIL), ("email_verified", "on")]).await);
    browser.get("auth/session").await.is_logged_in_as(EMAIL);
    assert_eq!(submit(&browser, &page, &[("id", "1")]).await.status, 403);
    let page = depart(&browser, "dummy", "login").await;
    let answer = submit(&browser, &page, &[("action", "cancel")]).await;
    assert_eq!(landing(&answer).1.as_deref(), Some("cancelled"));
    assert_eq!(submit(&browser, &page, &[("id", "1")]).await.status, 403);
}

/// A form with `enctype="multipart/form-data"`, or `FormData`.
#[tokio::test]
async fn a_multipart_form_is_read() {
    let stack = Stack::start(&[]).await;
    let browser = stack.browser();
    browser.get("config").await;
    let secret = browser.cookie("csrftoken").unwrap();
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let fields = [part("provider", "dummy"), part("process", "login"), part("callback_url", BACK)].concat();
    let kind = ("content-type", "multipart/form-data; boundary=b");
    let token = part("csrfmiddlewaretoken", &secret);
    for (headers, body) in [
        (vec![kind, ("x-csrftoken", "")], format!("{fields}{token}--b--\r\n")),
        (vec![kind], format!("{fields}--b--\r\n")),
    ] {
        let answer = browser.send(Method::POST, "auth/provider/redirect", &headers, body).await;
        assert_eq!(landing(&answer).0, "/accounts/dummy/authenticate/", "{headers:?}");
    }
    // What is cut off, or of another boundary, has no fields at all.
    for body in [format!("{fields}{token}"), fields.replace("--b", "--c"), String::new()] {
        let headers = [kind, ("x-csrftoken", "")];
        browser.send(Method::POST, "auth/provider/redirect", &headers, body).await.is(403);
    }
    // No other endpoint reads forms.
    browser.send(Method::POST, "auth/login", &[kind], format!("{fields}--b--\r\n")).await.is(400);
}

#[tokio::test]
async fn the_frontend_must_say_where_it_is() {
    let stack =
        Stack::start(&[("CSRF_TRUSTED_ORIGINS", "http://localhost:3000,https://*.example.com")]).await;
    let browser = stack.browser();
    for (url, fine) in [
        ("http://localhost:3000/x", true),
        ("https://a.example.com/x", true),
        ("/x", true),
        ("https://evil.example/", false),
        ("//evil.example/", false),
        ("https://a.example.com@evil.example/", false),
        ("javascript:alert(1)", false),
        ("", false),
    ] {
        let form = [("provider", "dummy"), ("process", "login"), ("callback_url", url)];
        let answer = submit(&browser, "auth/provider/redirect", &form).await;
        assert_eq!(landing(&answer).1.is_none(), fine, "{url}");
    }
    // JSON is no form, and neither the token nor the cookie alone is enough.
    let json = json!({"provider": "dummy", "process": "login", "callback_url": BACK});
    assert_eq!(landing(&browser.post("auth/provider/redirect", json).await).1.as_deref(), Some("unknown"));
    let form = "provider=dummy&process=login&callback_url=%2Fx";
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let forged = [kind, ("x-csrftoken", "")];
    browser.send(Method::POST, "auth/provider/redirect", &forged, form).await.is(403);
    let form = format!("{form}&csrfmiddlewaretoken={}", browser.cookie("csrftoken").unwrap());
    assert_eq!(browser.send(Method::POST, "auth/provider/redirect", &forged, form).await.status, 302);
}

#[tokio::test]
async fn a_browser_goes_to_a_service_and_comes_back() {
    let idp = IdentityProvider::start().await;
    let providers_setting = openid_connect(&[("club", &idp)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &providers_setting)]).await;
    let browser = stack.browser();
    let claims = json!({"sub": "ann", "email": EMAIL, "email_verified": true, "name": "Ann Lee"});
    for _ in 0..2 {
        let location = depart(&browser, "club", "login").await;
        let asked = query_of(&location);
        assert_eq!(asked["redirect_uri"], format!("http://{}{CALLBACK}", stack.api));
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = idp.consent(&location, claims.clone());
        let token = browser.token();
        has_landed(&arrive(&browser, CALLBACK, &asked["state"], &code).await);
        assert_ne!(browser.token(), token, "the token changes with the privilege");
        let answer = browser.get("auth/session").await;
        assert_eq!(answer.is_logged_in_as(EMAIL).body["data"]["methods"][0]["provider"], "club");
        assert_eq!(providers(&browser).await, ["club ann"]);
        // Another time.
        is_refused(&arrive(&browser, CALLBACK, &asked["state"], &code).await);
        browser.get("auth/session").await.is_logged_in_as(EMAIL);
    }
    let stored = serde_json::to_string(&stack.dynamodb.items().await).unwrap();
    assert!(!stored.contains("refresh-code"), "tokens are kept where they are asked for only");
}

/// As `LinkedIn`.
#[tokio::test]
async fn a_service_that_knows_neither_pkce_nor_nonce_can_be_configured() {
    let idp = IdentityProvider::start().await;
    idp.lie("nonce", Value::Null);
    let mut app = idp.app("club");
    app["settings"]["token_auth_method"] = json!("client_secret_post");
    app["settings"]["oauth_pkce_enabled"] = json!(false);
    let setting = json!({"openid_connect": {"APPS": [app]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let asked = query_of(&location);
    assert!(!asked.contains_key("code_challenge"), "{location}");
    let code = idp.consent(&location, json!({"sub": 35, "email": EMAIL, "email_verified": "true"}));
    let thief = stack.browser();
    depart(&thief, "club", "login").await;
    is_refused(&arrive(&thief, CALLBACK, &asked["state"], &code).await);
    has_landed(&arrive(&browser, CALLBACK, &asked["state"], &code).await);
    browser.get("auth/session").await.is_logged_in_as(EMAIL);
    assert_eq!(providers(&browser).await, ["club 35"]);
    is_refused(&arrive(&browser, CALLBACK, &asked["state"], &code).await);
    assert_eq!(idp.exchanges(), 1);
}

#[tokio::test]
async fn a_form_of_a_service_is_taken_as_a_query() {
    let idp = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &idp)]);
    let stack =
        Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), ("SESSION_COOKIE_SAMESITE", "Strict")]).await;
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
    let state = query_of(&location)["state"].clone();
    // A browser does not say who it is when another site submits a form.
    let stranger = stack.browser();
    let user = r#"{"name": {"firstName": "Ann"}, "email": "secret@example.com"}"#;
    let sent_on = submit(&stranger, CALLBACK, &[("state", &state), ("code", &code), ("user", user)]).await;
    assert_eq!(sent_on.status, 302);
    let here = sent_on.header("location")[0].to_owned();
    assert!(here.starts_with(CALLBACK), "{here}");
    // Addresses are kept, so there is no more in it than is read; and nobody else is told.
    assert_eq!(query_of(&here)["user"], r#"{"name":{"firstName":"Ann"}}"#);
    assert_eq!(sent_on.header("referrer-policy"), ["no-referrer"]);
    // Nor does it after that, where cookies are strict: a page of ours sends it here.
    let page = stranger.get(&here).await;
    assert!(page.is(200).text.contains("http-equiv=\"refresh\""), "{}", page.text);
    assert_eq!(page.header("referrer-policy"), ["no-referrer"]);
    has_landed(&browser.get(&format!("{here}&_redir=1")).await);
    is_refused(&stranger.get(&format!("{here}&_redir=1")).await);
}

#[tokio::test]
async fn a_state_is_bound_to_session_service_and_purpose() {
    let (club, other) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club), ("other", &other)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let claims = json!({"sub": "ann", "email": EMAIL, "email_verified": true});
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let state = query_of(&location)["state"].clone();
    let code = club.consent(&location, claims.clone());

    // Of another session, and of none.
    let thief = stack.browser();
    depart(&thief, "club", "login").await;
    is_refused(&arrive(&thief, CALLBACK, &state, &code).await);
    is_refused(&arrive(&stack.browser(), CALLBACK, &state, &code).await);
    // At another service.
    is_refused(&arrive(&browser, "/accounts/oidc/other/login/callback/", &state, &code).await);
    assert_eq!(arrive(&browser, "/accounts/oidc/nobody/login/callback/", &state, &code).await.status, 404);
    assert_eq!(arrive(&browser, "/accounts/club/login/callback/", &state, &code).await.status, 404);
    is_refused(&arrive(&browser, CALLBACK, "invented", &code).await);
    assert_eq!((club.exchanges(), other.exchanges()), (0, 0), "nobody was asked");
    // None of that used it up.
    has_landed(&arrive(&browser, CALLBACK, &state, &code).await);
    browser.get("auth/session").await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn a_service_is_connected_to_who_set_out() {
    let idp = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &idp)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    stack.add_user(EMAIL).await;
    let browser = stack.browser();
    // Nobody sets out to connect anything.
    let location = depart(&browser, "club", "connect").await;
    let code = idp.consent(&location, json!({"sub": "ann"}));
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    let answer = arrive(&browser, CALLBACK, &query_of(&location)["state"], &code).await;
    assert_eq!(landing(&answer).1.as_deref(), Some("permission_denied"));
    assert_eq!(providers(&browser).await, [""; 0]);

    let location = depart(&browser, "club", "connect").await;
    let code = idp.consent(&location, json!({"sub": "ann"}));
    has_landed(&arrive(&browser, CALLBACK, &query_of(&location)["state"], &code).await);
    assert_eq!(providers(&browser).await, ["club ann"]);
}

#[tokio::test]
async fn a_service_that_is_not_believed_is_named_in_the_log_only() {
    let logs = Logs::capture();
    let idp = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &idp)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let browser = stack.browser();
    for (claim, value, name) in [
        ("nonce", json!("another"), "wrong_nonce"),
        ("aud", json!("another"), "wrong_audience"),
        ("iss", json!("https://evil.example"), "wrong_issuer"),
        ("exp", json!(1), "expired"),
    ] {
        idp.lie(claim, value);
        let location = depart(&browser, "club", "login").await;
        let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
        let state = query_of(&location)["state"].clone();
        let answer = arrive(&browser, CALLBACK, &state, &code).await;
        is_refused(&answer);
        assert!(logs.own().contains(&format!("error=\"{name}\"")), "{name}: {}", logs.own());
        for secret in [&state, &code] {
            assert!(!logs.own().contains(secret.as_str()), "{}", logs.own());
        }
        browser.get("auth/session").await.is_anonymous();
    }
    // Somebody who changed their mind there.
    let state = query_of(&depart(&browser, "club", "login").await)["state"].clone();
    let answer = browser.get(&format!("{CALLBACK}?state={state}&error=access_denied")).await;
    assert_eq!(landing(&answer), ("http://localhost:3000/back".into(), Some("cancelled".into())));
    is_refused(&arrive(&browser, CALLBACK, &state, "code").await);
}

#[tokio::test]
async fn why_a_service_sent_somebody_back_is_in_the_log() {
    let logs = Logs::capture();
    let setting = json!({"dingtalk": {"APPS": [{"client_id": "x", "secret": "x"}]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let browser = stack.browser();
    let callback = "/accounts/dingtalk/login/callback/";
    let mut state = String::new();
    for (brought, why) in [
        ("error=invalid_scope", "the provider reported: invalid_scope"),
        ("error=a%0Ab", "the provider reported: something that is no error code"),
        ("", "error=\"no_code\""),
        // This service calls it otherwise.
        ("code=x", "error=\"no_code\""),
    ] {
        state = query_of(&depart(&browser, "dingtalk", "login").await)["state"].clone();
        let before = logs.own().len();
        is_refused(&browser.get(&format!("{callback}?state={state}&{brought}")).await);
        assert!(logs.own()[before..].contains(why), "{}", logs.own());
    }
    let before = logs.own().len();
    is_refused(&arrive(&browser, callback, &state, "x").await);
    assert!(logs.own()[before..].contains("error=\"unknown_state\""), "{}", logs.own());
    assert!(!logs.own().contains(&state), "{}", logs.own());
}

#[tokio::test]
async fn ten_tabs_can_be_on_their_way() {
    let idp = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &idp)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let browser = stack.browser();
    let mut locations = Vec::new();
    for _ in 0..11 {
        locations.push(depart(&browser, "club", "login").await);
    }
    let claims = json!({"sub": "ann", "email": EMAIL, "email_verified": true});
    let mut codes = locations.iter().map(|location| idp.consent(location, claims.clone()));
    is_refused(&arrive(&browser, CALLBACK, &query_of(&locations[0])["state"], &codes.next().unwrap()).await);
    // Logging in with one leaves the others on their way, as they are the same person's.
    for (location, code) in locations[1..].iter().zip(codes) {
        has_landed(&arrive(&browser, CALLBACK, &query_of(location)["state"], &code).await);
    }
}

#[tokio::test]
async fn tokens_are_kept_encrypted_where_they_are_kept() {
    let idp = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &idp)]);
    let stack =
        Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), ("SOCIALACCOUNT_STORE_TOKENS", "true")]).await;
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
    has_landed(&arrive(&browser, CALLBACK, &query_of(&location)["state"], &code).await);
    let items = serde_json::to_string(&stack.dynamodb.items().await).unwrap();
    assert!(items.contains("tokens"), "{items}");
    assert!(!items.contains("refresh-code"), "{items}");
}

#[tokio::test]
async fn an_id_token_is_good_for_its_client_and_its_service() {
    let (club, other) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club), ("other", &other)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let claims = json!({"sub": "ann", "email": EMAIL, "email_verified": true, "jti": "once"});
    let body = |id_token: &str| json!({"provider": "club", "process": "login", "token": {"client_id": CLIENT_ID, "id_token": id_token}});
    let of_another = other.id_token(&claims);
    stack.app().post("auth/provider/token", body(&of_another)).await.refuses(&["token: invalid_token"]);
    let good = club.id_token(&claims);
    let (signed, _) = good.rsplit_once('.').unwrap();
    stack
        .app()
        .post("auth/provider/token", body(&format!("{signed}.")))
        .await
        .refuses(&["token: invalid_token"]);
    stack.app().post("auth/provider/token", body(&good)).await.is_logged_in_as(EMAIL);
    // It says that it is to be used once.
    stack.app().post("auth/provider/token", body(&good)).await.refuses(&["token: invalid_token"]);
}

#[tokio::test]
async fn somebody_signs_up_with_the_token_of_a_hidden_app() {
    let phone = IdentityProvider::start().await;
    let mut app = phone.app("phone");
    app["settings"]["hidden"] = json!(true);
    let setting = json!({"openid_connect": {"APPS": [app]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), BY_CODE]).await;
    let client = stack.app();
    let token = json!({"client_id": CLIENT_ID, "id_token": phone.id_token(&json!({"sub": "ann"}))});
    let body = json!({"provider": "phone", "process": "login", "token": token});
    client.post("auth/provider/token", body).await.awaits("provider_signup");
    let shown = client.get("auth/provider/signup").await;
    assert_eq!(shown.is(200).body["data"]["account"]["provider"]["name"], "The phone");
    client.post("auth/provider/signup", json!({"email": EMAIL})).await.awaits("verify_email");
    let code = stack.inbox.only(EMAIL).await.code();
    client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(EMAIL);
    assert_eq!(providers(&client).await, ["phone ann"]);
}

/// Hidden from lists, but good for whoever names it.
#[tokio::test]
async fn a_hidden_app_is_listed_nowhere_and_can_be_used() {
    let idp = IdentityProvider::start().await;
    let mut app = idp.app("club");
    app["settings"]["hidden"] = json!(true);
    let setting = json!({"openid_connect": {"APPS": [app]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        assert!(!client.get("config").await.text.contains("club"));
        assert!(!client.get("auth/session").await.text.contains("club"));
    }
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
    has_landed(&arrive(&browser, CALLBACK, &query_of(&location)["state"], &code).await);
    browser.get("auth/session").await.is_logged_in_as(EMAIL);
    assert_eq!(providers(&browser).await, ["club ann"]);
}

#[tokio::test]
async fn callbacks_of_openid_connect_may_have_no_prefix() {
    for (prefix, callback) in [
        ("", "/accounts/club/login/callback/"),
        ("null", "/accounts/club/login/callback/"),
        ("sso", "/accounts/sso/club/login/callback/"),
    ] {
        let idp = IdentityProvider::start().await;
        let setting = openid_connect(&[("club", &idp)]);
        let stack = Stack::start(&[
            ("SOCIALACCOUNT_PROVIDERS", &setting),
            ("SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX", prefix),
        ])
        .await;
        let browser = stack.browser();
        let location = depart(&browser, "club", "login").await;
        let asked = query_of(&location);
        assert_eq!(asked["redirect_uri"], format!("http://{}{callback}", stack.api), "{prefix:?}");
        let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
        has_landed(&arrive(&browser, callback, &asked["state"], &code).await);
        browser.get("auth/session").await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn an_odd_token_of_the_dummy_is_refused() {
    let stack = Stack::start(&[]).await;
    for id_token in [
        "",
        "x",
        "[]",
        "null",
        "{}",
        "1",
        r#"{"id": null}"#,
        r#"{"id": {}}"#,
        r#"{"id": "1", "email": []"#,
        &"[".repeat(10_000),
    ] {
        let token = json!({"provider": "dummy", "process": "login", "token": {"id_token": id_token}});
        let answer = stack.app().post("auth/provider/token", token).await;
        assert_eq!(answer.is(400).errors().len(), 1, "{id_token}");
    }
    let long = json!({"id": "9".repeat(192)});
    dummy(&stack.app(), "login", long).await.refuses(&["token: invalid_token"]);
}

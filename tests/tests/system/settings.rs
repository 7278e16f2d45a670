//! Settings stop the start when they are wrong, and do what they say when they are right.

use http::Method;
use serde_json::json;
use vestibule_tests::identity_provider::query_of;

use crate::{PASSWORD, Stack, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

#[tokio::test]
async fn wrong_settings_stop_the_start_all_at_once() {
    let wrong = [
        ("ACCOUNT_EMAIL_VERIFICATION", "maybe"),
        ("ACCOUNT_LOGIN_METHODES", "email"),
        ("ACCOUNT_LOGIN_TIMEOUT", "soon"),
        ("ACCOUNT_RATE_LIMITS", r#"{"login": "often"}"#),
        ("HEADLESS_ONLY", "false"),
        ("SESSION_COOKIE_SAMESITE", "Loose"),
    ];
    let error = match Stack::try_start(&wrong).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    for (name, value) in wrong {
        let line =
            error.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {error}"));
        assert!(line.contains(value) || name == "ACCOUNT_LOGIN_METHODES", "{line}");
    }
    assert!(error.contains("ACCOUNT_LOGIN_METHODS"), "a suggestion: {error}");
}

#[tokio::test]
async fn contradictions_stop_the_start() {
    for settings in [
        &[("ACCOUNT_EMAIL_VERIFICATION", "optional"), ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]
            [..],
        &[("ACCOUNT_EMAIL_VERIFICATION", "mandatory"), ("ACCOUNT_SIGNUP_FIELDS", "username*,password1*")],
        &[("SESSION_COOKIE_SAMESITE", "None"), ("SESSION_COOKIE_SECURE", "false")],
    ] {
        assert!(Stack::try_start(settings).await.is_err(), "{settings:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_key_is_not_repeated() {
    let error = match Stack::try_start(&[("SECRET_KEY", "short"), ("ACCOUNT_LOGIN_TIMEOUT", "soon")]).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    assert!(!error.contains("short\"") && !error.contains("=short"), "{error}");
}

#[tokio::test]
async fn cookies_are_as_they_are_set() {
    let stack = Stack::start(&[
        ("SESSION_COOKIE_NAME", "sid"),
        ("SESSION_COOKIE_AGE", "3600"),
        ("SESSION_COOKIE_PATH", "/_allauth"),
        ("SESSION_COOKIE_SAMESITE", "Strict"),
        ("CSRF_COOKIE_NAME", "token"),
        ("CSRF_HEADER_NAME", "HTTP_X_TOKEN"),
    ])
    .await;
    stack.add_user(EMAIL).await;
    let client = stack.browser();
    client.get("config").await;
    let token = client.cookie("token").unwrap();
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let answer = client.send(Method::POST, "auth/login", &[("x-token", &token)], body).await;
    answer.is(200);
    let cookies = answer.header("set-cookie");
    let session = cookies.iter().find(|line| line.starts_with("sid=")).unwrap();
    assert!(session.ends_with("; Max-Age=3600; Path=/_allauth; HttpOnly; SameSite=Strict"), "{session}");
}

#[tokio::test]
async fn links_lead_where_the_settings_say() {
    for (page, begins, ends) in [
        ("https://app.example.com/v/{key}", "https://app.example.com/v/", ""),
        ("https://app.example.com/v?key={key}&x=1", "https://app.example.com/v?key=", "&x=1"),
        ("myapp://verify/{key}", "myapp://verify/", ""),
    ] {
        let pages = json!({"account_confirm_email": page}).to_string();
        let stack = Stack::start(&[("HEADLESS_FRONTEND_URLS", &pages)]).await;
        let client = stack.app();
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let mail = stack.inbox.only(EMAIL).await;
        let link = mail.text.split_whitespace().find(|word| word.starts_with(begins));
        let link = link.unwrap_or_else(|| panic!("{}", mail.text));
        let key = link.strip_prefix(begins).unwrap().strip_suffix(ends).unwrap().replace("%3A", ":");
        client.post("auth/email/verify", json!({"key": key})).await.is(401);
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn no_mail_names_a_host_that_a_request_brought() {
    let pages = json!({
        "account_confirm_email": "/v/{key}",
        "account_reset_password": "/r",
        "account_reset_password_from_key": "/r/{key}",
        "account_signup": "/s",
    });
    for pages in [pages, json!({})] {
        let stack = Stack::start(&[
            ("FRONTEND_URL", "https://app.example.com/auth/"),
            ("HEADLESS_FRONTEND_URLS", &pages.to_string()),
        ])
        .await;
        let evil = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        let stranger = "stranger@example.com";
        for (path, body) in [
            ("auth/signup", json!({"email": EMAIL, "password": PASSWORD})),
            ("auth/signup", json!({"email": EMAIL, "password": PASSWORD})),
            ("auth/password/request", json!({"email": EMAIL})),
            ("auth/password/request", json!({"email": stranger})),
        ] {
            stack.app().send(Method::POST, path, &evil, body.to_string()).await;
        }
        let mails = stack.inbox.take().await;
        assert!(mails.len() >= 3, "{mails:#?}");
        for mail in mails {
            assert!(mail.text.contains("https://app.example.com/auth/"), "{}", mail.text);
            assert!(!mail.text.contains("evil") && !mail.subject.contains("evil"), "{}", mail.text);
            assert!(mail.subject.contains("app.example.com"), "{}", mail.subject);
        }
    }
}

#[tokio::test]
async fn names_of_older_allauths_still_work() {
    let stack = Stack::start(&[
        ("ACCOUNT_AUTHENTICATION_METHOD", "username"),
        ("ACCOUNT_USERNAME_REQUIRED", "true"),
        ("ACCOUNT_EMAIL_REQUIRED", "false"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
    ])
    .await;
    let answer = stack.app().get("config").await;
    assert_eq!(answer.body["data"]["account"]["login_methods"], json!(["username"]), "{}", answer.text);
    let signed_up = stack.app().post("auth/signup", json!({"username": "ann", "password": PASSWORD})).await;
    signed_up.is(200);
}

#[tokio::test]
async fn pages_elsewhere_may_send_and_read_what_clients_need() {
    let stack = Stack::start(&[
        ("CSRF_HEADER_NAME", "HTTP_X_XSRF_TOKEN"),
        ("CORS_ALLOW_HEADERS", r#"["X-Request-ID", "x-app-version"]"#),
    ])
    .await;
    let (browser, origin) = (stack.browser(), ("origin", "http://localhost:3000"));
    let preflight = [origin, ("access-control-request-method", "POST")];
    let answer = browser.send(Method::OPTIONS, "auth/login", &preflight, "").await;
    let allowed: Vec<&str> = answer.header("access-control-allow-headers")[0].split(',').collect();
    for name in [
        "x-xsrf-token",
        "x-request-id",
        "x-app-version",
        "content-type",
        "authorization",
        "x-session-token",
        "x-email-verification-key",
        "x-password-reset-key",
        "traceparent",
        "tracestate",
        "baggage",
        "sentry-trace",
        "x-requested-with",
    ] {
        assert!(allowed.contains(&name), "{name}: {allowed:?}");
    }
    assert!(allowed.iter().all(|name| !name.is_empty()), "{allowed:?}");
    let answer = browser.get_with("config", origin.0, origin.1).await;
    assert_eq!(answer.header("access-control-expose-headers"), ["retry-after,x-csrftoken"]);
}

/// API Gateway leads preflight requests to its `ANY` routes, and a browser goes on only after a 2xx.
#[tokio::test]
async fn preflights_of_every_route_succeed_and_read_nothing() {
    let stack = Stack::start(&[]).await;
    stack.dynamodb.tally();
    let routes = crate::template::template(&[]).api.routes;
    let paths = routes.iter().map(|route| route.path.replace("{client}", "browser").replace("{proxy+}", "x"));
    for path in paths.chain(["/elsewhere".to_owned()]) {
        let request = format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n\
             Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"
        );
        let answer = crate::raw(&stack.api, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 204 "), "{path}: {answer}");
        for header in
            ["access-control-allow-methods: GET,POST,PUT,PATCH,DELETE", "access-control-max-age: 7200"]
        {
            assert!(answer.contains(&format!("{header}\r\n")), "{path}: {answer}");
        }
    }
    assert_eq!(stack.dynamodb.tally().calls(), 0);
}

#[tokio::test]
async fn the_api_is_found_under_another_prefix_as_well() {
    for prefix in ["/auth/api/", "auth/api", "/api/v2/allauth/"] {
        let stack = Stack::start(&[("HEADLESS_URL_PREFIX", prefix)]).await;
        stack.add_user(EMAIL).await;
        let app = stack.app();
        let base = format!("/{}/app/v1", prefix.trim_matches('/'));
        app.get(&format!("{base}/config")).await.is(200);
        let login = json!({"email": EMAIL, "password": PASSWORD});
        app.post(&format!("{base}/auth/login"), login).await.is(200);
        app.get(&format!("{base}/auth/session?x=%2F")).await.is(200);
        app.get("auth/session").await.is(200);
        assert_eq!(app.get(&format!("{base}/nothing")).await.status, 404);
        assert_eq!(app.get("/auth/apis/app/v1/config").await.status, 404);
    }
    assert!(Stack::try_start(&[("HEADLESS_URL_PREFIX", "/a/../b/")]).await.is_err());
}

#[tokio::test]
async fn the_public_url_is_what_clients_know_the_api_by() {
    let google = r#"{"google": {"APP": {"client_id": "c", "secret": "s"}}}"#;
    let settings = [
        ("FRONTEND_URL", "https://example.com"),
        ("CSRF_TRUSTED_ORIGINS", "https://example.com"),
        ("MFA_SUPPORTED_TYPES", "totp,webauthn,recovery_codes"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
        ("SOCIALACCOUNT_PROVIDERS", google),
    ];
    let gateway = ("host", "abc123.execute-api.eu-west-1.amazonaws.com");
    let public = ("PUBLIC_URL", "https://Example.com/");
    let forwarded = ("x-forwarded-host", "example.com");
    let own = "http://abc123.execute-api.eu-west-1.amazonaws.com";
    for (more, headers, expected) in [
        (Some(public), vec![gateway], "https://example.com"),
        (Some(public), vec![gateway, ("x-forwarded-host", "evil.example")], "https://example.com"),
        (None, vec![gateway, forwarded], "https://example.com"),
        (None, vec![gateway, ("x-forwarded-host", "evil.example")], own),
        (None, vec![gateway, ("x-forwarded-host", "example.com, evil.example")], own),
        (None, vec![("host", "api.example.com")], "http://api.example.com"),
    ] {
        let settings: Vec<_> = settings.into_iter().chain(more).collect();
        let stack = Stack::start(&settings).await;
        let browser = stack.browser();
        browser.get("config").await;
        let form = "provider=google&process=login&callback_url=https%3A%2F%2Fexample.com%2Fcb";
        let fixed =
            [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://example.com")];
        let all: Vec<_> = fixed.into_iter().chain(headers.iter().copied()).collect();
        let answer = browser.send(Method::POST, "auth/provider/redirect", &all, form).await;
        let location = answer.header("location")[0];
        assert_eq!(query_of(location)["redirect_uri"], format!("{expected}/accounts/google/login/callback/"));
        let options = browser.send(Method::GET, "auth/webauthn/login", &headers, "").await;
        let rp = &options.is(200).body["data"]["request_options"]["publicKey"]["rpId"];
        assert_eq!(expected.split_once("://").unwrap().1, rp, "{headers:?}");
    }
    assert!(Stack::try_start(&[("PUBLIC_URL", "https://example.com/auth")]).await.is_err());
}

#[tokio::test]
async fn a_trusted_proxy_is_counted_as_allauth_counts_it() {
    for (count, expected) in
        [("0", "127.0.0.1"), ("1", "127.0.0.1"), ("2", "203.0.113.7"), ("3", "6.6.6.6"), ("4", "127.0.0.1")]
    {
        let stack = Stack::start(&[("ALLAUTH_TRUSTED_PROXY_COUNT", count)]).await;
        stack.add_user(EMAIL).await;
        let app = stack.app();
        let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
        let headers = [("x-forwarded-for", "6.6.6.6, 203.0.113.7")];
        app.send(Method::POST, "auth/login", &headers, body).await.is(200);
        assert_eq!(app.get("auth/sessions").await.body["data"][0]["ip"], expected, "{count}");
    }
}

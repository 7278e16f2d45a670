//! What other services say.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::Method;
use serde_json::Value;
use url::Url;
use vestibule::clock::Clock;
use vestibule::domain::hook::HookAnswer;
use vestibule::outside::{CaptchaClient, CaptchaVerdict, HttpClient, HttpRequest, HttpRules, captcha};

use crate::process::{run, settings};
use crate::service::Service;

const LOCAL: HttpRules =
    HttpRules { timeout: Duration::from_secs(2), private_ip_addresses: true, plain_http: true };

/// Reads a whole HTTP response.
pub fn http_response(data: &[u8]) {
    static SERVICE: LazyLock<Service> = LazyLock::new(Service::start);
    static CLIENT: LazyLock<HttpClient> = LazyLock::new(|| HttpClient::new(LOCAL));
    SERVICE.says("/", data);
    let url = Url::parse(&SERVICE.url).unwrap();
    let request = HttpRequest { method: Method::GET, url, headers: Vec::new(), body: Vec::new() };
    if let Ok(response) = run(CLIENT.send(request)) {
        assert!(!response.status.is_redirection(), "{}", response.status);
        assert!(response.body.len() <= 1024 * 1024, "{}", response.body.len());
    }
}

/// Reads the response of the bot check.
pub fn captcha(data: &[u8]) {
    static SERVICE: LazyLock<Service> = LazyLock::new(Service::start);
    static CLIENT: LazyLock<Arc<dyn CaptchaClient>> = LazyLock::new(|| {
        let settings = settings(&[
            ("CAPTCHA_PROVIDER", "turnstile"),
            ("CAPTCHA_SECRET", "a secret of the fuzz targets"),
            ("CAPTCHA_URL", &SERVICE.url),
            ("FRONTEND_URL", "https://www.example.com"),
            ("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", "true"),
        ]);
        captcha::client(&settings, Clock::system(), None).unwrap()
    });
    SERVICE.says_body("/", data);
    if run(CLIENT.verify("token", "192.0.2.1")) == CaptchaVerdict::Human {
        let said: Value = serde_json::from_slice(data).unwrap();
        assert_eq!(said["success"], true);
        assert!(said["hostname"].as_str().unwrap().eq_ignore_ascii_case("www.example.com"), "{said}");
    }
}

/// Reads the answer of the site's own hook.
pub fn hook(data: &[u8]) {
    if let Ok(HookAnswer::Refuse(error)) = HookAnswer::read(data) {
        assert!((1..=64).contains(&error.kind.code().len()), "{error:?}");
        let message = vestibule::http::language::english(&error.kind);
        assert!(
            (1..=200).contains(&message.chars().count()) && !message.contains(char::is_control),
            "{message:?}"
        );
    }
}

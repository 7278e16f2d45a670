//! A process as a function's: its settings, keys and texts, without a table.

use std::collections::HashMap;
use std::future::Future;
use std::sync::LazyLock;

use vestibule::app::{App, Requirements};
use vestibule::clock::Clock;
use vestibule::domain::time::Timestamp;
use vestibule::http::language;
use vestibule::settings::Settings;

/// The time in all targets, so that an input has one outcome.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);

/// Most settings that change what is read.
const VARIABLES: &[(&str, &str)] = &[
    ("SECRET_KEY", "a secret of the fuzz targets, which protects nothing"),
    ("FRONTEND_URL", "https://www.example.com"),
    ("CSRF_TRUSTED_ORIGINS", r#"["https://*.example.org", "https://a.example:8443"]"#),
    ("ALLOWED_HOSTS", r#"["api.example.com", ".example.net"]"#),
    ("LANGUAGES", "en,ar,de,pt-BR"),
    ("ACCOUNT_SIGNUP_FIELDS", r#"["email*", "username*", "phone", "password1*"]"#),
    ("ACCOUNT_USERNAME_BLACKLIST", r#"["admin", "Straße"]"#),
    ("MFA_SUPPORTED_TYPES", r#"["totp", "recovery_codes", "webauthn"]"#),
    ("ALLAUTH_TRUSTED_PROXY_COUNT", "2"),
    (
        "ACCOUNT_PROFILE_FIELDS",
        r#"{
            "name": {"type": "text", "max": 20},
            "plate": {"type": "text", "pattern": "[A-Z]{2}-\\d+"},
            "born": {"type": "date", "min": "1900-01-01"},
            "size": {"type": "integer", "min": -5, "max": 500},
            "color": {"type": "choice", "choices": ["red", "blue"], "default": "red"},
            "news": {"type": "boolean"},
            "terms": {"type": "consent", "version": "2026-11"}
        }"#,
    ),
];

/// The process.
pub static APP: LazyLock<App> = LazyLock::new(|| app(&[]));

/// One with settings besides the usual ones.
pub fn app(more: &[(&str, &str)]) -> App {
    let variables =
        VARIABLES.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables: HashMap<String, String> = variables.collect();
    let requirements = Requirements { table: false, texts: Some(language::load), ..Requirements::ALL };
    let mut app = run(App::start(variables, requirements)).unwrap_or_else(|error| panic!("{error}"));
    app.clock = Clock::new(|| NOW);
    app
}

/// Settings of these variables alone.
pub fn settings(variables: &[(&str, &str)]) -> Settings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(variables).unwrap_or_else(|error| panic!("{error}")).settings
}

/// Waits for a future.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

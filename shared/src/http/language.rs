//! The texts of responses: errors, and pages for people.

use std::borrow::Cow;
use std::sync::Arc;

use lambda_http::http::{HeaderMap, HeaderValue, header};
use lambda_http::{Body, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::domain::refusal::{FieldErrorKind, FieldErrors};
use crate::settings::Settings;
use crate::texts::{BuiltIn, LanguageFaults, Languages, Texts};

/// What answers to one client must not be kept for others.
pub const NOT_CACHED: &str = "max-age=0, no-cache, no-store, must-revalidate, private";

/// The file of a language.
const FILE: &str = "api.json";

const BUILT_IN: BuiltIn = &[
    ("en", include_str!("../../../languages/en/api.json")),
    ("ar", include_str!("../../../languages/ar/api.json")),
    ("de", include_str!("../../../languages/de/api.json")),
    ("es", include_str!("../../../languages/es/api.json")),
    ("fr", include_str!("../../../languages/fr/api.json")),
    ("pt-BR", include_str!("../../../languages/pt-BR/api.json")),
];

/// A validation error, an entry of `errors`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FieldError")]
pub struct FieldErrorJson {
    /// The message for people, in the language that the client prefers (`Accept-Language`) among the enabled ones.
    pub message: String,
    /// The error code.
    pub code: String,
    /// The field in error; absent for an error of the whole form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<Cow<'static, str>>,
}

/// The texts in the enabled languages.
///
/// # Errors
///
/// Everything that is wrong with an operator's own.
pub fn load(settings: &Settings) -> Result<Languages, LanguageFaults> {
    Languages::load(settings, BUILT_IN, FILE)
}

/// The texts in the language that a request prefers.
pub fn of<'a>(app: &'a App, headers: &HeaderMap) -> &'a Arc<Texts> {
    let accepted = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    app.languages.accepted(&accepted.collect::<Vec<_>>().join(","))
}

/// Errors, in their order.
pub fn errors(texts: &Texts, errors: &FieldErrors) -> Vec<FieldErrorJson> {
    let one = |error: &crate::domain::refusal::FieldError| FieldErrorJson {
        message: message(texts, &error.kind),
        code: error.kind.code().to_owned(),
        param: error.param.clone(),
    };
    errors.as_slice().iter().map(one).collect()
}

/// The text of an error.
pub fn message(texts: &Texts, error: &FieldErrorKind) -> String {
    if let FieldErrorKind::RefusedByHook { message, .. } = error {
        return message.clone();
    }
    let key = format!("errors.{}", error.text());
    texts.fill(&key, error.count(), false, |name| error.value(name))
}

/// The text of an error in English, for an operator.
pub fn english(error: &FieldErrorKind) -> String {
    message(&Texts::english(BUILT_IN), error)
}

/// The attributes of an HTML page in this language.
pub fn attributes(texts: &Texts) -> String {
    let tag = texts.language.as_ref().map_or("en", |language| language.tag());
    let direction = if texts.is_right_to_left() { " dir=\"rtl\"" } else { "" };
    format!("lang=\"{tag}\"{direction}")
}

/// The text of a key, as HTML has it.
pub fn html(texts: &Texts, key: &str) -> String {
    texts.get(key).replace('&', "&amp;").replace('<', "&lt;")
}

/// A response with a text in it: where there are several languages, it says which one this is, and on what that depends.
pub fn marked(texts: &Texts, mut response: Response<Body>) -> Response<Body> {
    let language = texts.language.as_ref().filter(|_| texts.is_negotiated);
    if let Some(language) = language.and_then(|language| HeaderValue::from_str(language.tag()).ok()) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, language);
        headers.append(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NOT_CACHED));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::refusal::UserAttribute;
    use crate::http::reply::Reply;
    use crate::texts;
    use FieldErrorKind as E;

    /// Every error.
    fn all() -> Vec<FieldErrorKind> {
        vec![
            E::Required,
            E::NotAnInteger,
            E::InvalidEmail,
            E::InvalidPhone,
            E::InvalidUsername,
            E::TooShort { min: 3, length: 1 },
            E::TooLong { max: 3, length: 4 },
            E::NullCharacters,
            E::NotAList,
            E::InvalidId("x".to_owned()),
            E::InvalidChoice("x".to_owned()),
            E::UnavailableChoice,
            E::InvalidJson,
            E::InvalidDate,
            E::PatternMismatch,
            E::TooSmall("1".to_owned()),
            E::TooLarge("9".to_owned()),
            E::ProfileTooLarge { max: 20, size: 30 },
            E::ReadOnlyField,
            E::UnknownField,
            E::PasswordTooShort(8),
            E::PasswordTooSimilar(UserAttribute::Username),
            E::PasswordTooSimilar(UserAttribute::Email),
            E::PasswordTooSimilar(UserAttribute::Phone),
            E::PasswordTooCommon,
            E::PasswordEntirelyNumeric,
            E::PasswordBreached,
            E::AccountInactive,
            E::CannotRemovePrimaryEmail,
            E::DuplicateEmail,
            E::EmailPasswordMismatch,
            E::PhonePasswordMismatch,
            E::UsernamePasswordMismatch,
            E::EmailTaken,
            E::EnterCurrentPassword,
            E::IncorrectCode,
            E::IncorrectPassword,
            E::InvalidOrExpiredKey,
            E::InvalidLogin,
            E::InvalidPasswordReset,
            E::MaxEmailAddresses(7),
            E::PhoneTaken,
            E::PhoneTakenAtSignup,
            E::TooManyLoginAttempts,
            E::UnknownEmail,
            E::UnknownPhone,
            E::UnverifiedPrimaryEmail,
            E::UsernameBlacklisted,
            E::UsernameTaken,
            E::SelectOnlyOne,
            E::SameAsCurrent,
            E::RateLimited,
            E::RefusedByHook { code: "closed".to_owned(), message: "We are closed.".to_owned() },
            E::BotCheckFailed,
            E::InvitedOther,
            E::EmailsDiffer,
            E::EmailDomainNotAllowed,
            E::AddEmailBlocked,
            E::CannotGenerateRecoveryCodes,
            E::UnverifiedEmail,
            E::MaxAuthenticators(7),
            E::EmailTakenElsewhere("%s".to_owned()),
            E::DisconnectLast,
            E::NoPassword,
            E::NoVerifiedEmail,
            E::ConnectedToOther,
            E::MaxSocialAccounts(7),
            E::AccountNotFound,
            E::ClientIdRequired,
            E::InvalidToken,
            E::TokenAuthenticationNotSupported,
            E::TokenRequired,
            E::UnknownEmailOfUser,
            E::UnknownProvider,
            E::InvalidUrl,
        ]
    }

    fn languages() -> Languages {
        let tags: Vec<&str> = BUILT_IN.iter().map(|(tag, _)| *tag).collect();
        let variables = [("LANGUAGES".to_owned(), tags.join(","))];
        load(&Settings::read(variables).unwrap().settings).unwrap()
    }

    #[test]
    fn the_sample_has_every_error() {
        let source = include_str!("../domain/refusal.rs");
        let (_, declared) = source.split_once("pub enum FieldErrorKind {").unwrap();
        let (declared, _) = declared.split_once("\n}").unwrap();
        let variant = |line: &str| {
            let name = line.strip_prefix("    ")?.split(['(', ' ', ',']).next()?;
            name.starts_with(|c: char| c.is_ascii_uppercase()).then(|| name.to_owned())
        };
        let declared: BTreeSet<String> = declared.lines().filter_map(variant).collect();
        let sampled: BTreeSet<String> = all()
            .iter()
            .map(|error| format!("{error:?}").split(['(', ' ']).next().unwrap().to_owned())
            .collect();
        assert_eq!(sampled, declared);
    }

    #[test]
    fn every_text_is_in_every_language_with_all_its_placeholders() {
        assert_eq!(texts::faults(BUILT_IN), [""; 0]);
    }

    #[test]
    fn every_error_has_a_text_and_fills_it_in_every_language() {
        for texts in languages().all() {
            let mut used = BTreeSet::new();
            let with_text = |error: &FieldErrorKind| !matches!(error, E::RefusedByHook { .. });
            let errors: Vec<_> = all().into_iter().filter(with_text).collect();
            for error in &errors {
                for count in [None, Some(0), Some(1), Some(2), Some(3), Some(11), Some(100), Some(1_000_000)]
                {
                    let key = format!("errors.{}", error.text());
                    let names = std::cell::RefCell::new(BTreeSet::new());
                    let text = texts.fill(&key, count.or(error.count()), false, |name| {
                        names.borrow_mut().insert(name.to_owned());
                        error.value(name)
                    });
                    assert_ne!(text, key, "{:?}", texts.language);
                    let unknown: Vec<_> =
                        names.into_inner().into_iter().filter(|name| error.value(name).is_none()).collect();
                    assert_eq!(unknown, [""; 0], "{text}");
                }
                used.insert(error.text());
            }
            let all: BTreeSet<&str> = texts.keys().filter_map(|key| key.strip_prefix("errors.")).collect();
            let unused: Vec<_> = all
                .into_iter()
                .filter(|key| {
                    !used.contains(key) && !used.iter().any(|used| key.starts_with(&format!("{used}_")))
                })
                .collect();
            assert_eq!(unused, [""; 0], "{:?}", texts.language);
        }
    }

    #[test]
    fn the_english_texts_of_the_reference() {
        let theirs: BTreeSet<(String, String)> =
            serde_json::from_str(include_str!("../../testdata/messages.json")).unwrap();
        let ours: BTreeSet<(String, String)> =
            all().iter().map(|error| (error.code().to_owned(), english(error).replace('7', "%d"))).collect();
        let missing: Vec<_> = theirs.difference(&ours).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn plural_forms_follow_the_language() {
        let languages = languages();
        let say = |accepted: &str, count| message(languages.accepted(accepted), &E::PasswordTooShort(count));
        assert!(say("en", 1).ends_with("at least 1 character."));
        assert!(say("en", 0).ends_with("at least 0 characters."));
        assert!(say("fr", 0).ends_with("au moins 0 caractère."));
        assert!(say("fr", 8).ends_with("au moins 8 caractères."));
        assert!(say("ar", 2).ends_with("على حرفين على الأقل."));
        assert!(say("ar", 8).ends_with("على \u{2068}8\u{2069} أحرف على الأقل."));
        assert!(say("ar", 12).ends_with("على \u{2068}12\u{2069} حرفًا على الأقل."));
    }

    #[test]
    fn values_are_no_placeholders() {
        let error = E::InvalidChoice("{{length}} {{value}}".to_owned());
        assert_eq!(
            english(&error),
            "Select a valid choice. {{length}} {{value}} is not one of the available choices."
        );
    }

    #[test]
    fn values_cannot_leave_their_isolation() {
        let languages = languages();
        let error = E::InvalidId("a\u{2069}\u{202e}b".to_owned());
        let text = message(languages.accepted("ar"), &error);
        assert!(text.contains("«\u{2068}ab\u{2069}»"), "{text}");
    }

    #[test]
    fn english_alone_is_written_as_the_reference_does() {
        let languages = load(&Settings::read([]).unwrap().settings).unwrap();
        let mut errors = FieldErrors::from(E::PhoneTakenAtSignup.of("phone"));
        errors.add(E::InvalidLogin.of_all());
        let response = Reply::invalid(errors).into_response(languages.accepted("de"));
        assert!(!response.headers().contains_key(header::VARY));
        assert!(!response.headers().contains_key(header::CONTENT_LANGUAGE));
        let Body::Text(body) = response.into_body() else { panic!("no text") };
        let expected = serde_json::json!({
            "status": 400,
            "errors": [
                {"message": "A user is already registered with this phone number.", "code": "", "param": "phone"},
                {"message": "Invalid login.", "code": "invalid_login"},
            ],
        });
        assert_eq!(body, expected.to_string());
    }

    #[test]
    fn a_response_with_a_text_names_its_language_and_one_without_does_not() {
        let languages = languages();
        let arabic = languages.accepted("ar-EG, de;q=0.5");
        let response = Reply::invalid(E::Required.of("email").into()).into_response(arabic);
        assert_eq!(response.headers()[header::CONTENT_LANGUAGE], "ar");
        assert_eq!(response.headers()[header::VARY], "Accept-Language, Cookie");
        assert_eq!(response.headers()[header::CACHE_CONTROL], NOT_CACHED);
        assert!(format!("{:?}", response.body()).contains("هذا الحقل مطلوب."));
        let plain = Reply::ok(1).into_response(arabic);
        assert!(!plain.headers().contains_key(header::VARY));
        assert!(!plain.headers().contains_key(header::CONTENT_LANGUAGE));
    }
}

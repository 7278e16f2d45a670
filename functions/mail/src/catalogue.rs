//! Which templates and texts there are, what each message is called, and which variables its templates get. The templates
//! that are compiled in are the defaults; this module knows nothing of those that replace them.

use std::collections::BTreeMap;

use chrono::DateTime;
use minijinja::Value;
use serde_json::Value as Json;
use vestibule::domain::email;
use vestibule::domain::message::{AccessChange, Envelope, Event, Message, Recipient, Removed};
use vestibule::settings::Settings;
use vestibule::texts::{BuiltIn, LanguageFaults, Languages};

use crate::letter::one_line;

macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

/// A template's file name and its text.
type Source = (&'static str, &'static str);

/// The templates that are compiled in: the layout, and one for each shape of a message.
const TEMPLATES: &[Source] = files![
    "base.html",
    "base.txt",
    "code.html",
    "code.txt",
    "link.html",
    "link.txt",
    "notification.html",
    "notification.txt",
    "sms.txt",
    "subject.txt",
];

/// Each mail, and the shape that its text and its HTML have.
const MAILS: &[(&str, &str)] = &[
    ("account_already_exists", "link"),
    ("account_connected", "notification"),
    ("account_deleted", "notification"),
    ("account_disconnected", "notification"),
    ("account_stripped", "notification"),
    ("changed_by_operator", "notification"),
    ("confirm_email", "link"),
    ("confirm_email_code", "code"),
    ("confirm_email_code_signup", "code"),
    ("confirm_email_signup", "link"),
    ("email_added", "notification"),
    ("email_changed", "notification"),
    ("email_deleted", "notification"),
    ("invitation", "link"),
    ("login_code", "code"),
    ("password_changed", "notification"),
    ("password_reset", "notification"),
    ("password_set", "notification"),
    ("phone_changed", "notification"),
    ("recovery_codes_generated", "notification"),
    ("reset_password", "link"),
    ("reset_password_code", "code"),
    ("totp_activated", "notification"),
    ("totp_deactivated", "notification"),
    ("unknown_account", "link"),
    ("webauthn_added", "notification"),
    ("webauthn_removed", "notification"),
];

const TEXTS: &[&str] =
    &["account_already_exists", "confirm_phone_code", "login_code", "reset_password_code", "unknown_account"];

/// The texts of messages, in the languages that are built in.
const BUILT_IN: BuiltIn = &[
    ("en", include_str!("../../../languages/en/mail.json")),
    ("ar", include_str!("../../../languages/ar/mail.json")),
    ("de", include_str!("../../../languages/de/mail.json")),
    ("es", include_str!("../../../languages/es/mail.json")),
    ("fr", include_str!("../../../languages/fr/mail.json")),
    ("pt-BR", include_str!("../../../languages/pt-BR/mail.json")),
];

/// The texts of messages in the enabled languages.
///
/// # Errors
///
/// Everything that is wrong with an operator's own.
pub fn languages(settings: &Settings) -> Result<Languages, LanguageFaults> {
    Languages::load(settings, BUILT_IN, "mail.json")
}

/// The texts of messages in English alone.
#[cfg(test)]
pub(crate) fn english() -> Languages {
    languages(&Settings::read([]).unwrap().settings).unwrap()
}

/// The templates that are compiled in.
pub(crate) fn compiled_in() -> impl Iterator<Item = Source> {
    TEMPLATES.iter().copied()
}

/// The parts of a mail, as its files end.
pub(crate) const MAIL_PARTS: [&str; 3] = ["subject.txt", "txt", "html"];
/// The one part of a text message.
pub(crate) const TEXT_PART: &str = "sms.txt";

/// The names that files of an operator may have.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let shared = TEMPLATES.iter().map(|(name, _)| (*name).to_owned());
    let mails = MAILS.iter().flat_map(|(kind, _)| MAIL_PARTS.map(|part| format!("{kind}.{part}")));
    shared.chain(mails).chain(TEXTS.iter().map(|kind| format!("{kind}.{TEXT_PART}")))
}

/// The template that is compiled in for a part of a message; none if there is no such message to this kind of recipient.
pub(crate) fn template(kind: &str, part: &str) -> Option<String> {
    if part == TEXT_PART {
        return TEXTS.contains(&kind).then(|| TEXT_PART.to_owned());
    }
    let (_, shape) = MAILS.iter().find(|(mail, _)| *mail == kind)?;
    Some(if part == "subject.txt" { part.to_owned() } else { format!("{shape}.{part}") })
}

/// What a message is called: its templates' file names begin with it, and logs and message tags carry it.
pub(crate) fn kind(message: &Message) -> &'static str {
    match message {
        Message::ConfirmEmail { signup: false, .. } => "confirm_email",
        Message::ConfirmEmail { signup: true, .. } => "confirm_email_signup",
        Message::ConfirmEmailCode { signup: false, .. } => "confirm_email_code",
        Message::ConfirmEmailCode { signup: true, .. } => "confirm_email_code_signup",
        Message::ConfirmPhoneCode { .. } => "confirm_phone_code",
        Message::LoginCode { .. } => "login_code",
        Message::ResetPassword { .. } => "reset_password",
        Message::ResetPasswordCode { .. } => "reset_password_code",
        Message::UnknownAccount { .. } => "unknown_account",
        Message::Invitation { .. } => "invitation",
        Message::AccountAlreadyExists { .. } => "account_already_exists",
        Message::Notification { event, .. } => match event {
            Event::PasswordChanged => "password_changed",
            Event::PasswordSet => "password_set",
            Event::PasswordReset => "password_reset",
            Event::EmailChanged { .. } => "email_changed",
            Event::EmailAdded { .. } => "email_added",
            Event::PhoneChanged { .. } => "phone_changed",
            Event::EmailDeleted { .. } => "email_deleted",
            Event::ProviderConnected { .. } => "account_connected",
            Event::ProviderDisconnected { .. } => "account_disconnected",
            Event::TotpActivated => "totp_activated",
            Event::TotpDeactivated => "totp_deactivated",
            Event::RecoveryCodesGenerated => "recovery_codes_generated",
            Event::WebauthnAdded => "webauthn_added",
            Event::WebauthnRemoved => "webauthn_removed",
            Event::AccountDeleted => "account_deleted",
            Event::AccountStripped { .. } => "account_stripped",
            Event::ChangedByOperator { .. } => "changed_by_operator",
        },
    }
}

/// What a message is sent for: a mail without it would be of no use, and nothing but its body may hold it.
pub(crate) fn secret(message: &Message) -> Option<(&'static str, &str)> {
    match message {
        Message::ConfirmEmail { url, .. } => Some(("activate_url", url)),
        Message::ResetPassword { url, .. } => Some(("password_reset_url", url)),
        Message::Invitation { url } => Some(("invitation_url", url)),
        Message::ConfirmEmailCode { code, .. }
        | Message::ConfirmPhoneCode { code }
        | Message::LoginCode { code }
        | Message::ResetPasswordCode { code } => Some(("code", code)),
        Message::UnknownAccount { .. }
        | Message::AccountAlreadyExists { .. }
        | Message::Notification { .. } => None,
    }
}

/// What a message's templates may use, by name; `fields` are the site's own. The names are those of allauth's templates
/// where it has the like. Each value is one line, so that no user agent can add paragraphs to a mail.
pub(crate) fn variables(envelope: &Envelope, fields: &[String]) -> BTreeMap<&'static str, Value> {
    let mut variables = BTreeMap::new();
    let mut set = |name, value: &str| {
        variables.insert(name, Value::from(one_line(value)));
    };
    set("site", &envelope.site);
    match &envelope.to {
        Recipient::Email(address) => set("email", &email::shown(address)),
        Recipient::Phone(number) => set("phone", number),
    }
    match &envelope.message {
        Message::ConfirmEmail { url, .. } => set("activate_url", url),
        Message::ConfirmEmailCode { code, .. }
        | Message::ConfirmPhoneCode { code }
        | Message::LoginCode { code }
        | Message::ResetPasswordCode { code } => set("code", code),
        Message::ResetPassword { url, username } => {
            set("password_reset_url", url);
            set("username", username.as_deref().unwrap_or_default());
        }
        Message::Invitation { url } => set("invitation_url", url),
        Message::UnknownAccount { signup_url } => set("signup_url", signup_url),
        Message::AccountAlreadyExists { password_reset_url } => set("password_reset_url", password_reset_url),
        Message::Notification { event, origin } => {
            set("timestamp", &readable(origin.at));
            set("ip", &origin.ip);
            set("user_agent", &origin.user_agent);
            match event {
                Event::EmailChanged { from, to } => {
                    set("from_email", &email::shown(from));
                    set("to_email", &email::shown(to));
                }
                Event::EmailAdded { email } => set("added_email", &email::shown(email)),
                Event::PhoneChanged { phone } => set("new_phone", phone),
                Event::EmailDeleted { email } => set("deleted_email", &email::shown(email)),
                Event::ProviderConnected { provider } | Event::ProviderDisconnected { provider } => {
                    set("provider", provider);
                }
                Event::AccountStripped { removed } => {
                    let removed: Vec<_> = removed.iter().map(one_removed).collect();
                    variables.insert("removed", Value::from(removed));
                }
                Event::ChangedByOperator { change } => {
                    variables.insert("changed", Value::from(vec![one_changed(change)]));
                }
                Event::PasswordChanged
                | Event::PasswordSet
                | Event::PasswordReset
                | Event::TotpActivated
                | Event::TotpDeactivated
                | Event::RecoveryCodesGenerated
                | Event::WebauthnAdded
                | Event::WebauthnRemoved
                | Event::AccountDeleted => {}
            }
        }
    }
    if matches!(envelope.message, Message::Notification { .. } | Message::ResetPassword { .. }) {
        variables.insert("profile", profile(envelope, fields));
    }
    variables
}

/// The values of the site's own fields; none for what the mail may not say.
fn profile(envelope: &Envelope, fields: &[String]) -> Value {
    let value = |name: &String| match envelope.profile.get(name) {
        Some(Json::String(text)) => Value::from(one_line(text)),
        Some(Json::Bool(is)) => Value::from(*is),
        Some(Json::Number(number)) => Value::from(number.as_i64()),
        _ => Value::from(()),
    };
    Value::from(fields.iter().map(|name| (name.clone(), value(name))).collect::<BTreeMap<String, Value>>())
}

/// What was taken away from an account: its kind, and the name that tells it from others of the kind.
fn one_removed(removed: &Removed) -> Value {
    let (kind, name) = match removed {
        Removed::Password => ("password", String::new()),
        Removed::Provider { provider } => ("provider", one_line(provider)),
        Removed::Email { email } => ("email", one_line(&email::shown(email))),
        Removed::Phone { number } => ("phone", number.clone()),
        Removed::Authenticators => ("authenticators", String::new()),
    };
    Value::from(BTreeMap::from([("kind", kind.to_owned()), ("name", name)]))
}

/// What an operator has changed, likewise.
fn one_changed(change: &AccessChange) -> Value {
    let (kind, name) = match change {
        AccessChange::Password => ("password", String::new()),
        AccessChange::EmailAdded { email } => ("email_added", one_line(&email::shown(email))),
        AccessChange::EmailVerified { email } => ("email_verified", one_line(&email::shown(email))),
        AccessChange::EmailPrimary { email } => ("email_primary", one_line(&email::shown(email))),
        AccessChange::Phone { number } => ("phone", number.clone()),
        AccessChange::Authenticators => ("authenticators", String::new()),
        AccessChange::Superuser => ("superuser", String::new()),
    };
    Value::from(BTreeMap::from([("kind", kind.to_owned()), ("name", name)]))
}

/// A time as people read it everywhere: `2026-03-04 15:06 UTC`.
fn readable(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map(|time| time.format("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let known: BTreeSet<String> = compiled_in().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(files, known);
    }

    #[test]
    fn every_text_is_in_every_language_with_all_its_placeholders() {
        assert_eq!(vestibule::texts::faults(BUILT_IN), [""; 0]);
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(readable(1_772_636_807), "2026-03-04 15:06 UTC");
        assert_eq!(readable(i64::MAX), "");
    }
}

//! A message of every kind, to check the templates with at start and in tests. What strangers can choose (user
//! agents, usernames) is hostile here.

use vestibule::domain::message::{AccessChange, Envelope, Event, Message, Origin, Recipient, Removed};
use vestibule::domain::profile::ProfileValues;

/// Markup as a stranger would plant it; no HTML may carry it as it is.
pub(crate) const HOSTILE: &str = "<script>alert('&')</script>";

const CONFIRM_URL: &str = "https://app.example.com/account/verify-email/Mzk:1vXyZ0:k3J-_8sQ?a=1&b=2";
const RESET_URL: &str = "https://app.example.com/account/password/reset/key/1f-ckq3t8-9b2e?a=1&b=2";
const INVITATION_URL: &str = "https://app.example.com/account/invitation#Mzk.k3J-_8sQ";
const SIGNUP_URL: &str = "https://app.example.com/account/signup";
const FORGOTTEN_URL: &str = "https://app.example.com/account/password/reset";
const CODE: &str = "BCDF-GHJK";

/// Every message to an email address, with each of its variants.
pub(crate) fn mails() -> Vec<Envelope> {
    let link = |signup| Message::ConfirmEmail { url: CONFIRM_URL.to_owned(), signup };
    let code = |signup| Message::ConfirmEmailCode { code: CODE.to_owned(), signup };
    let reset = |username: Option<&str>| Message::ResetPassword {
        url: RESET_URL.to_owned(),
        username: username.map(str::to_owned),
    };
    let notification = |event| Message::Notification { event, origin: origin() };
    [
        link(false),
        link(true),
        code(false),
        code(true),
        reset(None),
        reset(Some(HOSTILE)),
        Message::Invitation { url: INVITATION_URL.to_owned() },
        notification(Event::PasswordChanged),
        notification(Event::PasswordSet),
        notification(Event::PasswordReset),
        notification(Event::EmailChanged {
            from: "old.address@example.com".to_owned(),
            to: "new.address@example.com".to_owned(),
        }),
        notification(Event::EmailAdded { email: "spare@example.com".to_owned() }),
        notification(Event::PhoneChanged { phone: "+31612345678".to_owned() }),
        notification(Event::EmailDeleted { email: "spare@example.com".to_owned() }),
        notification(Event::ProviderConnected { provider: HOSTILE.to_owned() }),
        notification(Event::ProviderDisconnected { provider: "Example".to_owned() }),
        notification(Event::TotpActivated),
        notification(Event::TotpDeactivated),
        notification(Event::RecoveryCodesGenerated),
        notification(Event::WebauthnAdded),
        notification(Event::WebauthnRemoved),
        notification(Event::AccountDeleted),
        notification(Event::AccountStripped {
            removed: vec![
                Removed::Password,
                Removed::Provider { provider: HOSTILE.to_owned() },
                Removed::Email { email: "spare@example.com".to_owned() },
                Removed::Phone { number: "+31612345678".to_owned() },
                Removed::Authenticators,
            ],
        }),
    ]
    .into_iter()
    .chain(access_changes().map(|change| notification(Event::ChangedByOperator { change })))
    .chain(to_both())
    .map(|message| envelope(Recipient::Email("somebody@example.com".to_owned()), message))
    .collect()
}

/// Every change by an operator.
fn access_changes() -> [AccessChange; 7] {
    let email = "spare@example.com".to_owned();
    [
        AccessChange::Password,
        AccessChange::EmailAdded { email: email.clone() },
        AccessChange::EmailVerified { email: email.clone() },
        AccessChange::EmailPrimary { email },
        AccessChange::Phone { number: "+31612345678".to_owned() },
        AccessChange::Authenticators,
        AccessChange::Superuser,
    ]
}

/// Hostile values of these fields.
pub(crate) fn profile(fields: &[String]) -> ProfileValues {
    fields.iter().map(|name| (name.clone(), HOSTILE.into())).collect()
}

/// Every message to a phone.
pub(crate) fn texts() -> Vec<Envelope> {
    [Message::ConfirmPhoneCode { code: CODE.to_owned() }]
        .into_iter()
        .chain(to_both())
        .map(|message| envelope(Recipient::Phone("+31612345678".to_owned()), message))
        .collect()
}

/// The messages that go to addresses as well as to phones.
fn to_both() -> [Message; 4] {
    [
        Message::LoginCode { code: CODE.to_owned() },
        Message::ResetPasswordCode { code: CODE.to_owned() },
        Message::UnknownAccount { signup_url: SIGNUP_URL.to_owned() },
        Message::AccountAlreadyExists { password_reset_url: FORGOTTEN_URL.to_owned() },
    ]
}

fn origin() -> Origin {
    Origin { at: 1_772_636_807, ip: "2001:db8::17".to_owned(), user_agent: format!("Mozilla/5.0 {HOSTILE}") }
}

fn envelope(to: Recipient, message: Message) -> Envelope {
    let (id, site) = ("0197f0c2-sample".to_owned(), "auth.example.com".to_owned());
    Envelope { id, to, site, profile: ProfileValues::new(), language: None, message }
}

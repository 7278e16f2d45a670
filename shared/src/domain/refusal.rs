//! Validation errors: every error of the API, with the code and the text that clients know.
//!
//! The codes and texts are allauth's and Django's, to the letter, as frontends match on them. Flows and forms name errors
//! by variant; nothing else spells a text out. Which HTTP status goes with an error is not known here.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

/// The kind of a validation error of a field or form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    // Django: a form's fields.
    /// A required value is missing.
    Required,
    /// Not a whole number.
    NotAnInteger,
    /// Not an email address.
    InvalidEmail,
    /// Not a phone number in E.164 form.
    InvalidPhone,
    /// A username with invalid characters.
    InvalidUsername,
    /// Fewer code points than `min`.
    TooShort {
        /// The minimum.
        min: usize,
        /// The actual number.
        length: usize,
    },
    /// More code points than `max`.
    TooLong {
        /// The maximum.
        max: usize,
        /// The actual number.
        length: usize,
    },
    /// Text with a NUL character.
    NullCharacters,
    /// Not a list.
    NotAList,
    /// A list item that is not an id; the text repeats it.
    InvalidId(String),
    /// An unknown id in a list; the text repeats it.
    InvalidChoice(String),
    /// An unknown id.
    UnavailableChoice,
    /// Not JSON.
    InvalidJson,
    /// Not a date.
    InvalidDate,
    /// Text that does not match the pattern of its field.
    PatternMismatch,
    /// Less than this.
    TooSmall(String),
    /// More than this.
    TooLarge(String),

    // Vestibule: the profile.
    /// A profile of more bytes than `max`.
    ProfileTooLarge {
        /// The maximum.
        max: usize,
        /// The actual number.
        size: usize,
    },
    /// A field that users may not change.
    ReadOnlyField,
    /// A field that does not exist.
    UnknownField,

    // Django: `AUTH_PASSWORD_VALIDATORS`.
    /// A password of fewer code points than this.
    PasswordTooShort(usize),
    /// A password too similar to an attribute of its user, by the attribute's display name.
    PasswordTooSimilar(&'static str),
    /// A common password.
    PasswordTooCommon,
    /// An entirely numeric password.
    PasswordEntirelyNumeric,

    // Vestibule: passwords.
    /// A password that a data breach has made known.
    PasswordBreached,

    // allauth: accounts.
    /// The account is disabled.
    AccountInactive,
    /// The primary email address can't be removed.
    CannotRemovePrimaryEmail,
    /// The account has this email address already.
    DuplicateEmail,
    /// Unknown email address, or wrong password.
    EmailPasswordMismatch,
    /// Unknown phone number, or wrong password.
    PhonePasswordMismatch,
    /// Unknown username, or wrong password.
    UsernamePasswordMismatch,
    /// Another account has this email address.
    EmailTaken,
    /// Wrong current password at a password change.
    EnterCurrentPassword,
    /// Wrong code.
    IncorrectCode,
    /// Wrong password at a reauthentication.
    IncorrectPassword,
    /// An invalid or expired key of a link.
    InvalidOrExpiredKey,
    /// Not exactly one login identifier.
    InvalidLogin,
    /// An invalid, expired or used password reset key.
    InvalidPasswordReset,
    /// The account has the maximum number of email addresses.
    MaxEmailAddresses(u32),
    /// Another account has this phone number.
    PhoneTaken,
    /// Another account has this phone number, at sign-up: the error has no code.
    PhoneTakenAtSignup,
    /// Too many failed logins or code requests.
    TooManyLoginAttempts,
    /// No account has this email address; only without enumeration prevention.
    UnknownEmail,
    /// No account has this phone number; only without enumeration prevention.
    UnknownPhone,
    /// Only a verified email address can become primary while one is verified.
    UnverifiedPrimaryEmail,
    /// `ACCOUNT_USERNAME_BLACKLIST` has this username.
    UsernameBlacklisted,
    /// Another account has this username.
    UsernameTaken,
    /// Both an email address and a phone number were given.
    SelectOnlyOne,
    /// The new email address or phone number is the current one.
    SameAsCurrent,
    /// Too many requests.
    RateLimited,
    /// `email2` is not `email`; without a code.
    EmailsDiffer,

    // Vestibule: who can sign up.
    /// The bot check was not passed.
    BotCheckFailed,
    /// The invitation is for another email address.
    InvitedOther,
    /// `ACCOUNT_SIGNUP_DOMAINS` does not have the domain of this email address.
    EmailDomainNotAllowed,

    // allauth: second factors.
    /// An email address can't be added to an account with a second factor.
    AddEmailBlocked,
    /// Recovery codes need a second factor.
    CannotGenerateRecoveryCodes,
    /// A second factor can't be added while an email address is unverified.
    UnverifiedEmail,
    /// The account has the maximum number of authenticators. allauth has no such limit.
    MaxAuthenticators(usize),

    // allauth: other services.
    /// Another account has the email address of a provider sign-up.
    EmailTakenElsewhere(String),
    /// The last provider account can't be disconnected if there is no other way to log in.
    DisconnectLast,
    /// The last provider account can't be disconnected from an account without a password.
    NoPassword,
    /// The last provider account can't be disconnected while no email address is verified, as no password could be
    /// reset.
    NoVerifiedEmail,
    /// The provider account is connected to another account.
    ConnectedToOther,
    /// The account has the maximum number of provider accounts. allauth has no such limit.
    MaxSocialAccounts(usize),

    // allauth: the headless API.
    /// The user has no such provider account.
    AccountNotFound,
    /// A provider's token came without the `client_id` it was issued to.
    ClientIdRequired,
    /// A provider's token that is malformed, or that the provider does not accept.
    InvalidToken,
    /// The provider does not support the token flow.
    TokenAuthenticationNotSupported,
    /// A provider's token with neither `id_token` nor `access_token`.
    TokenRequired,
    /// The user has no such email address.
    UnknownEmailOfUser,
    /// The provider is unknown.
    UnknownProvider,
    /// A `callback_url` that may not be redirected to.
    InvalidUrl,
}

impl FieldErrorKind {
    /// The error code; empty for the two errors that have none.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::NotAnInteger
            | Self::InvalidEmail
            | Self::InvalidUsername
            | Self::InvalidJson
            | Self::InvalidDate
            | Self::PatternMismatch => "invalid",
            Self::TooSmall(_) => "min_value",
            Self::TooLarge(_) => "max_value",
            Self::ProfileTooLarge { .. } => "profile_too_large",
            Self::ReadOnlyField => "read_only",
            Self::UnknownField => "unknown_field",
            Self::InvalidPhone => "invalid_phone",
            Self::TooShort { .. } => "min_length",
            Self::TooLong { .. } => "max_length",
            Self::NullCharacters => "null_characters_not_allowed",
            Self::NotAList => "invalid_list",
            Self::InvalidId(_) => "invalid_pk_value",
            Self::InvalidChoice(_) | Self::UnavailableChoice => "invalid_choice",
            Self::PasswordTooShort(_) => "password_too_short",
            Self::PasswordTooSimilar(_) => "password_too_similar",
            Self::PasswordTooCommon => "password_too_common",
            Self::PasswordEntirelyNumeric => "password_entirely_numeric",
            Self::PasswordBreached => "password_breached",
            Self::AccountInactive => "account_inactive",
            Self::CannotRemovePrimaryEmail => "cannot_remove_primary_email",
            Self::DuplicateEmail => "duplicate_email",
            Self::EmailPasswordMismatch => "email_password_mismatch",
            Self::PhonePasswordMismatch => "phone_password_mismatch",
            Self::UsernamePasswordMismatch => "username_password_mismatch",
            Self::EmailTaken | Self::EmailTakenElsewhere(_) => "email_taken",
            Self::DisconnectLast => "disconnect_last",
            Self::NoPassword => "no_password",
            Self::NoVerifiedEmail => "no_verified_email",
            Self::ConnectedToOther => "connected_other",
            Self::MaxSocialAccounts(_) => "max_social_accounts",
            Self::EnterCurrentPassword => "enter_current_password",
            Self::IncorrectCode => "incorrect_code",
            Self::IncorrectPassword => "incorrect_password",
            Self::InvalidOrExpiredKey => "invalid_or_expired_key",
            Self::InvalidLogin => "invalid_login",
            Self::InvalidPasswordReset => "invalid_password_reset",
            Self::MaxEmailAddresses(_) => "max_email_addresses",
            Self::PhoneTaken => "phone_taken",
            Self::PhoneTakenAtSignup | Self::EmailsDiffer => "",
            Self::BotCheckFailed => "bot_check_failed",
            Self::InvitedOther => "invitation_for_other_email",
            Self::EmailDomainNotAllowed => "email_domain_not_allowed",
            Self::TooManyLoginAttempts => "too_many_login_attempts",
            Self::UnknownEmail | Self::UnknownEmailOfUser => "unknown_email",
            Self::UnknownPhone => "unknown_phone",
            Self::UnverifiedPrimaryEmail => "unverified_primary_email",
            Self::UsernameBlacklisted => "username_blacklisted",
            Self::UsernameTaken => "username_taken",
            Self::SelectOnlyOne => "select_only_one",
            Self::SameAsCurrent => "same_as_current",
            Self::RateLimited => "rate_limited",
            Self::AddEmailBlocked => "add_email_blocked",
            Self::CannotGenerateRecoveryCodes => "cannot_generate_recovery_codes",
            Self::UnverifiedEmail => "unverified_email",
            Self::MaxAuthenticators(_) => "max_authenticators",
            Self::AccountNotFound => "account_not_found",
            Self::ClientIdRequired => "client_id_required",
            Self::InvalidToken => "invalid_token",
            Self::TokenAuthenticationNotSupported => "token_authentication_not_supported",
            Self::TokenRequired => "token_required",
            Self::UnknownProvider => "unknown_provider",
            Self::InvalidUrl => "invalid_url",
        }
    }

    /// The message, in English.
    #[expect(clippy::too_many_lines, reason = "a line for each text")]
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TooShort { min, length } => {
                return Cow::Owned(format!(
                    "Ensure this value has at least {} (it has {length}).",
                    characters(*min)
                ));
            }
            Self::TooLong { max, length } => {
                return Cow::Owned(format!(
                    "Ensure this value has at most {} (it has {length}).",
                    characters(*max)
                ));
            }
            Self::TooSmall(min) => {
                return Cow::Owned(format!("Ensure this value is greater than or equal to {min}."));
            }
            Self::TooLarge(max) => {
                return Cow::Owned(format!("Ensure this value is less than or equal to {max}."));
            }
            Self::ProfileTooLarge { max, size } => {
                return Cow::Owned(format!("Ensure the profile has at most {max} bytes (it has {size})."));
            }
            Self::ReadOnlyField => "This field cannot be changed.",
            Self::UnknownField => "Unknown field.",
            Self::InvalidDate => "Enter a valid date.",
            Self::PatternMismatch => "Enter a valid value.",
            Self::InvalidId(id) => return Cow::Owned(format!("“{id}” is not a valid value.")),
            Self::InvalidChoice(choice) => {
                return Cow::Owned(format!(
                    "Select a valid choice. {choice} is not one of the available choices."
                ));
            }
            Self::PasswordTooShort(min) => {
                return Cow::Owned(format!(
                    "This password is too short. It must contain at least {}.",
                    characters(*min)
                ));
            }
            Self::PasswordTooSimilar(attribute) => {
                return Cow::Owned(format!("The password is too similar to the {attribute}."));
            }
            Self::MaxEmailAddresses(max) => {
                return Cow::Owned(format!("You cannot add more than {max} email addresses."));
            }
            Self::MaxAuthenticators(max) => {
                return Cow::Owned(format!("You cannot add more than {max} authenticators."));
            }
            Self::UnavailableChoice => {
                "Select a valid choice. That choice is not one of the available choices."
            }
            Self::NotAnInteger => "Enter a whole number.",
            Self::InvalidJson => "Enter a valid JSON.",
            Self::EmailTakenElsewhere(provider) => {
                return Cow::Owned(format!(
                    "An account already exists with this email address. Please sign in to that account first, \
                     then connect your {provider} account."
                ));
            }
            Self::MaxSocialAccounts(max) => {
                return Cow::Owned(format!("You cannot connect more than {max} third-party accounts."));
            }
            Self::DisconnectLast => "You cannot disconnect your last remaining third-party account.",
            Self::NoPassword => "Your account has no password set up.",
            Self::NoVerifiedEmail => "Your account has no verified email address.",
            Self::ConnectedToOther => "The third-party account is already connected to a different account.",
            Self::Required => "This field is required.",
            Self::InvalidEmail => "Enter a valid email address.",
            Self::InvalidPhone => "Enter a phone number including country code (e.g. +1 for the US).",
            Self::InvalidUsername => {
                "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
            }
            Self::NullCharacters => "Null characters are not allowed.",
            Self::NotAList => "Enter a list of values.",
            Self::PasswordTooCommon => "This password is too common.",
            Self::PasswordEntirelyNumeric => "This password is entirely numeric.",
            Self::PasswordBreached => "This password is known from a data breach. Choose another one.",
            Self::AccountInactive => "This account is currently inactive.",
            Self::CannotRemovePrimaryEmail => "You cannot remove your primary email address.",
            Self::DuplicateEmail => "This email address is already associated with this account.",
            Self::EmailPasswordMismatch => "The email address and/or password you specified are not correct.",
            Self::PhonePasswordMismatch => "The phone number and/or password you specified are not correct.",
            Self::UsernamePasswordMismatch => "The username and/or password you specified are not correct.",
            Self::EmailTaken => "A user is already registered with this email address.",
            Self::EnterCurrentPassword => "Please type your current password.",
            Self::IncorrectCode => "Incorrect code.",
            Self::IncorrectPassword => "Incorrect password.",
            Self::InvalidOrExpiredKey => "Invalid or expired key.",
            Self::InvalidLogin => "Invalid login.",
            Self::InvalidPasswordReset => "The password reset token was invalid.",
            Self::PhoneTaken | Self::PhoneTakenAtSignup => {
                "A user is already registered with this phone number."
            }
            Self::TooManyLoginAttempts => "Too many failed login attempts. Try again later.",
            Self::UnknownEmail => "The email address is not assigned to any user account.",
            Self::UnknownPhone => "The phone number is not assigned to any user account.",
            Self::UnverifiedPrimaryEmail => "Your primary email address must be verified.",
            Self::UsernameBlacklisted => "Username can not be used. Please use other username.",
            Self::UsernameTaken => "A user with that username already exists.",
            Self::SelectOnlyOne => "Please select only one.",
            Self::SameAsCurrent => "The new value must be different from the current one.",
            Self::RateLimited => "Be patient, you are sending too many requests.",
            Self::BotCheckFailed => "Please confirm that you are not a robot.",
            Self::InvitedOther => "The invitation is for another email address.",
            Self::EmailDomainNotAllowed => "Email addresses of this domain cannot be used to sign up.",
            Self::EmailsDiffer => "You must type the same email each time.",
            Self::AddEmailBlocked => {
                "You cannot add an email address to an account protected by two-factor authentication."
            }
            Self::CannotGenerateRecoveryCodes => {
                "You cannot generate recovery codes without having two-factor authentication enabled."
            }
            Self::UnverifiedEmail => {
                "You cannot activate two-factor authentication until you have verified your email address."
            }
            Self::AccountNotFound => "Unknown account.",
            Self::ClientIdRequired => "`client_id` required.",
            Self::InvalidToken => "Invalid token.",
            Self::TokenAuthenticationNotSupported => "Provider does not support token authentication.",
            Self::TokenRequired => "`id_token` and/or `access_token` required.",
            Self::UnknownEmailOfUser => "Unknown email address.",
            Self::UnknownProvider => "Unknown provider.",
            Self::InvalidUrl => "Invalid URL.",
        })
    }

    /// The error of one field, named as in the request.
    pub fn of(self, field: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { message: self.message(), code: self.code().into(), param: Some(field.into()) }
    }

    /// The error of the whole form.
    pub fn of_all(self) -> FieldError {
        FieldError { message: self.message(), code: self.code().into(), param: None }
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}

/// A validation error, an entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The message for people, in English.
    pub message: Cow<'static, str>,
    /// The error code.
    pub code: Cow<'static, str>,
    /// The field in error; absent for an error of the whole form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<Cow<'static, str>>,
}

/// Errors in the order in which Django's forms give them: those of one field together, where its first one came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Adds an error behind those of its field, or at the end.
    pub fn add(&mut self, error: FieldError) {
        let behind =
            self.0.iter().rposition(|other| other.param == error.param).map_or(self.0.len(), |at| at + 1);
        self.0.insert(behind, error);
    }

    /// Whether there is no error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this field has an error.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.param.as_deref() == Some(field))
    }

    /// Whether a password, a code or a passkey was wrong, or there were too many wrong ones before.
    pub fn has_wrong_credential(&self) -> bool {
        let wrong = [
            FieldErrorKind::EmailPasswordMismatch,
            FieldErrorKind::PhonePasswordMismatch,
            FieldErrorKind::UsernamePasswordMismatch,
            FieldErrorKind::EnterCurrentPassword,
            FieldErrorKind::IncorrectPassword,
            FieldErrorKind::IncorrectCode,
            FieldErrorKind::TooManyLoginAttempts,
        ];
        self.0.iter().any(|error| wrong.iter().any(|kind| kind.code() == error.code))
    }

    /// The errors, in order.
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}

impl Extend<FieldError> for FieldErrors {
    fn extend<I: IntoIterator<Item = FieldError>>(&mut self, errors: I) {
        errors.into_iter().for_each(|error| self.add(error));
    }
}

impl IntoIterator for FieldErrors {
    type Item = FieldError;
    type IntoIter = std::vec::IntoIter<FieldError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_the_reference() {
        use FieldErrorKind as R;
        let ours = [
            R::Required,
            R::AccountInactive,
            R::CannotRemovePrimaryEmail,
            R::DuplicateEmail,
            R::EmailPasswordMismatch,
            R::PhonePasswordMismatch,
            R::UsernamePasswordMismatch,
            R::EmailTaken,
            R::EnterCurrentPassword,
            R::IncorrectCode,
            R::IncorrectPassword,
            R::InvalidOrExpiredKey,
            R::InvalidLogin,
            R::InvalidPasswordReset,
            R::MaxEmailAddresses(7),
            R::PhoneTaken,
            R::TooManyLoginAttempts,
            R::UnknownEmail,
            R::UnknownPhone,
            R::UnverifiedPrimaryEmail,
            R::UsernameBlacklisted,
            R::UsernameTaken,
            R::SelectOnlyOne,
            R::SameAsCurrent,
            R::RateLimited,
            R::AddEmailBlocked,
            R::CannotGenerateRecoveryCodes,
            R::UnverifiedEmail,
            R::EmailTakenElsewhere("%s".to_owned()),
            R::DisconnectLast,
            R::NoPassword,
            R::NoVerifiedEmail,
            R::ConnectedToOther,
            R::AccountNotFound,
            R::ClientIdRequired,
            R::InvalidToken,
            R::TokenAuthenticationNotSupported,
            R::TokenRequired,
            R::UnknownEmailOfUser,
            R::UnknownProvider,
            R::InvalidUrl,
        ];
        let mut ours: Vec<_> =
            ours.iter().map(|r| (r.code().to_owned(), r.message().replace('7', "%d"))).collect();
        ours.sort();
        let theirs: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../testdata/messages.json")).unwrap();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn errors_of_a_field_stay_together_where_the_first_came() {
        let mut errors = FieldErrors::default();
        errors.add(FieldErrorKind::Required.of("password"));
        errors.add(FieldErrorKind::InvalidLogin.of_all());
        errors.add(FieldErrorKind::InvalidEmail.of("email"));
        errors.add(FieldErrorKind::NullCharacters.of("password"));
        errors.add(FieldErrorKind::SelectOnlyOne.of_all());
        let order: Vec<_> =
            errors.as_slice().iter().map(|error| (error.param.as_deref(), &*error.code)).collect();
        assert_eq!(
            order,
            [
                (Some("password"), "required"),
                (Some("password"), "null_characters_not_allowed"),
                (None, "invalid_login"),
                (None, "select_only_one"),
                (Some("email"), "invalid"),
            ]
        );
    }

    #[test]
    fn written_as_the_reference_does() {
        let mut errors = FieldErrors::from(FieldErrorKind::PhoneTakenAtSignup.of("phone"));
        errors.add(FieldErrorKind::InvalidLogin.of_all());
        assert_eq!(
            serde_json::to_string(&errors).unwrap(),
            concat!(
                r#"[{"message":"A user is already registered with this phone number.","code":"","param":"phone"},"#,
                r#"{"message":"Invalid login.","code":"invalid_login"}]"#
            )
        );
    }
}

//! Validation errors: every error of the API, with the code that clients know.
//!
//! The codes are allauth's and Django's, as frontends match on them, and so are the English texts, to the letter; those are
//! in `languages/en/api.json`, and each error names the key of its own. Flows and forms name errors by variant. Which HTTP
//! status goes with an error is not known here.

use std::borrow::Cow;

/// What a password must not be too similar to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserAttribute {
    /// The username.
    Username,
    /// The email address.
    Email,
    /// The phone number.
    Phone,
}

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
    /// A password too similar to an attribute of its user.
    PasswordTooSimilar(UserAttribute),
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
    /// The site's own hook refuses, with a code and a message of its own.
    RefusedByHook {
        /// The code.
        code: String,
        /// The message.
        message: String,
    },
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
    pub const fn code(&self) -> &str {
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
            Self::RefusedByHook { code, .. } => code.as_str(),
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

    /// The key of its text in the catalogues (`languages/`): its code, unless other errors have the same code.
    pub const fn text(&self) -> &str {
        match self {
            Self::NotAnInteger => "not_an_integer",
            Self::InvalidEmail => "invalid_email",
            Self::InvalidUsername => "invalid_username",
            Self::InvalidJson => "invalid_json",
            Self::InvalidDate => "invalid_date",
            Self::PatternMismatch => "pattern_mismatch",
            Self::UnavailableChoice => "unavailable_choice",
            Self::PasswordTooSimilar(UserAttribute::Username) => "password_too_similar_username",
            Self::PasswordTooSimilar(UserAttribute::Email) => "password_too_similar_email",
            Self::PasswordTooSimilar(UserAttribute::Phone) => "password_too_similar_phone",
            Self::PhoneTakenAtSignup => "phone_taken",
            Self::EmailsDiffer => "emails_differ",
            Self::EmailTakenElsewhere(_) => "email_taken_elsewhere",
            Self::UnknownEmailOfUser => "unknown_email_of_user",
            _ => self.code(),
        }
    }

    /// The number that its text names, and that decides on the plural form.
    pub fn count(&self) -> Option<u64> {
        let count = match self {
            Self::MaxEmailAddresses(max) => return Some(u64::from(*max)),
            Self::TooShort { min: count, .. }
            | Self::TooLong { max: count, .. }
            | Self::ProfileTooLarge { max: count, .. }
            | Self::PasswordTooShort(count)
            | Self::MaxAuthenticators(count)
            | Self::MaxSocialAccounts(count) => *count,
            _ => return None,
        };
        u64::try_from(count).ok()
    }

    /// A value that its text names, by the name of the placeholder.
    pub fn value(&self, name: &str) -> Option<String> {
        match (self, name) {
            (_, "count") => self.count().map(|count| count.to_string()),
            (Self::TooShort { length, .. } | Self::TooLong { length, .. }, "length") => {
                Some(length.to_string())
            }
            (Self::ProfileTooLarge { size, .. }, "size") => Some(size.to_string()),
            (Self::TooSmall(limit) | Self::TooLarge(limit), "limit") => Some(limit.clone()),
            (Self::InvalidId(value) | Self::InvalidChoice(value), "value") => Some(value.clone()),
            (Self::EmailTakenElsewhere(provider), "provider") => Some(provider.clone()),
            _ => None,
        }
    }

    /// The error of one field, named as in the request.
    pub fn of(self, field: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError { kind: self, param: Some(field.into()) }
    }

    /// The error of the whole form.
    pub fn of_all(self) -> FieldError {
        FieldError { kind: self, param: None }
    }
}

/// A validation error. Which words it has, the response decides, in the language of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The error.
    pub kind: FieldErrorKind,
    /// The field in error; none for an error of the whole form.
    pub param: Option<Cow<'static, str>>,
}

/// Errors in the order in which Django's forms give them: those of one field together, where its first one came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
        self.0.iter().any(|error| {
            matches!(
                error.kind,
                FieldErrorKind::EmailPasswordMismatch
                    | FieldErrorKind::PhonePasswordMismatch
                    | FieldErrorKind::UsernamePasswordMismatch
                    | FieldErrorKind::EnterCurrentPassword
                    | FieldErrorKind::IncorrectPassword
                    | FieldErrorKind::IncorrectCode
                    | FieldErrorKind::TooManyLoginAttempts
            )
        })
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
    fn errors_of_a_field_stay_together_where_the_first_came() {
        let mut errors = FieldErrors::default();
        errors.add(FieldErrorKind::Required.of("password"));
        errors.add(FieldErrorKind::InvalidLogin.of_all());
        errors.add(FieldErrorKind::InvalidEmail.of("email"));
        errors.add(FieldErrorKind::NullCharacters.of("password"));
        errors.add(FieldErrorKind::SelectOnlyOne.of_all());
        let order: Vec<_> =
            errors.as_slice().iter().map(|error| (error.param.as_deref(), error.kind.code())).collect();
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
}

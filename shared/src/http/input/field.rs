//! The fields of request bodies: name, type, constraints and conditions. Forms read by them, and the description is
//! generated from them.

use crate::domain::{email, phone, refusal::FieldErrorKind, text, username};
use crate::http::shape::Shape;
use crate::settings::{Settings, When};

/// A field of a request body.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The description.
    pub text: &'static str,
    /// The type and constraints.
    pub kind: Kind,
    /// The settings under which it exists.
    pub asked: When,
    /// The settings under which it is required.
    pub required: When,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text(Text),
    /// A boolean.
    Boolean,
    /// The id of an object of the account.
    Id,
    /// A list of such ids.
    Ids,
    /// JSON of this schema, or a string that contains it.
    Json(Shape),
}

impl Field {
    /// A required field.
    pub const fn new(name: &'static str, kind: Kind, text: &'static str) -> Self {
        Self { name, text, kind, asked: When::Always, required: When::Always }
    }

    /// A required text field.
    pub const fn text(name: &'static str, rules: Text, text: &'static str) -> Self {
        Self::new(name, Kind::Text(rules), text)
    }

    /// The same, but ignored unless this holds.
    #[must_use]
    pub const fn asked(self, asked: When) -> Self {
        Self { asked, ..self }
    }

    /// The same, but optional.
    #[must_use]
    pub const fn optional(self) -> Self {
        self.required(When::Never)
    }

    /// The same, but required only if this holds.
    #[must_use]
    pub const fn required(self, required: When) -> Self {
        Self { required, ..self }
    }

    /// The same, but required only if this holds, independent of settings.
    #[must_use]
    pub const fn required_if(self, required: bool) -> Self {
        self.required(if required { When::Always } else { When::Never })
    }

    /// Whether it exists under these settings.
    pub fn is_asked(&self, settings: &Settings) -> bool {
        self.asked.holds(settings)
    }

    /// Whether it is required under these settings.
    pub fn is_required(&self, settings: &Settings) -> bool {
        self.required.holds(settings)
    }
}

/// The constraints of a text field: Django's `CharField` and allauth's fields derived from it.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    sort: Sort,
    max_length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Plain,
    /// Kept as it comes.
    Verbatim,
    Email,
    NewEmail,
    Phone,
    Username,
}

impl Text {
    /// Any text without NUL characters, stripped of white space around it.
    pub const PLAIN: Self = Self { sort: Sort::Plain, max_length: usize::MAX };

    /// The same, with white space around it kept.
    pub const VERBATIM: Self = Self { sort: Sort::Verbatim, ..Self::PLAIN };

    /// An email address; it comes in its canonical form ([`email::canonical`]). One over [`email::MAX_LENGTH`] is refused.
    pub const EMAIL: Self = Self { sort: Sort::Email, ..Self::PLAIN };

    /// An email address that is to be kept: of at most `ACCOUNT_EMAIL_MAX_LENGTH`. The reference keeps longer ones cut
    /// short.
    pub const NEW_EMAIL: Self = Self { sort: Sort::NewEmail, ..Self::PLAIN };

    /// A phone number in E.164 form.
    pub const PHONE: Self = Self { sort: Sort::Phone, ..Self::PLAIN };

    /// A username to sign up with, of at least `ACCOUNT_USERNAME_MIN_LENGTH` code points and at most
    /// [`username::MAX_LENGTH`]. Its characters are checked by [`username::check`].
    pub const USERNAME: Self = Self { sort: Sort::Username, max_length: username::MAX_LENGTH };

    /// The same, of at most this many code points.
    #[must_use]
    pub const fn at_most(self, max_length: usize) -> Self {
        Self { max_length, ..self }
    }

    pub(super) fn strip<'t>(&self, given: &'t str) -> &'t str {
        if self.sort == Sort::Verbatim { given } else { text::strip(given) }
    }

    /// All that is wrong with a value that is not empty, in the order of the validators of Django's field.
    pub(super) fn refusals(&self, value: &str, settings: &Settings) -> Vec<FieldErrorKind> {
        // An address is kept in its canonical form, which may be longer.
        let length = match self.sort {
            Sort::NewEmail => email::canonical(value).map_or(0, |email| email.len()).max(text::length(value)),
            _ => text::length(value),
        };
        let max = match self.sort {
            Sort::Email | Sort::NewEmail if length > email::MAX_LENGTH => email::MAX_LENGTH,
            Sort::NewEmail => settings.account.email_max_length,
            _ => self.max_length,
        };
        let min = if self.sort == Sort::Username { settings.account.username_min_length } else { 0 };
        let malformed = match self.sort {
            Sort::Email | Sort::NewEmail if email::canonical(value).is_none() => {
                Some(FieldErrorKind::InvalidEmail)
            }
            Sort::Phone if !phone::validate(value) => Some(FieldErrorKind::InvalidPhone),
            _ => None,
        };
        let short = (length < min).then_some(FieldErrorKind::TooShort { min, length });
        let long = (length > max).then_some(FieldErrorKind::TooLong { max, length });
        let nul = value.contains('\0').then_some(FieldErrorKind::NullCharacters);
        // The form sets the longest username when its field is made already, so that check comes last.
        let last = if self.sort == Sort::Username { [nul, long] } else { [long, nul] };
        [malformed, short].into_iter().chain(last).flatten().collect()
    }

    /// What of this a JSON schema can tell. Lengths that depend on settings are named in `x-limits`.
    #[cfg(feature = "openapi")]
    pub(in crate::http) fn schema(&self) -> serde_json::Value {
        use serde_json::json;
        match self.sort {
            Sort::Plain | Sort::Verbatim if self.max_length < usize::MAX => {
                json!({"type": "string", "maxLength": self.max_length})
            }
            Sort::Plain | Sort::Verbatim => json!({"type": "string"}),
            Sort::Email => json!({"type": "string", "format": "email", "maxLength": email::MAX_LENGTH}),
            Sort::NewEmail => {
                json!({"type": "string", "format": "email", "x-limits": {"maxLength": "email_max_length"}})
            }
            Sort::Phone => json!({"type": "string", "pattern": r"^\+[1-9][0-9]{5,14}$"}),
            Sort::Username => json!({
                "type": "string",
                "maxLength": self.max_length,
                "x-limits": {"minLength": "username_min_length"},
            }),
        }
    }

    pub(super) fn clean(&self, value: &str) -> String {
        match self.sort {
            Sort::Email | Sort::NewEmail => email::canonical(value).unwrap_or_default(),
            Sort::Plain | Sort::Verbatim | Sort::Phone | Sort::Username => value.to_owned(),
        }
    }
}

//! The fields of the sign-up form (`ACCOUNT_SIGNUP_FIELDS`).

use super::kind::{Kind, Wrong, list};

/// The name of a field of the sign-up form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignupFieldName {
    /// The email address.
    Email,
    /// The email address, repeated.
    Email2,
    /// The username.
    Username,
    /// The phone number.
    Phone,
    /// The password.
    Password1,
    /// The password, repeated.
    Password2,
}

impl SignupFieldName {
    /// The name allauth has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Email2 => "email2",
            Self::Username => "username",
            Self::Phone => "phone",
            Self::Password1 => "password1",
            Self::Password2 => "password2",
        }
    }

    const ALL: [Self; 6] =
        [Self::Email, Self::Email2, Self::Username, Self::Phone, Self::Password1, Self::Password2];
}

/// A field of the sign-up form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignupField {
    /// The name.
    pub name: SignupFieldName,
    /// Whether it is required.
    pub required: bool,
}

/// The fields of the sign-up form, in the order given, without duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignupFields(Vec<SignupField>);

impl SignupFields {
    /// Whether the field is required; none if the form does not have it.
    pub fn get(&self, name: SignupFieldName) -> Option<bool> {
        self.0.iter().find(|field| field.name == name).map(|field| field.required)
    }

    /// Whether the form has the field, and it is required.
    pub fn requires(&self, name: SignupFieldName) -> bool {
        self.get(name) == Some(true)
    }

    /// The fields in the order given.
    pub fn iter(&self) -> impl Iterator<Item = SignupField> {
        self.0.iter().copied()
    }

    /// The fields as the setting has them: `["email*", "password1*"]`.
    pub(super) fn as_setting(&self) -> String {
        let words: Vec<_> = self
            .iter()
            .map(|field| format!("\"{}{}\"", field.name.name(), if field.required { "*" } else { "" }))
            .collect();
        format!("[{}]", words.join(", "))
    }

    /// Fields of which none is there twice.
    pub(super) const fn of(fields: Vec<SignupField>) -> Self {
        Self(fields)
    }
}

pub(super) const SIGNUP_FIELDS: Kind<SignupFields> = Kind::new(
    "a list of one or more of \"email\", \"email2\", \"username\", \"phone\", \"password1\", \"password2\", \
     with a * after those that are required",
    |raw| {
        let mut fields: Vec<SignupField> = Vec::new();
        for word in list(raw)? {
            let (text, required) = match word.strip_suffix('*') {
                Some(text) => (text, true),
                None => (word.as_str(), false),
            };
            if text == "password" {
                let right = word.replace("password", "password1");
                return Err(Wrong::Because(format!("must say \"{right}\" instead of \"{word}\"")));
            }
            let known = SignupFieldName::ALL.into_iter().find(|name| name.name() == text);
            let name = known.ok_or(Wrong::Shape)?;
            if fields.iter().any(|field| field.name == name) {
                return Err(Wrong::Because(format!("must name \"{text}\" only once")));
            }
            fields.push(SignupField { name, required });
        }
        if fields.is_empty() { Err(Wrong::Shape) } else { Ok(SignupFields(fields)) }
    },
);

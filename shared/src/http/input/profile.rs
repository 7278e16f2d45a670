//! A site's own fields in a form, cleaned as Django's fields of the same types clean them.

use std::borrow::Cow;

use serde_json::{Value as Stored, json};

use super::json::Value;
use super::{Form, could_be_integer, to_integer};
use crate::domain::profile::{MAX_PROFILE_BYTES, ProfileValues, size, supplement};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::settings::{ProfileField, ProfileFieldType, ProfilePart};

impl Form<'_> {
    /// Takes the fields of a sign-up into a new profile. Of what the form does not name, what a provider has told holds.
    pub fn sign_up_profile(&mut self, mut told: ProfileValues, now: Timestamp) -> ProfileValues {
        let mut profile = ProfileValues::new();
        for field in self.settings.account.profile_fields.of(ProfilePart::Signup) {
            if self.object.get(&field.name).is_some() {
                told.remove(&field.name);
            }
            if !told.contains_key(&field.name) {
                self.take(field, &mut profile, now);
            }
        }
        self.check_size(&profile);
        supplement(&mut profile, told);
        profile
    }

    /// Changes a profile by the fields that the input names, which are to be of this part.
    pub fn change_profile(&mut self, profile: &mut ProfileValues, part: ProfilePart, now: Timestamp) {
        let fields = &self.settings.account.profile_fields;
        for name in self.object.names() {
            match fields.get(name) {
                Some(field) if field.is_in(part) => self.take(field, profile, now),
                // Of a field that they neither read nor write users learn nothing.
                Some(field) if part == ProfilePart::Operator || field.is_in(ProfilePart::Listed) => {
                    self.add(FieldErrorKind::ReadOnlyField.of(name.to_owned()));
                }
                _ => self.add(FieldErrorKind::UnknownField.of(name.to_owned())),
            }
        }
        self.check_size(profile);
    }

    fn check_size(&mut self, profile: &ProfileValues) {
        let size = size(profile);
        if self.is_valid() && size > MAX_PROFILE_BYTES {
            self.refuse_all(FieldErrorKind::ProfileTooLarge { max: MAX_PROFILE_BYTES, size });
        }
    }

    fn take(&mut self, field: &ProfileField, profile: &mut ProfileValues, now: Timestamp) {
        let given = self.object.get(&field.name);
        match cleaned(field, given, profile.get(&field.name), now) {
            Ok(Some(value)) => drop(profile.insert(field.name.clone(), value)),
            Ok(None) => drop(profile.remove(&field.name)),
            Err(refusals) => {
                for refusal in refusals {
                    self.add(refusal.of(field.name.clone()));
                }
            }
        }
    }
}

/// The value to be stored; none for no value.
fn cleaned(
    field: &ProfileField,
    given: Option<&Value>,
    stored: Option<&Stored>,
    now: Timestamp,
) -> Result<Option<Stored>, Vec<FieldErrorKind>> {
    let missing = || if field.required { Err(vec![FieldErrorKind::Required]) } else { Ok(None) };
    let is_yes = given.is_some_and(Value::is_yes);
    let given = given.filter(|value| !value.is_missing());
    match &field.kind {
        ProfileFieldType::Boolean { must_be: true } if !is_yes => Err(vec![FieldErrorKind::Required]),
        ProfileFieldType::Boolean { .. } if given.is_none() => missing(),
        ProfileFieldType::Boolean { .. } => Ok(Some(json!(is_yes))),
        ProfileFieldType::Consent(_) if !is_yes => missing(),
        ProfileFieldType::Consent(version) => Ok(Some(match stored {
            // The time of the first consent to a version stands.
            Some(consent) if consent["version"] == **version => consent.clone(),
            _ => json!({"version": version, "at": now.as_seconds()}),
        })),
        ProfileFieldType::Integer { .. } => match given {
            None => missing(),
            Some(value) => {
                let number = integer(value).ok_or_else(|| vec![FieldErrorKind::NotAnInteger])?;
                accepted(json!(number), field.kind.integer_refusals(number))
            }
        },
        ProfileFieldType::Text { .. } | ProfileFieldType::Date { .. } | ProfileFieldType::Choice(_) => {
            let value = given.map_or(Cow::Borrowed(""), |value| text_of(value, &field.kind));
            if value.is_empty() {
                return missing();
            }
            accepted(json!(value), field.kind.text_refusals(&value))
        }
    }
}

fn accepted(value: Stored, refusals: Vec<FieldErrorKind>) -> Result<Option<Stored>, Vec<FieldErrorKind>> {
    if refusals.is_empty() { Ok(Some(value)) } else { Err(refusals) }
}

/// Django strips text and dates, but not choices.
fn text_of<'v>(value: &'v Value, kind: &ProfileFieldType) -> Cow<'v, str> {
    let value = value.to_text();
    match kind {
        ProfileFieldType::Choice(_) => value,
        _ => Cow::Owned(text::strip(&value).to_owned()),
    }
}

/// As Django's `IntegerField`: a fraction of zeros is none. What no `i64` holds is the largest or the smallest.
fn integer(value: &Value) -> Option<i64> {
    if matches!(value, Value::Bool(_) | Value::Null) {
        return None;
    }
    let text = value.to_text();
    let text = text::strip(&text);
    let whole = match text.rsplit_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    let is_integer = could_be_integer(whole) && whole.is_ascii();
    let limit = if whole.starts_with('-') { i64::MIN } else { i64::MAX };
    is_integer.then(|| to_integer(&Value::Text(whole.to_owned())).unwrap_or(limit))
}

#[cfg(test)]
mod tests;

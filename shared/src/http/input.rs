//! How the JSON of a request becomes typed input, with the errors that Django's forms give.
//!
//! [`json`] reads what Python's `json` reads; [`Form`] then takes one [`Field`] after the other from it, as Django's
//! fields clean them, and collects every error in Django's order. Input is only judged by itself here: whether an address is
//! taken or a code is right is for flows, which add their refusals to the form.
//!
//! Bodies hold passwords: no type here shows its content when debugged.

mod field;
pub mod json;
mod profile;

use crate::domain::{
    refusal::{FieldError, FieldErrorKind, FieldErrors},
    text,
};
use crate::settings::Settings;
pub use field::{Field, Kind, Text};
use json::{Object, Value};

/// A form being filled in from a request, field by field, in the order in which its errors are to come.
#[derive(Debug)]
pub struct Form<'a> {
    fields: &'static [Field],
    object: &'a Object,
    settings: &'a Settings,
    errors: FieldErrors,
}

impl<'a> Form<'a> {
    /// A form of these fields for this body, without errors so far.
    ///
    /// Its fields are those that the description of the endpoint names; to read any other is a mistake that fails tests.
    pub fn new(fields: &'static [Field], object: &'a Object, settings: &'a Settings) -> Self {
        Self { fields, object, settings, errors: FieldErrors::default() }
    }

    /// Whether the request names this field at all, be it with null.
    pub fn names(&self, field: &Field) -> bool {
        self.given(field).is_some()
    }

    fn given(&self, field: &Field) -> Option<&'a Value> {
        let is_declared = self.fields.iter().any(|declared| declared.name == field.name);
        debug_assert!(is_declared, "{} is no field of this form", field.name);
        self.object.get(field.name)
    }

    /// A field of text. None if it is refused, or not asked for; empty text if it is optional and missing.
    ///
    /// null, "", [] and {} count as missing. Numbers, booleans, lists and objects become text as Python writes them.
    pub fn text(&mut self, field: &Field) -> Option<String> {
        let Kind::Text(rules) = field.kind else { return None };
        if !field.is_asked(self.settings) {
            return None;
        }
        let given = match self.given(field) {
            Some(value) if !value.is_missing() => value.to_text(),
            _ => "".into(),
        };
        let value = rules.strip(&given);
        let before = self.errors.as_slice().len();
        if value.is_empty() {
            if field.is_required(self.settings) {
                self.refuse(field.name, FieldErrorKind::Required);
            }
        } else {
            let refusals = rules.refusals(value, self.settings);
            self.errors.extend(refusals.into_iter().map(|refusal| refusal.of(field.name)));
        }
        (self.errors.as_slice().len() == before).then(|| rules.clean(value))
    }

    /// A yes or no. None if it is refused: if it is required, only yes will do.
    ///
    /// As with Django's `BooleanField` behind a checkbox, false, 0, null, "", [], {} and "false" in any case are no, and so
    /// is a missing field; all else is yes, "0" too.
    pub fn boolean(&mut self, field: &Field) -> Option<bool> {
        let yes = self.given(field).is_some_and(Value::is_yes);
        if !yes && field.is_required(self.settings) {
            self.refuse(field.name, FieldErrorKind::Required);
            return None;
        }
        Some(yes)
    }

    /// A list of ids, at least one, all of them among `known`. None if it is refused. Nothing comes twice.
    ///
    /// Ids may be texts. Like Django's `ModelMultipleChoiceField`, it tells of one fault only; of several ids at fault it
    /// names the first, where Django takes any.
    pub fn ids(&mut self, field: &Field, known: &[i64]) -> Option<Vec<i64>> {
        match self.given(field).map_or(Err(FieldErrorKind::Required), |value| chosen(value, known)) {
            Ok(ids) => Some(ids),
            Err(refusal) => {
                self.refuse(field.name, refusal);
                None
            }
        }
    }

    /// The id of one of those `known`. None if it is refused.
    ///
    /// As with Django's `ModelChoiceField`, it may be a text, or anything else that Python's `int` takes.
    pub fn id(&mut self, field: &Field, known: &[i64]) -> Option<i64> {
        let refusal = match self.given(field) {
            None => FieldErrorKind::Required,
            Some(value) if value.is_missing() => FieldErrorKind::Required,
            Some(value) if value.to_text().contains('\0') => FieldErrorKind::NullCharacters,
            Some(value) => match to_integer(value).filter(|id| known.contains(id)) {
                Some(id) => return Some(id),
                None => FieldErrorKind::UnavailableChoice,
            },
        };
        self.refuse(field.name, refusal);
        None
    }

    /// Any JSON, be it in a text, which is required. None if it is refused.
    ///
    /// As with Django's `JSONField`, null, "", [] and {} count as missing, in a text too.
    pub fn json(&mut self, field: &Field) -> Option<Value> {
        let read = match self.given(field) {
            None => Ok(Value::Null),
            Some(Value::Text(text)) if !text.is_empty() => {
                Value::parse(text).map_err(|_| FieldErrorKind::InvalidJson)
            }
            Some(value) => Ok(value.clone()),
        };
        let refusal = match read {
            Ok(value) if value.is_missing() => FieldErrorKind::Required,
            Ok(Value::Text(text)) if text.contains('\0') => FieldErrorKind::NullCharacters,
            Ok(value) => return Some(value),
            Err(refusal) => refusal,
        };
        self.refuse(field.name, refusal);
        None
    }

    /// Adds an error to a field that looked right by itself.
    pub fn refuse(&mut self, field: &'static str, refusal: FieldErrorKind) {
        self.add(refusal.of(field));
    }

    /// Adds an error of no field, but of the form as a whole.
    pub fn refuse_all(&mut self, refusal: FieldErrorKind) {
        self.add(refusal.of_all());
    }

    /// Adds an error, behind those of its field.
    pub fn add(&mut self, error: FieldError) {
        self.errors.add(error);
    }

    /// Whether nothing is refused so far.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether this field has an error.
    pub fn is_refused(&self, field: &str) -> bool {
        self.errors.has(field)
    }

    /// The end of cleaning.
    ///
    /// # Errors
    /// All errors, if there are any.
    pub fn finish(self) -> Result<(), FieldErrors> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

fn chosen(value: &Value, known: &[i64]) -> Result<Vec<i64>, FieldErrorKind> {
    if !value.is_truthy() {
        return Err(FieldErrorKind::Required);
    }
    // Python goes through an object by its names.
    let names: Vec<Value>;
    let items = match value {
        Value::List(items) => items,
        Value::Object(object) => {
            names = object.names().into_iter().map(|name| Value::Text(name.to_owned())).collect();
            &names
        }
        _ => return Err(FieldErrorKind::NotAList),
    };
    if items.iter().any(|item| matches!(item, Value::List(_) | Value::Object(_))) {
        return Err(FieldErrorKind::NotAList);
    }
    for item in items {
        let text = item.to_text();
        if text.contains('\0') {
            return Err(FieldErrorKind::NullCharacters);
        }
        if !could_be_id(item) {
            return Err(FieldErrorKind::InvalidId(text.into_owned()));
        }
    }
    let mut ids = Vec::new();
    for item in items {
        let text = item.to_text();
        match known.iter().find(|id| id.to_string() == text) {
            Some(id) if ids.contains(id) => {}
            Some(id) => ids.push(*id),
            None => return Err(FieldErrorKind::InvalidChoice(text.into_owned())),
        }
    }
    Ok(ids)
}

/// Python's `int`, for numbers of 64 bits in ASCII digits.
fn to_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Integer(digits) => digits.parse().ok(),
        Value::Float(number) => format!("{:.0}", number.trunc()).parse().ok(),
        Value::Text(text) if could_be_integer(text) => text::strip(text).replace('_', "").parse().ok(),
        Value::Text(_) | Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

/// Whether Python's `int` takes the value, or Django's ORM does without asking it.
fn could_be_id(value: &Value) -> bool {
    match value {
        Value::Text(text) => could_be_integer(text),
        Value::Float(number) => number.is_finite(),
        Value::Null | Value::Bool(_) | Value::Integer(_) => true,
        Value::List(_) | Value::Object(_) => false,
    }
}

/// Whether Python's `int` takes the text: digits of any script with single underscores between them, and a sign.
fn could_be_integer(given: &str) -> bool {
    let number = text::strip(given);
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    digits.split('_').all(|group| !group.is_empty() && group.chars().all(text::is_decimal))
        && digits.chars().filter(|c| *c != '_').count() <= json::MAX_INTEGER_DIGITS
}

#[cfg(test)]
mod tests;

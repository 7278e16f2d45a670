//! How the JSON of a request becomes typed input, with the errors that Django's forms give.
//!
//! [`json`] reads what Python's `json` reads; [`Form`] then takes one field after the other from it, as Django's fields
//! clean them, and collects every error in Django's order. Input is only judged by itself here: whether an address is
//! taken or a code is right is for flows, which add their refusals to the form.
//!
//! Bodies hold passwords: no type here shows its content when debugged.

pub mod json;

use crate::domain::{
    email, phone,
    refusal::{FieldError, FieldErrors, Refusal},
    text, username,
};
use json::{Object, Value};

/// A form being filled in from a request, field by field, in the order in which its errors are to come.
#[derive(Debug)]
pub struct Form<'a> {
    object: &'a Object,
    errors: FieldErrors,
}

impl<'a> Form<'a> {
    /// A form for this body, without errors so far.
    pub fn new(object: &'a Object) -> Self {
        Self { object, errors: FieldErrors::default() }
    }

    /// Whether the request names this field at all, be it with null.
    pub fn names(&self, field: &str) -> bool {
        self.object.get(field).is_some()
    }

    /// A field of text. None if it is refused; empty text if it is optional and missing.
    ///
    /// null, "", [] and {} count as missing. Numbers, booleans, lists and objects become text as Python writes them.
    pub fn text(&mut self, field: &'static str, rules: &Text) -> Option<String> {
        let given = match self.object.get(field) {
            Some(value) if !value.is_missing() => value.to_text(),
            _ => "".into(),
        };
        let value = if rules.strip { text::strip(&given) } else { &given };
        let before = self.errors.as_slice().len();
        if value.is_empty() {
            if rules.required {
                self.refuse(field, Refusal::Required);
            }
        } else {
            self.errors.extend(rules.refusals(value).into_iter().map(|refusal| refusal.of(field)));
        }
        (self.errors.as_slice().len() == before).then(|| rules.clean(value))
    }

    /// A yes or no. None if it is refused: if it is required, only yes will do.
    ///
    /// As with Django's `BooleanField` behind a checkbox, false, 0, null, "", [], {} and "false" in any case are no, and so
    /// is a missing field; all else is yes, "0" too.
    pub fn boolean(&mut self, field: &'static str, required: bool) -> Option<bool> {
        let yes = self.object.get(field).is_some_and(|value| match value {
            Value::Text(text) => !text.is_empty() && text.to_lowercase() != "false",
            value => value.is_truthy(),
        });
        if required && !yes {
            self.refuse(field, Refusal::Required);
            return None;
        }
        Some(yes)
    }

    /// A list of ids, at least one, all of them among `known`. None if it is refused. Nothing comes twice.
    ///
    /// Ids may be texts. Like Django's `ModelMultipleChoiceField`, it tells of one fault only; of several ids at fault it
    /// names the first, where Django takes any.
    pub fn ids(&mut self, field: &'static str, known: &[i64]) -> Option<Vec<i64>> {
        match self.object.get(field).map_or(Err(Refusal::Required), |value| chosen(value, known)) {
            Ok(ids) => Some(ids),
            Err(refusal) => {
                self.refuse(field, refusal);
                None
            }
        }
    }

    /// The id of one of those `known`. None if it is refused.
    ///
    /// As with Django's `ModelChoiceField`, it may be a text, or anything else that Python's `int` takes.
    pub fn id(&mut self, field: &'static str, known: &[i64]) -> Option<i64> {
        let refusal = match self.object.get(field) {
            None => Refusal::Required,
            Some(value) if value.is_missing() => Refusal::Required,
            Some(value) if value.to_text().contains('\0') => Refusal::NullCharacters,
            Some(value) => match to_integer(value).filter(|id| known.contains(id)) {
                Some(id) => return Some(id),
                None => Refusal::UnavailableChoice,
            },
        };
        self.refuse(field, refusal);
        None
    }

    /// Any JSON, be it in a text, which is required. None if it is refused.
    ///
    /// As with Django's `JSONField`, null, "", [] and {} count as missing, in a text too.
    pub fn json(&mut self, field: &'static str) -> Option<Value> {
        let read = match self.object.get(field) {
            None => Ok(Value::Null),
            Some(Value::Text(text)) if !text.is_empty() => {
                Value::parse(text).map_err(|_| Refusal::InvalidJson)
            }
            Some(value) => Ok(value.clone()),
        };
        let refusal = match read {
            Ok(value) if value.is_missing() => Refusal::Required,
            Ok(Value::Text(text)) if text.contains('\0') => Refusal::NullCharacters,
            Ok(value) => return Some(value),
            Err(refusal) => refusal,
        };
        self.refuse(field, refusal);
        None
    }

    /// Adds an error to a field that looked right by itself.
    pub fn refuse(&mut self, field: &'static str, refusal: Refusal) {
        self.add(refusal.of(field));
    }

    /// Adds an error of no field, but of the form as a whole.
    pub fn refuse_all(&mut self, refusal: Refusal) {
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

/// What a field of text must be like: Django's `CharField` and allauth's fields derived from it.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    kind: Kind,
    required: bool,
    strip: bool,
    min_length: usize,
    max_length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Email,
    Phone,
    Username,
}

impl Text {
    /// Any text without NUL characters, required and stripped of white space around it.
    pub const PLAIN: Self =
        Self { kind: Kind::Plain, required: true, strip: true, min_length: 0, max_length: usize::MAX };

    /// An email address; it comes in lower case.
    pub const EMAIL: Self = Self { kind: Kind::Email, ..Self::PLAIN };

    /// A phone number in E.164 form.
    pub const PHONE: Self = Self { kind: Kind::Phone, ..Self::PLAIN };

    /// A username to sign up with, of at least `ACCOUNT_USERNAME_MIN_LENGTH` code points and at most
    /// [`username::MAX_LENGTH`]. Its characters are checked by [`username::check`].
    pub const fn username(min_length: usize) -> Self {
        Self { kind: Kind::Username, min_length, max_length: username::MAX_LENGTH, ..Self::PLAIN }
    }

    /// The same, but it may be missing.
    #[must_use]
    pub const fn optional(self) -> Self {
        self.required_if(false)
    }

    /// The same, but it may be missing unless the condition holds.
    #[must_use]
    pub const fn required_if(self, required: bool) -> Self {
        Self { required, ..self }
    }

    /// The same, with white space around it kept.
    #[must_use]
    pub const fn unstripped(self) -> Self {
        Self { strip: false, ..self }
    }

    /// The same, of at most this many code points.
    ///
    /// An address that is to be kept is given `ACCOUNT_EMAIL_MAX_LENGTH`; the reference keeps longer ones cut short. An
    /// address over [`email::MAX_LENGTH`] is told that limit.
    #[must_use]
    pub const fn at_most(self, max_length: usize) -> Self {
        Self { max_length, ..self }
    }

    /// All that is wrong with a value that is not empty, in the order of the validators of Django's field.
    fn refusals(&self, value: &str) -> Vec<Refusal> {
        let length = text::length(value);
        let max = match self.kind {
            Kind::Email if length > email::MAX_LENGTH => email::MAX_LENGTH,
            _ => self.max_length,
        };
        let kind = match self.kind {
            Kind::Email if !email::validate(value) => Some(Refusal::InvalidEmail),
            Kind::Phone if !phone::validate(value) => Some(Refusal::InvalidPhone),
            _ => None,
        };
        let short = (length < self.min_length).then_some(Refusal::TooShort { min: self.min_length, length });
        let long = (length > max).then_some(Refusal::TooLong { max, length });
        let nul = value.contains('\0').then_some(Refusal::NullCharacters);
        // The form sets the longest username when its field is made already, so that check comes last.
        let last = if self.kind == Kind::Username { [nul, long] } else { [long, nul] };
        [kind, short].into_iter().chain(last).flatten().collect()
    }

    fn clean(&self, value: &str) -> String {
        match self.kind {
            Kind::Email => email::normalise(value),
            Kind::Plain | Kind::Phone | Kind::Username => value.to_owned(),
        }
    }
}

fn chosen(value: &Value, known: &[i64]) -> Result<Vec<i64>, Refusal> {
    if !value.is_truthy() {
        return Err(Refusal::Required);
    }
    // Python goes through an object by its names.
    let names: Vec<Value>;
    let items = match value {
        Value::List(items) => items,
        Value::Object(object) => {
            names = object.names().into_iter().map(|name| Value::Text(name.to_owned())).collect();
            &names
        }
        _ => return Err(Refusal::NotAList),
    };
    if items.iter().any(|item| matches!(item, Value::List(_) | Value::Object(_))) {
        return Err(Refusal::NotAList);
    }
    for item in items {
        let text = item.to_text();
        if text.contains('\0') {
            return Err(Refusal::NullCharacters);
        }
        if !could_be_id(item) {
            return Err(Refusal::InvalidId(text.into_owned()));
        }
    }
    let mut ids = Vec::new();
    for item in items {
        let text = item.to_text();
        match known.iter().find(|id| id.to_string() == text) {
            Some(id) if ids.contains(id) => {}
            Some(id) => ids.push(*id),
            None => return Err(Refusal::InvalidChoice(text.into_owned())),
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

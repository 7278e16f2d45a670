//! A site's own fields of an account (`ACCOUNT_PROFILE_FIELDS`).

use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::{Kind, Raw, Wrong};
use crate::domain::profile::{ProfileValues, is_date};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::social::Profile;
use crate::domain::text;

/// The most fields.
const MOST_FIELDS: usize = 50;
/// The longest text that a field may allow, in characters, and what it allows unless it says otherwise.
const LONGEST_TEXT: i64 = 4000;
const USUAL_LENGTH: i64 = 255;
/// The longest text that mails contain, in characters.
const LONGEST_MAILED: usize = 150;
const LONGEST_PATTERN: usize = 200;
const LONGEST_NAME: usize = 64;
/// The memory of a compiled pattern, which bounds the time of a match.
const PATTERN_BYTES: usize = 1 << 16;
/// What JavaScript reads without a loss.
const LARGEST: i64 = (1 << 53) - 1;

/// Members of the contract's bodies and of `data.user`, and of Vestibule's own: no field may take their place.
const RESERVED: &[&str] = &[
    "account",
    "authenticators",
    "callback_url",
    "client_id",
    "code",
    "credential",
    "csrfmiddlewaretoken",
    "current_password",
    "data",
    "display",
    "email",
    "email2",
    "errors",
    "flows",
    "has_usable_password",
    "id",
    "invitation",
    "key",
    "login",
    "meta",
    "methods",
    "new_password",
    "password",
    "password1",
    "password2",
    "passwordless",
    "phone",
    "primary",
    "private_metadata",
    "process",
    "profile",
    "provider",
    "public_metadata",
    "refresh_token",
    "remember",
    "status",
    "token",
    "trust",
    "uid",
    "user",
    "username",
];

/// A site's own field of an account.
#[derive(Clone, Debug)]
pub struct ProfileField {
    /// The name, in requests and in `data.user`.
    pub name: String,
    /// The type, and the values that it allows.
    pub kind: ProfileFieldType,
    /// Whether there must be a value.
    pub required: bool,
    /// The value of an account that has none.
    pub default: Option<Value>,
    /// The description for the API's users.
    pub help: Option<String>,
    /// Who may write it.
    pub write: ProfileWriter,
    /// Who may read it.
    pub read: ProfileReader,
    /// Whether a provider's claim of this name is its first value.
    pub from_provider: bool,
}

/// The type of a field, with its limits.
#[derive(Clone, Debug)]
pub enum ProfileFieldType {
    /// Text, by its number of characters.
    Text {
        /// The fewest characters.
        min: i64,
        /// The most characters.
        max: i64,
        /// The pattern that the whole text matches, as written and compiled.
        pattern: Option<(String, Regex)>,
    },
    /// True or false.
    Boolean {
        /// Whether only true will do.
        must_be: bool,
    },
    /// A whole number.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A date, in the form `2026-11-29`.
    Date {
        /// The first.
        min: Option<String>,
        /// The last.
        max: Option<String>,
    },
    /// One of these texts.
    Choice(Vec<String>),
    /// Consent to this version of a text; stored with its time.
    Consent(String),
}

/// Who may write a field. Operators may write all but a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileWriter {
    /// Users, at sign-up only.
    Signup,
    /// Users, at sign-up and later.
    User,
    /// Nobody but operators.
    Operator,
}

/// Who may read a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileReader {
    /// Users, and operators.
    User,
    /// Nobody but operators.
    Operator,
}

/// A part of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfilePart {
    /// Those of the sign-up form.
    Signup,
    /// The same where a provider may tell some of them.
    ProviderSignup,
    /// Those that users may change.
    Change,
    /// Those that users may read.
    Shown,
    /// Those that users may read or write.
    Listed,
    /// Those that operators may change.
    Operator,
}

/// The fields, in alphabetical order.
#[derive(Clone, Debug, Default)]
pub struct ProfileFields(Vec<ProfileField>);

impl ProfileFields {
    /// Those of a part.
    pub fn of(&self, part: ProfilePart) -> impl Iterator<Item = &ProfileField> {
        self.0.iter().filter(move |field| field.is_in(part))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileField> {
        self.0.iter()
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&ProfileField> {
        self.0.iter().find(|field| field.name == name)
    }

    /// Whether a sign-up with these values lacks none that is required.
    pub fn are_complete(&self, profile: &ProfileValues) -> bool {
        let mut required = self.of(ProfilePart::Signup).filter(|field| field.required);
        required.all(|field| profile.contains_key(&field.name))
    }

    /// The values that a provider tells. Those that their fields do not allow are left out.
    pub fn told(&self, claims: &Profile) -> ProfileValues {
        let told = |field: &ProfileField| {
            let claim = claims.claim(&field.name)?;
            let value = text::strip(&claim);
            let is_right = !value.is_empty() && field.kind.text_refusals(value).is_empty();
            is_right.then(|| (field.name.clone(), Value::from(value)))
        };
        self.0.iter().filter(|field| field.from_provider).filter_map(told).collect()
    }

    /// What mails may say of a profile: what users may read, without consents, and without text of which a mail program
    /// might make a link.
    pub fn mailed(&self, profile: &ProfileValues) -> ProfileValues {
        let is_plain = |value: &Value| match value {
            Value::String(text) => !text::could_be_link(text) && text::length(text) <= LONGEST_MAILED,
            Value::Bool(_) | Value::Number(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        self.shown(profile).into_iter().filter(|(_, value)| is_plain(value)).collect()
    }

    /// The stored values that users may read or write.
    pub fn listed(&self, profile: &ProfileValues) -> ProfileValues {
        let stored = self.of(ProfilePart::Listed).filter_map(|field| profile.get_key_value(&field.name));
        stored.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What users see of a profile.
    pub fn shown(&self, profile: &ProfileValues) -> Map<String, Value> {
        self.of(ProfilePart::Shown).map(|field| (field.name.clone(), field.value(profile))).collect()
    }
}

impl ProfileField {
    /// Whether it belongs to a part.
    pub fn is_in(&self, part: ProfilePart) -> bool {
        match part {
            ProfilePart::Signup | ProfilePart::ProviderSignup => self.write != ProfileWriter::Operator,
            ProfilePart::Change => self.write == ProfileWriter::User,
            ProfilePart::Shown => self.read == ProfileReader::User,
            ProfilePart::Listed => self.is_in(ProfilePart::Signup) || self.is_in(ProfilePart::Shown),
            ProfilePart::Operator => !matches!(self.kind, ProfileFieldType::Consent(_)),
        }
    }

    /// Its value in a profile, or its default where it has none.
    pub fn value(&self, profile: &ProfileValues) -> Value {
        profile.get(&self.name).cloned().unwrap_or_else(|| self.unset())
    }

    fn unset(&self) -> Value {
        match (&self.default, &self.kind) {
            (Some(value), _) => value.clone(),
            (None, ProfileFieldType::Boolean { .. }) => Value::Bool(false),
            (None, _) => Value::Null,
        }
    }
}

impl ProfileFieldType {
    /// The name in the setting.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Boolean { .. } => "boolean",
            Self::Integer { .. } => "integer",
            Self::Date { .. } => "date",
            Self::Choice(_) => "choice",
            Self::Consent(_) => "consent",
        }
    }

    /// All that is wrong with a text that is not empty, in the order of Django's validators. A date is well-formed.
    pub fn text_refusals(&self, value: &str) -> Vec<FieldErrorKind> {
        match self {
            Self::Text { min, max, pattern } => {
                let length = text::length(value);
                let [min, max] = [min, max].map(|limit| usize::try_from(*limit).unwrap_or(0));
                let fits = pattern.as_ref().is_none_or(|(_, pattern)| pattern.is_match(value));
                let refusals = [
                    (length < min).then_some(FieldErrorKind::TooShort { min, length }),
                    (length > max).then_some(FieldErrorKind::TooLong { max, length }),
                    value.contains('\0').then_some(FieldErrorKind::NullCharacters),
                    (!fits).then_some(FieldErrorKind::PatternMismatch),
                ];
                refusals.into_iter().flatten().collect()
            }
            Self::Date { .. } if !is_date(value) => vec![FieldErrorKind::InvalidDate],
            Self::Date { min, max } => {
                let low = min.clone().filter(|min| value < min.as_str()).map(FieldErrorKind::TooSmall);
                let high = max.clone().filter(|max| value > max.as_str()).map(FieldErrorKind::TooLarge);
                low.into_iter().chain(high).collect()
            }
            Self::Choice(choices) if choices.iter().any(|choice| choice == value) => Vec::new(),
            _ => vec![FieldErrorKind::InvalidChoice(value.to_owned())],
        }
    }

    /// What is wrong with a whole number. One that no `i64` holds is the largest or the smallest.
    pub fn integer_refusals(&self, value: i64) -> Vec<FieldErrorKind> {
        match self {
            Self::Integer { min, .. } if value < *min => vec![FieldErrorKind::TooSmall(min.to_string())],
            Self::Integer { max, .. } if value > *max => vec![FieldErrorKind::TooLarge(max.to_string())],
            Self::Integer { .. } => Vec::new(),
            _ => vec![FieldErrorKind::NotAnInteger],
        }
    }

    fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Boolean { .. }, Value::Bool(_)) => true,
            (Self::Text { .. } | Self::Date { .. } | Self::Choice(_), Value::String(text)) => {
                !text.is_empty() && self.text_refusals(text).is_empty()
            }
            (Self::Integer { .. }, Value::Number(number)) => {
                number.as_i64().is_some_and(|number| self.integer_refusals(number).is_empty())
            }
            _ => false,
        }
    }
}

pub(super) const PROFILE_FIELDS: Kind<ProfileFields> = Kind::new(
    "an object of fields ([fields.md](fields.md)), such as {\"first_name\": {\"type\": \"text\", \"max\": 150}}",
    read,
);

fn read(raw: &Raw<'_>) -> Result<ProfileFields, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    let mut faults = Vec::new();
    if given.len() > MOST_FIELDS {
        faults.push(format!("must have at most {MOST_FIELDS} fields, not {}", given.len()));
    }
    let fields = given.iter().filter_map(|(name, declared)| Declaration::field(name, declared, &mut faults));
    let fields: Vec<_> = fields.collect();
    if faults.is_empty() { Ok(ProfileFields(fields)) } else { Err(Wrong::Because(faults.join("; "))) }
}

/// The declaration of one field, while it is read.
struct Declaration<'a> {
    name: &'a str,
    given: &'a Map<String, Value>,
    faults: &'a mut Vec<String>,
}

impl<'a> Declaration<'a> {
    /// The field, unless something is wrong with it.
    fn field(name: &'a str, declared: &'a Value, faults: &'a mut Vec<String>) -> Option<ProfileField> {
        let Value::Object(given) = declared else {
            faults.push(format!("must have an object as {name:?}"));
            return None;
        };
        let before = faults.len();
        let mut it = Declaration { name, given, faults };
        it.check_name();
        let kind = it.kind();
        let must_be = matches!(kind, Some(ProfileFieldType::Boolean { must_be: true }));
        let (required, help) = (it.switch("required") || must_be, it.text("help"));
        let others = [("signup", ProfileWriter::Signup), ("operator", ProfileWriter::Operator)];
        let write = it.word("write", ("user", ProfileWriter::User), &others);
        let read = it.word("read", ("user", ProfileReader::User), &[("operator", ProfileReader::Operator)]);
        let default = given.get("default").cloned();
        it.check_default(kind.as_ref(), default.as_ref(), required);
        let from_provider = it.switch("from_provider");
        it.check_provider(kind.as_ref(), from_provider);
        it.check_writer(kind.as_ref(), write, required);
        let is_right = it.faults.len() == before;
        let field = ProfileField {
            name: name.to_owned(),
            kind: kind?,
            required,
            default,
            help,
            write,
            read,
            from_provider,
        };
        is_right.then_some(field)
    }

    fn fault(&mut self, what: &str) {
        self.faults.push(format!("must {what} in {:?}", self.name));
    }

    fn check_name(&mut self) {
        let name = self.name;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(plain);
        if !is_plain || name.len() > LONGEST_NAME {
            self.faults.push(format!(
                "must name a field with at most {LONGEST_NAME} lower-case letters, digits and \"_\", a letter first, \
                 not {name:?}"
            ));
        } else if RESERVED.contains(&name) {
            self.faults.push(format!("must not name a field {name:?}, which the API uses itself"));
        }
    }

    fn kind(&mut self) -> Option<ProfileFieldType> {
        let types = ["text", "boolean", "integer", "date", "choice", "consent"];
        let Some(name) = self.given.get("type").and_then(Value::as_str).filter(|name| types.contains(name))
        else {
            self.fault(&format!("have one of {types:?} as \"type\""));
            return None;
        };
        let own: &[&str] = match name {
            "text" => &["min", "max", "pattern"],
            "boolean" => &["must_be"],
            "integer" | "date" => &["min", "max"],
            "choice" => &["choices"],
            _ => &["version"],
        };
        let common = ["type", "required", "default", "help", "write", "read", "from_provider"];
        for member in self.given.keys().filter(|member| !common.contains(&member.as_str())) {
            if !own.contains(&member.as_str()) {
                self.fault(&format!("not have {member:?}, which the type {name:?} does not know,"));
            }
        }
        match name {
            "text" => self.text_type(),
            "boolean" => Some(ProfileFieldType::Boolean { must_be: self.switch("must_be") }),
            "integer" => {
                let (min, max) = self.limits(-LARGEST, LARGEST)?;
                Some(ProfileFieldType::Integer { min, max })
            }
            "date" => Some(self.date_type()),
            "choice" => self.choice_type(),
            _ => self.consent_type(),
        }
    }

    fn text_type(&mut self) -> Option<ProfileFieldType> {
        let (min, max) = self.limits(0, LONGEST_TEXT)?;
        let max = if self.given.contains_key("max") { max } else { USUAL_LENGTH.max(min) };
        let pattern = match self.text("pattern") {
            None => None,
            Some(text) => Some((text.clone(), self.compiled(&text)?)),
        };
        Some(ProfileFieldType::Text { min, max, pattern })
    }

    /// The pattern for the whole text. It is compiled by itself first, so that no `)` of its own ends the group.
    fn compiled(&mut self, pattern: &str) -> Option<Regex> {
        if text::length(pattern) > LONGEST_PATTERN {
            self.fault(&format!("have at most {LONGEST_PATTERN} characters as \"pattern\""));
            return None;
        }
        let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build();
        match compile(pattern).and_then(|_| compile(&format!(r"\A(?:{pattern})\z"))) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                self.fault(&format!("have a regular expression as \"pattern\" ({error})"));
                None
            }
        }
    }

    fn date_type(&mut self) -> ProfileFieldType {
        let [min, max] = ["min", "max"].map(|limit| {
            let date = self.text(limit);
            if date.as_deref().is_some_and(|date| !is_date(date)) {
                self.fault(&format!("have a date such as \"2026-11-29\" as {limit:?}"));
            }
            date
        });
        if min.is_some() && max.is_some() && min > max {
            self.fault("not have a \"min\" after \"max\"");
        }
        ProfileFieldType::Date { min, max }
    }

    fn choice_type(&mut self) -> Option<ProfileFieldType> {
        let texts = |items: &Vec<Value>| -> Option<Vec<String>> {
            items
                .iter()
                .map(|item| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
                .collect()
        };
        let choices = self.given.get("choices").and_then(Value::as_array).and_then(texts);
        let choices = choices.filter(|choices| !choices.is_empty());
        if choices.is_none() {
            self.fault("have a list of one or more texts as \"choices\"");
        }
        choices.map(ProfileFieldType::Choice)
    }

    fn consent_type(&mut self) -> Option<ProfileFieldType> {
        let version = self.text("version").filter(|version| !version.is_empty());
        if version.is_none() {
            self.fault("have the \"version\" of the text that is agreed to");
        }
        version.map(ProfileFieldType::Consent)
    }

    /// `min` and `max`, within these.
    fn limits(&mut self, least: i64, most: i64) -> Option<(i64, i64)> {
        let [min, max] =
            [("min", least), ("max", most)].map(|(member, usual)| match self.given.get(member) {
                None => Some(usual),
                Some(value) => value.as_i64().filter(|value| (least..=most).contains(value)),
            });
        let limits = min.zip(max).filter(|(min, max)| min <= max);
        if limits.is_none() {
            self.fault(&format!(
                "have whole numbers from {least} to {most} as \"min\" and \"max\", \"min\" at most \"max\","
            ));
        }
        limits
    }

    fn check_default(&mut self, kind: Option<&ProfileFieldType>, default: Option<&Value>, required: bool) {
        if let (Some(kind), Some(default)) = (kind, default)
            && !kind.admits(default)
        {
            self.fault("have a value that the field itself allows as \"default\"");
        }
        if required && default.is_some() {
            self.fault("not have a \"default\" where a value is required,");
        }
    }

    fn switch(&mut self, member: &str) -> bool {
        match self.given.get(member) {
            None => false,
            Some(Value::Bool(on)) => *on,
            Some(_) => {
                self.fault(&format!("have true or false as {member:?}"));
                false
            }
        }
    }

    fn text(&mut self, member: &str) -> Option<String> {
        match self.given.get(member) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.fault(&format!("have text as {member:?}"));
                None
            }
        }
    }

    /// The meaning of a word, which is the usual one unless another is given.
    fn word<T: Copy>(&mut self, member: &str, usual: (&str, T), others: &[(&str, T)]) -> T {
        let Some(given) = self.given.get(member) else { return usual.1 };
        let words: Vec<_> = [usual].into_iter().chain(others.iter().copied()).collect();
        if let Some((_, meaning)) = words.iter().find(|(word, _)| given == word) {
            return *meaning;
        }
        let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
        self.fault(&format!("have one of {words:?} as {member:?}"));
        usual.1
    }

    fn check_provider(&mut self, kind: Option<&ProfileFieldType>, from_provider: bool) {
        let is_text =
            matches!(kind, None | Some(ProfileFieldType::Text { .. } | ProfileFieldType::Choice(_)));
        if from_provider && !(is_text && Profile::CLAIMS.contains(&self.name)) {
            let claims = Profile::CLAIMS;
            self.fault(&format!(
                "not have \"from_provider\" but for text or a choice with one of the names {claims:?},"
            ));
        }
    }

    fn check_writer(&mut self, kind: Option<&ProfileFieldType>, write: ProfileWriter, required: bool) {
        if write != ProfileWriter::Operator {
            return;
        }
        if required {
            self.fault("not require a value where only operators write,");
        }
        if matches!(kind, Some(ProfileFieldType::Consent(_))) {
            self.fault("not let operators write a \"consent\", which is the user's own,");
        }
    }
}

#[cfg(test)]
mod tests;

//! JSON as Python's `json` module reads it, which is what clients of the reference got used to.
//!
//! Beyond RFC 8259 that means `NaN`, `Infinity`, numbers too large for a float (infinite then), whole numbers of any
//! size, and names that come twice (the last counts). Where the reference fails with a 500, a body is refused: when it is
//! nested too deep, when a whole number has more than 4,300 digits, or when text has half a surrogate pair.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt::{self, Debug, Display, Formatter, Write},
};

use crate::domain::text::is_printable;

/// The largest body that is read, in bytes: Django's `DATA_UPLOAD_MAX_MEMORY_SIZE`.
pub const MAX_BODY_BYTES: usize = 2_621_440;

/// How deep lists and objects may be nested, the body itself counted.
pub const MAX_DEPTH: usize = 128;

/// The most digits of a whole number: Python's own limit.
pub(super) const MAX_INTEGER_DIGITS: usize = 4300;

/// Why a body is no input. Whatever it is, the answer is 400 without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than [`MAX_BODY_BYTES`].
    #[error("the body is too large")]
    TooLarge,
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Not JSON.
    #[error("the body is not JSON")]
    Malformed,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the body is nested too deep")]
    TooDeep,
    /// JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// A JSON value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent: its digits, perhaps behind a minus, without leading zeros.
    Integer(String),
    /// Any other number, `NaN` and `Infinity` among them.
    Float(f64),
    /// A string
    Text(String),
    /// An array
    List(Vec<Value>),
    /// An object
    Object(Object),
}

/// A JSON object. Of a name that comes twice, the last value counts.
#[derive(Clone, Default, PartialEq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads the body of a request. An empty one is an empty object.
    ///
    /// # Errors
    /// As [`BodyError`] says.
    pub fn parse(body: &[u8]) -> Result<Self, BodyError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(BodyError::TooLarge);
        }
        let text = std::str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?;
        match Value::parse(text)? {
            Value::Object(object) => Ok(object),
            _ => Err(BodyError::NotAnObject),
        }
    }

    /// The value of this name, if the object has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The names, each once, where it came first.
    pub fn names(&self) -> Vec<&str> {
        self.members().into_iter().map(|(name, _)| name).collect()
    }

    fn members(&self) -> Vec<(&str, &Value)> {
        let mut values: HashMap<&str, &Value> =
            self.0.iter().map(|(name, value)| (name.as_str(), value)).collect();
        self.0.iter().filter_map(|(name, _)| values.remove_entry(name.as_str())).collect()
    }
}

impl FromIterator<(String, String)> for Object {
    /// Input that comes as texts, such as from a command line.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(members: I) -> Self {
        Self(members.into_iter().map(|(name, text)| (name, Value::Text(text))).collect())
    }
}

/// Input that comes some other way than in a body, such as in a header.
impl<const N: usize> From<[(&str, Option<&str>); N]> for Object {
    fn from(members: [(&str, Option<&str>); N]) -> Self {
        let value = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        Self(members.into_iter().map(|(name, text)| (name.to_owned(), value(text))).collect())
    }
}

impl Value {
    /// Reads any JSON, with white space around it at the most.
    ///
    /// # Errors
    /// [`BodyError::Malformed`] or [`BodyError::TooDeep`].
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let mut reader = Reader { rest: text };
        let value = reader.value(0)?;
        if reader.rest.is_empty() { Ok(value) } else { Err(BodyError::Malformed) }
    }

    /// Whether it counts as missing from a form: null, "", [] or {}.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.0.is_empty(),
            Self::Bool(_) | Self::Integer(_) | Self::Float(_) => false,
        }
    }

    /// Python's `bool`: false for what is missing, false and zero.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Integer(digits) => digits != "0",
            Self::Float(number) => *number != 0.0,
            Self::Null | Self::Text(_) | Self::List(_) | Self::Object(_) => !self.is_missing(),
        }
    }

    /// What Django's `BooleanField` takes it for: as Python's `bool`, but "false" in any case is no.
    pub fn is_yes(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty() && text.to_lowercase() != "false",
            value => value.is_truthy(),
        }
    }

    /// Python's `str`: text as it is, all else as Python would write it in a program.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(Repr(other).to_string()),
        }
    }
}

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(..)",
            Self::Integer(_) => "Integer(..)",
            Self::Float(_) => "Float(..)",
            Self::Text(_) => "Text(..)",
            Self::List(_) => "List(..)",
            Self::Object(_) => "Object(..)",
        })
    }
}

impl Debug for Object {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} members)", self.0.len())
    }
}

/// What is left of a text to read.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// A value inside of `depth` lists and objects, with the white space around it.
    fn value(&mut self, depth: usize) -> Result<Value, BodyError> {
        self.skip_space();
        let value = if self.take("{") {
            self.object(inner(depth)?)?
        } else if self.take("[") {
            self.list(inner(depth)?)?
        } else if self.rest.starts_with('"') {
            Value::Text(self.string()?)
        } else {
            self.word_or_number()?
        };
        self.skip_space();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, BodyError> {
        let mut members = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Value::Object(Object(members)));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(BodyError::Malformed);
            }
            members.push((name, self.value(depth)?));
            if self.take("}") {
                return Ok(Value::Object(Object(members)));
            }
            if !self.take(",") {
                return Err(BodyError::Malformed);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, BodyError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.take("]") {
                return Ok(Value::List(items));
            }
            if !self.take(",") {
                return Err(BodyError::Malformed);
            }
        }
    }

    fn string(&mut self) -> Result<String, BodyError> {
        let inside = self.rest.strip_prefix('"').ok_or(BodyError::Malformed)?;
        let mut escaped = false;
        let end = inside.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let token = self.split_off(end.ok_or(BodyError::Malformed)? + 2)?;
        serde_json::from_str(token).map_err(|_| BodyError::Malformed)
    }

    fn word_or_number(&mut self) -> Result<Value, BodyError> {
        const WORDS: [(&str, Value); 6] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        for (word, value) in WORDS {
            if self.take(word) {
                return Ok(value);
            }
        }
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let token = self.split_off(self.rest.find(|c| !in_number(c)).unwrap_or(self.rest.len()))?;
        number(token)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn split_off(&mut self, bytes: usize) -> Result<&'a str, BodyError> {
        let (token, rest) = self.rest.split_at_checked(bytes).ok_or(BodyError::Malformed)?;
        self.rest = rest;
        Ok(token)
    }
}

fn inner(depth: usize) -> Result<usize, BodyError> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(BodyError::TooDeep) }
}

fn number(token: &str) -> Result<Value, BodyError> {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let (whole, fraction) = match digits.find(|c: char| !c.is_ascii_digit()) {
        Some(end) => digits.split_at_checked(end).ok_or(BodyError::Malformed)?,
        None => (digits, ""),
    };
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(BodyError::Malformed);
    }
    if fraction.is_empty() {
        return match whole {
            "0" => Ok(Value::Integer("0".to_owned())),
            _ if whole.len() > MAX_INTEGER_DIGITS => Err(BodyError::Malformed),
            _ => Ok(Value::Integer(token.to_owned())),
        };
    }
    // Rust reads all that JSON allows here, and "1." besides.
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    if mantissa.ends_with('.') || exponent.is_empty() {
        return Err(BodyError::Malformed);
    }
    token.parse().map(Value::Float).map_err(|_| BodyError::Malformed)
}

/// Python's `repr`.
struct Repr<'a>(&'a Value);

impl Display for Repr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Integer(digits) => f.write_str(digits),
            Value::Float(number) => repr_float(*number, f),
            Value::Text(text) => repr_text(text, f),
            Value::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if at == 0 { "" } else { ", " }, Repr(item))?;
                }
                f.write_char(']')
            }
            Value::Object(object) => {
                f.write_char('{')?;
                for (at, (name, value)) in object.members().into_iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    repr_text(name, f)?;
                    write!(f, ": {}", Repr(value))?;
                }
                f.write_char('}')
            }
        }
    }
}

fn repr_text(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            c if c == quote => write!(f, "\\{c}"),
            c if is_printable(c) => f.write_char(c),
            c => match u32::from(c) {
                code @ ..=0xff => write!(f, "\\x{code:02x}"),
                code @ ..=0xffff => write!(f, "\\u{code:04x}"),
                code => write!(f, "\\U{code:08x}"),
            },
        }?;
    }
    f.write_char(quote)
}

/// The shortest digits that give the number back, with an exponent below 0.0001 and from 1e16 on.
fn repr_float(number: f64, f: &mut Formatter<'_>) -> fmt::Result {
    if number.is_nan() {
        return f.write_str("nan");
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        // Infinity has none.
        return f.write_str(if number > 0.0 { "inf" } else { "-inf" });
    };
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..=15 => write!(f, "{number:?}"),
        exponent @ ..0 => write!(f, "{digits}e-{:02}", exponent.unsigned_abs()),
        exponent => write!(f, "{digits}e+{exponent:02}"),
    }
}

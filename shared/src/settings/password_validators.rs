//! Which passwords are refused.

use serde_json::{Map, Value};

use super::kind::{Kind, Wrong};
use super::suggestion::suggestion;

pub use crate::password_rules::Rule as PasswordValidator;

const SIMILARITY: &str = "django.contrib.auth.password_validation.UserAttributeSimilarityValidator";
const LENGTH: &str = "django.contrib.auth.password_validation.MinimumLengthValidator";
const COMMON: &str = "django.contrib.auth.password_validation.CommonPasswordValidator";
const NUMERIC: &str = "django.contrib.auth.password_validation.NumericPasswordValidator";

pub(super) const PASSWORD_VALIDATORS: Kind<Vec<PasswordValidator>> = Kind::new(
    "a list in Django's form, such as [{\"NAME\": \"django.contrib.auth.password_validation.MinimumLengthValidator\", \
     \"OPTIONS\": {\"min_length\": 10}}]",
    |raw| {
        let Some(Value::Array(items)) = &raw.json else { return Err(Wrong::Shape) };
        items.iter().map(validator).collect()
    },
);

/// All four, with the options Django gives them.
pub(super) const ALL_FOUR: &str = r#"[
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"}
]"#;

fn validator(item: &Value) -> Result<PasswordValidator, Wrong> {
    let item = item.as_object().ok_or(Wrong::Shape)?;
    if item.keys().any(|key| key != "NAME" && key != "OPTIONS") {
        return Err(Wrong::Shape);
    }
    let name = item.get("NAME").and_then(Value::as_str).ok_or(Wrong::Shape)?;
    let none = Map::new();
    let given = match item.get("OPTIONS") {
        None => &none,
        Some(options) => options.as_object().ok_or(Wrong::Shape)?,
    };
    let mut options = Options { validator: name, given, taken: 0 };
    let validator = match name {
        SIMILARITY => PasswordValidator::UserAttributeSimilarity {
            user_attributes: options.attributes()?,
            max_similarity: options.similarity()?,
        },
        LENGTH => PasswordValidator::MinimumLength { min_length: options.length()? },
        COMMON => PasswordValidator::CommonPassword,
        NUMERIC => PasswordValidator::NumericPassword,
        other => return Err(unknown(other)),
    };
    options.finish()?;
    Ok(validator)
}

fn unknown(name: &str) -> Wrong {
    let ours = [SIMILARITY, LENGTH, COMMON, NUMERIC];
    let nearest = match ours.into_iter().find(|known| known.rsplit('.').next() == name.rsplit('.').next()) {
        Some(known) => format!("; did you mean {known}?"),
        None => suggestion(name, ours.into_iter()),
    };
    Wrong::Because(format!("has {name:?}, but only Django's own four validators can be used{nearest}"))
}

/// The options of one validator; whatever is not taken in the end is unknown.
struct Options<'a> {
    validator: &'a str,
    given: &'a Map<String, Value>,
    taken: usize,
}

impl<'a> Options<'a> {
    fn take(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.given.get(name);
        self.taken += usize::from(value.is_some());
        value
    }

    fn length(&mut self) -> Result<usize, Wrong> {
        let Some(value) = self.take("min_length") else { return Ok(8) };
        let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
        length.ok_or_else(|| {
            Wrong::Because("must have a whole number, 0 or more, as \"min_length\"".to_owned())
        })
    }

    fn similarity(&mut self) -> Result<f64, Wrong> {
        let Some(value) = self.take("max_similarity") else { return Ok(0.7) };
        value.as_f64().filter(|likeness| *likeness >= 0.1).ok_or_else(|| {
            Wrong::Because("must have a number of at least 0.1 as \"max_similarity\"".to_owned())
        })
    }

    fn attributes(&mut self) -> Result<Vec<String>, Wrong> {
        let Some(value) = self.take("user_attributes") else {
            return Ok(["username", "first_name", "last_name", "email"].map(str::to_owned).to_vec());
        };
        let names = value.as_array().and_then(|names| {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        names.ok_or_else(|| Wrong::Because("must have a list of text as \"user_attributes\"".to_owned()))
    }

    fn finish(self) -> Result<(), Wrong> {
        if self.taken == self.given.len() {
            return Ok(());
        }
        Err(Wrong::Because(match self.validator {
            SIMILARITY => "has an option that is none of \"user_attributes\", \"max_similarity\"".to_owned(),
            LENGTH => "has an option that is not \"min_length\"".to_owned(),
            other => format!("has options for {other}, which has none here"),
        }))
    }
}

//! Which passwords are refused.

use serde_json::{Map, Value};

use super::kind::{Kind, Wrong};
use super::suggestion::suggestion;

/// A rule that passwords must meet: one of Django's four.
#[derive(Clone, Debug, PartialEq)]
pub enum PasswordValidator {
    /// Not too much like something known of the account.
    UserAttributeSimilarity {
        /// What is compared, such as `email`.
        user_attributes: Vec<String>,
        /// The likeness that is refused, from 0.1 up; 1 means equal.
        max_similarity: f64,
    },
    /// Not too short.
    MinimumLength {
        /// The least number of characters.
        min_length: usize,
    },
    /// Not one of the passwords that everybody uses.
    CommonPassword,
    /// Not digits alone.
    NumericPassword,
}

const PREFIX: &str = "django.contrib.auth.password_validation.";
const NAMES: [&str; 4] = [
    "UserAttributeSimilarityValidator",
    "MinimumLengthValidator",
    "CommonPasswordValidator",
    "NumericPasswordValidator",
];

pub(super) const PASSWORD_VALIDATORS: Kind<Vec<PasswordValidator>> = Kind::new(
    "a list in Django's form, such as [{\"NAME\": \"django.contrib.auth.password_validation.MinimumLengthValidator\", \
     \"OPTIONS\": {\"min_length\": 10}}]",
    |raw| {
        let Some(Value::Array(items)) = &raw.json else { return Err(Wrong::Shape) };
        items.iter().map(validator).collect()
    },
);

/// All four with Django's own options, as `default_validators` in words.
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
    let path = item.get("NAME").and_then(Value::as_str).ok_or(Wrong::Shape)?;
    let name = path.strip_prefix(PREFIX).filter(|name| NAMES.contains(name)).ok_or_else(|| {
        let nearest = suggestion(path.rsplit('.').next().unwrap_or(path), NAMES.into_iter());
        Wrong::Because(format!("has {path:?}, but only Django's own four validators can be used{nearest}"))
    })?;
    let none = Map::new();
    let options = match item.get("OPTIONS") {
        None => &none,
        Some(options) => options.as_object().ok_or(Wrong::Shape)?,
    };
    let mut options = Options { validator: name, options, taken: 0 };
    let validator = match name {
        "UserAttributeSimilarityValidator" => PasswordValidator::UserAttributeSimilarity {
            user_attributes: options.attributes()?,
            max_similarity: options.similarity()?,
        },
        "MinimumLengthValidator" => PasswordValidator::MinimumLength { min_length: options.length()? },
        "CommonPasswordValidator" => PasswordValidator::CommonPassword,
        _ => PasswordValidator::NumericPassword,
    };
    options.finish()?;
    Ok(validator)
}

/// The options of one validator; whatever is not taken in the end is unknown.
struct Options<'a> {
    validator: &'a str,
    options: &'a Map<String, Value>,
    taken: usize,
}

impl<'a> Options<'a> {
    fn take(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.options.get(name);
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
        if self.taken == self.options.len() {
            return Ok(());
        }
        Err(Wrong::Because(match self.validator {
            "UserAttributeSimilarityValidator" => {
                "has an option that is none of \"user_attributes\", \"max_similarity\"".to_owned()
            }
            "MinimumLengthValidator" => "has an option that is not \"min_length\"".to_owned(),
            other => format!("has options for {other}, which has none here"),
        }))
    }
}

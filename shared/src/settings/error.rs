//! Errors of the settings, all reported at once.

use std::fmt;

/// Longest part of a value that a problem shows, in characters.
const SHOWN: usize = 120;

/// All errors of the settings. Displays as one line for each problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(pub(super) Vec<Problem>);

/// An error of one or several settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The settings concerned: one, or those that contradict each other.
    pub settings: Vec<Concerned>,
    /// The remedy.
    pub remedy: String,
}

/// A setting of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concerned {
    /// Its name.
    pub name: String,
    /// Its value, unless that is secret or beside the point.
    pub value: Option<String>,
    /// Whether that is the default, as nothing was given.
    pub is_default: bool,
}

impl Problem {
    /// A problem of one setting that was given.
    pub(super) fn of(name: &str, value: Option<String>, remedy: String) -> Self {
        Self { settings: vec![Concerned { name: name.to_owned(), value, is_default: false }], remedy }
    }
}

impl Errors {
    /// A single error, of a setting that was given.
    pub(crate) fn of(name: &str, value: Option<String>, remedy: String) -> Self {
        Self(vec![Problem::of(name, value, remedy)])
    }

    /// The problems, in the order of the settings in the documentation.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Concerned { name, value, is_default }) in self.settings.iter().enumerate() {
            if number > 0 {
                write!(f, ", ")?;
            }
            write!(f, "{name}")?;
            if let Some(value) = value {
                write!(f, "={}", on_one_line(value))?;
            }
            if *is_default {
                write!(f, " (default)")?;
            }
        }
        write!(f, ": {}", self.remedy)
    }
}

/// The value as it was written, cut where it gets long, with nothing that could end the line.
fn on_one_line(value: &str) -> String {
    if value.is_empty() {
        return "\"\"".to_owned();
    }
    let mut shown = String::new();
    for (position, character) in value.chars().enumerate() {
        if position == SHOWN {
            shown.push('…');
            break;
        }
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

//! The variables that settings are read from, and what has been found wrong with them so far.

use std::collections::BTreeMap;

use super::error::Problem;
use super::kind::{Kind, Raw, Wrong};
use super::setting::{About, Default, Setting};

/// The variables, the problems and the hints.
pub(super) struct Source {
    variables: BTreeMap<String, String>,
    known: &'static [&'static About],
    pub problems: Vec<Problem>,
    pub hints: Vec<String>,
}

impl Source {
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        known: &'static [&'static About],
    ) -> Self {
        Self { variables: variables.into_iter().collect(), known, problems: Vec::new(), hints: Vec::new() }
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The value given under exactly this name; an empty one counts as none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Whether the setting of that name has a value of its own.
    pub fn is_given(&self, name: &str) -> bool {
        self.find(name).is_some_and(|setting| self.given(setting).is_some())
    }

    /// The declaration of that name.
    pub fn find(&self, name: &str) -> Option<&'static Setting> {
        self.known.iter().find_map(|group| group.find(name))
    }

    /// The name used, and its value.
    fn given(&self, setting: &'static Setting) -> Option<(&'static str, &str)> {
        let mut values = setting.names().filter_map(|name| {
            let text = self.variables.get(name)?;
            (setting.keeps_empty || !text.trim().is_empty()).then_some((name, text.as_str()))
        });
        values.next()
    }

    /// The text that stands for the setting, whether given or not.
    pub fn effective(&self, setting: &'static Setting) -> &str {
        if let Some((_, text)) = self.given(setting) {
            return text;
        }
        match setting.default {
            Default::Is(text) | Default::Computed(text, _) => text,
            Default::Of(other) => self.find(other).map_or("", |other| self.effective(other)),
        }
    }

    /// Reads one setting. A wrong value is noted, and the default stands in for it, so that the
    /// reading goes on and finds what else is wrong.
    pub fn read<T>(&mut self, setting: &'static Setting, kind: &Kind<T>) -> Option<T> {
        if let Some((name, text)) = self.given(setting) {
            match (kind.read)(&Raw::of(text)) {
                Ok(value) => {
                    self.note_alias(setting, name);
                    return Some(value);
                }
                Err(wrong) => self.wrong(name, text.to_owned(), setting, wrong),
            }
        }
        self.read_default(setting, kind)
    }

    fn read_default<T>(&mut self, setting: &'static Setting, kind: &Kind<T>) -> Option<T> {
        if let Default::Of(other) = setting.default {
            let other = self.find(other)?;
            // What is wrong with the other one is noted there.
            if let Some((_, text)) = self.given(other)
                && let Ok(value) = (kind.read)(&Raw::of(text))
            {
                return Some(value);
            }
            return self.read_default(other, kind);
        }
        let (Default::Is(text) | Default::Computed(text, _) | Default::Of(text)) = setting.default;
        match (kind.read)(&Raw::of(text)) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(setting.name, text.to_owned(), setting, wrong);
                None
            }
        }
    }

    fn note_alias(&mut self, setting: &'static Setting, used: &str) {
        if used != setting.name {
            self.hints.push(format!("{used} is a deprecated name of {}", setting.name));
        }
        let ignored: Vec<_> = setting
            .aliases
            .iter()
            .filter(|alias| **alias != used && self.variable(alias).is_some())
            .map(|alias| format!("{alias} is ignored, because {used} is given"))
            .collect();
        self.hints.extend(ignored);
    }

    fn wrong(&mut self, name: &str, value: String, setting: &'static Setting, wrong: Wrong) {
        let remedy = match wrong {
            Wrong::Shape => format!("must be {}{}", setting.expects, not_json(&value)),
            Wrong::Because(remedy) => remedy,
        };
        self.problems.push(Problem::of(name, (!setting.secret).then_some(value), remedy));
    }

    /// Whether the value of that setting was found wrong, under whichever of its names.
    pub fn is_wrong(&self, setting: &'static Setting) -> bool {
        let is_its = |name: &str| setting.names().any(|its| its == name);
        self.problems.iter().any(|problem| problem.settings.iter().any(|wrong| is_its(&wrong.name)))
    }
}

/// What a value that was written for Python lacks.
fn not_json(text: &str) -> &'static str {
    let is_quoted = text.starts_with(['[', '{']) && text.contains('\'');
    let is_json = serde_json::from_str::<serde_json::Value>(text).is_ok();
    if (is_quoted && !is_json) || text.starts_with('(') {
        "; this is Python: JSON has double quotes, and lists in []"
    } else {
        ""
    }
}

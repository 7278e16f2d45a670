//! A catalogue: what its file says, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The key of the direction of writing.
pub(super) const DIRECTION: &str = "direction";

/// The plural categories of CLDR.
const CATEGORIES: &[&str] = &["zero", "one", "two", "few", "many", "other"];

/// The placeholder whose number decides on the plural form.
const COUNT: &str = "count";

/// Texts by their keys; what is nested has dots in its key.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue(pub BTreeMap<String, String>);

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// As it is.
    Literal(&'t str),
    /// The name of a value.
    Placeholder(&'t str),
}

/// The parts of a text.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)))
    {
        parts.push(Part::Literal(before));
        parts.push(Part::Placeholder(name.trim()));
        rest = after;
    }
    parts.push(Part::Literal(rest));
    parts
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let names = parts(text).into_iter().filter_map(|part| match part {
        Part::Placeholder(name) => Some(name),
        Part::Literal(_) => None,
    });
    names.collect()
}

impl Catalogue {
    pub fn parse(text: &str) -> Result<Self, String> {
        let object: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("is not a JSON object of texts: {error}"))?;
        let mut catalogue = Self::default();
        catalogue.add("", object)?;
        Ok(catalogue)
    }

    fn add(&mut self, before: &str, object: Map<String, Value>) -> Result<(), String> {
        for (name, value) in object {
            let key = format!("{before}{name}");
            match value {
                Value::String(text) => drop(self.0.insert(key, text)),
                Value::Object(inner) => self.add(&format!("{key}."), inner)?,
                _ => return Err(format!("{key}: must be a text")),
            }
        }
        Ok(())
    }

    /// Takes the texts of another catalogue over these: a text with all its plural forms.
    pub fn take(&mut self, other: Self) {
        let taken: BTreeSet<String> = other.0.keys().map(|key| without_form(key).to_owned()).collect();
        self.0.retain(|key, _| !taken.contains(key) && !taken.contains(without_form(key)));
        self.0.extend(other.0);
    }

    /// Everything that is wrong, in the order of the keys. `english` says which texts there are; `is_whole` requires all
    /// of them.
    pub fn check(&self, english: &Self, categories: &[&str], is_whole: bool) -> Vec<String> {
        let wanted = english.wanted();
        let mut given: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut faults = Vec::new();
        for (key, text) in &self.0 {
            let (entry, form) = match (wanted.get(key.as_str()), split(key)) {
                (Some(_), _) => (key.as_str(), None),
                (None, Some((entry, form)))
                    if wanted.get(entry).is_some_and(|names| names.contains(COUNT)) =>
                {
                    (entry, Some(form))
                }
                _ => {
                    faults.push(format!("{key}: there is no such text{}", nearest(key, &wanted)));
                    continue;
                }
            };
            let forms = given.entry(entry).or_default();
            forms.extend(form);
            if form.is_some_and(|form| !categories.contains(&form)) {
                let all = categories.join(", ");
                faults.push(format!("{key}: the language has no such plural form: its forms are {all}"));
            }
            let names = wanted.get(entry).cloned().unwrap_or_default();
            faults.extend(wrong_text(key, text, &names, form.is_some()));
        }
        for (entry, forms) in &given {
            let lacking = categories.iter().filter(|category| !forms.contains(*category));
            if !forms.is_empty() && !self.0.contains_key(*entry) {
                faults.extend(lacking.map(|form| format!("{entry}_{form}: this plural form is missing")));
            }
        }
        if is_whole {
            let missing = wanted.keys().filter(|entry| !given.contains_key(*entry));
            faults.extend(missing.map(|entry| format!("{entry}: is missing")));
        }
        faults
    }

    /// The texts that a language must have, with their placeholders.
    fn wanted(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, text) in &self.0 {
            // A key may end in the name of a category by chance.
            let is_form = placeholders(text).contains(COUNT);
            let entry = split(key).filter(|_| is_form).map_or(key.as_str(), |(entry, _)| entry);
            wanted.entry(entry).or_default().extend(placeholders(text));
        }
        wanted
    }
}

/// A key without the plural category at its end, and that category.
fn split(key: &str) -> Option<(&str, &str)> {
    key.rsplit_once('_').filter(|(_, category)| CATEGORIES.contains(category))
}

fn without_form(key: &str) -> &str {
    split(key).map_or(key, |(entry, _)| entry)
}

fn wrong_text(key: &str, text: &str, wanted: &BTreeSet<&str>, is_form: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if text.trim().is_empty() {
        faults.push(format!("{key}: is empty"));
    }
    if key == DIRECTION && !["ltr", "rtl"].contains(&text) {
        faults.push(format!("{key}: must be ltr or rtl"));
    }
    let given = placeholders(text);
    for name in given.difference(wanted) {
        let names: Vec<String> = wanted.iter().map(|name| format!("{{{{{name}}}}}")).collect();
        let known =
            if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        faults.push(format!("{key}: {{{{{name}}}}} is no placeholder of this text: {known}"));
    }
    for name in wanted.difference(&given) {
        // "One character" needs no number.
        if !(is_form && *name == COUNT) {
            faults.push(format!("{key}: lacks {{{{{name}}}}}"));
        }
    }
    let stray =
        |part: &Part<'_>| matches!(part, Part::Literal(text) if text.contains("{{") || text.contains("}}"));
    if parts(text).iter().any(stray) {
        faults.push(format!("{key}: has braces that are not those of a placeholder"));
    }
    faults
}

/// A question that names the known key that is nearest, if one is near.
fn nearest(key: &str, wanted: &BTreeMap<&str, BTreeSet<&str>>) -> String {
    let distances = wanted.keys().map(|known| (strsim::damerau_levenshtein(key, known), known));
    match distances.min() {
        Some((distance, known)) if distance <= 4 => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}

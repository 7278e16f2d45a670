//! Texts for people, in the languages that are enabled (`LANGUAGES`): built-in ones, and an operator's own
//! (`LANGUAGES_DIR`).
//!
//! A catalogue is a JSON file in the format of i18next (version 4): texts by keys, with `{{placeholders}}`, and with
//! plural forms by the categories of CLDR: `min_length_one`, `min_length_other`.

mod catalogue;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use icu_locale_core::LanguageIdentifier;
use icu_plurals::{PluralCategory, PluralRules};

use crate::domain::language::{self, Language};
use crate::settings::Settings;
use catalogue::{Catalogue, DIRECTION, Part, parts};

/// The catalogues that are built in: the tag of each language, and its file. The first is English, from which all others
/// take their keys and placeholders.
pub type BuiltIn = &'static [(&'static str, &'static str)];

/// The files of a language.
const FILES: &[&str] = &["api.json", "mail.json"];

/// Keeps a value together in a text that is written from right to left (UAX #9: FSI and PDI).
const ISOLATE: [char; 2] = ['\u{2068}', '\u{2069}'];

/// Everything that is wrong with an operator's languages, a line each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("LANGUAGES_DIR: {}", self.0.join("\n"))]
pub struct LanguageFaults(pub Vec<String>);

/// The texts of one language.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The language; none only where there are no texts at all.
    pub language: Option<Language>,
    /// Whether clients could have got another language.
    pub is_negotiated: bool,
    built_in: &'static str,
    /// Read from the built-in file when the first text is needed, unless an operator has one: most requests of most
    /// functions need none, and reading it took a sixth of a cold start.
    by_key: OnceLock<BTreeMap<String, String>>,
}

/// The texts of all enabled languages.
#[derive(Clone, Debug, Default)]
pub struct Languages {
    default: Arc<Texts>,
    offered: Vec<Language>,
    texts: Vec<Arc<Texts>>,
}

impl Texts {
    /// The English texts that are built in.
    pub fn english(built_in: BuiltIn) -> Self {
        Self { language: Language::parse("en"), built_in: english(built_in), ..Self::default() }
    }

    fn by_key(&self) -> &BTreeMap<String, String> {
        self.by_key.get_or_init(|| checked(self.built_in).0)
    }

    /// The text of a key, or else the key.
    pub fn get<'t>(&'t self, key: &'t str) -> &'t str {
        self.by_key().get(key).map_or(key, String::as_str)
    }

    /// Whether there is a text of this key.
    pub fn has(&self, key: &str) -> bool {
        self.by_key().contains_key(key)
    }

    /// The text of a key with its placeholders filled, in the plural form of `count`. Values are never read as
    /// placeholders themselves. In a language that is written from right to left, they are isolated unless `plain`.
    pub fn fill(
        &self,
        key: &str,
        count: Option<u64>,
        plain: bool,
        value: impl Fn(&str) -> Option<String>,
    ) -> String {
        let form = count.map(|count| format!("{key}_{}", name(self.category(count))));
        let text =
            form.and_then(|form| self.by_key().get(&form)).map_or_else(|| self.get(key), String::as_str);
        let isolates = self.is_right_to_left() && !plain;
        let mut filled = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Placeholder(name) => match value(name) {
                    Some(value) if isolates => {
                        filled.push(ISOLATE[0]);
                        filled.extend(value.chars().filter(|c| !changes_direction(*c)));
                        filled.push(ISOLATE[1]);
                    }
                    Some(value) => filled.push_str(&value),
                    None => filled.push_str(name),
                },
            }
        }
        filled
    }

    /// Whether the language is written from right to left.
    pub fn is_right_to_left(&self) -> bool {
        self.get(DIRECTION) == "rtl"
    }

    /// The keys of all texts.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key().keys().map(String::as_str)
    }

    fn category(&self, count: u64) -> PluralCategory {
        let rules = self.language.as_ref().and_then(rules);
        rules.map_or(PluralCategory::Other, |rules| rules.category_for(count))
    }
}

/// Whether a character of a value could end its isolation, or reorder what follows (UAX #9).
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The plural rules of a language (CLDR).
fn rules(language: &Language) -> Option<PluralRules> {
    let locale = LanguageIdentifier::try_from_str(language.tag()).ok()?;
    PluralRules::try_new_cardinal((&locale).into()).ok()
}

/// The plural categories of a language.
fn categories(language: &Language) -> Vec<&'static str> {
    rules(language).map_or_else(|| vec!["other"], |rules| rules.categories().map(name).collect())
}

impl Languages {
    /// Reads the file `file` of each enabled language: the built-in one, and an operator's over it, which is checked.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn load(settings: &Settings, built_in: BuiltIn, file: &str) -> Result<Self, LanguageFaults> {
        let mut faults = Vec::new();
        let folder = settings.languages_dir.as_deref().map(Path::new);
        if let Some(Err(error)) = folder.map(std::fs::read_dir) {
            return Err(LanguageFaults(vec![error.to_string()]));
        }
        let is_negotiated = settings.languages.len() > 1;
        let mut texts = Vec::new();
        for language in &settings.languages {
            let own = folder.and_then(|folder| own(folder, language, file, &mut faults));
            let texts_of = load_one(language, built_in, file, own.as_deref(), &mut faults);
            texts.push(Arc::new(Texts { is_negotiated, ..texts_of }));
        }
        if !faults.is_empty() {
            return Err(LanguageFaults(faults));
        }
        let default = settings.default_language();
        let default = texts.iter().find(|texts| texts.language.as_ref() == default).cloned();
        let default = default.unwrap_or_default();
        Ok(Self { default, offered: settings.languages.clone(), texts })
    }

    /// The texts of a language, or of the default one.
    pub fn of(&self, language: Option<&Language>) -> &Arc<Texts> {
        let found =
            language.and_then(|it| self.texts.iter().find(|texts| texts.language.as_ref() == Some(it)));
        found.unwrap_or(&self.default)
    }

    /// The texts of the language that an `Accept-Language` prefers, or of the default one.
    pub fn accepted(&self, accepted: &str) -> &Arc<Texts> {
        self.of(language::preferred(accepted, &self.offered))
    }

    /// The texts of all languages.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Texts>> {
        self.texts.iter()
    }
}

/// The operator's file of a language, if there is one. Whatever else is in the folder of the language is a mistake.
fn own(folder: &Path, language: &Language, file: &str, faults: &mut Vec<String>) -> Option<String> {
    let folder = folder.join(language.tag());
    let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let strange = names.filter(|name| !name.starts_with('.') && !FILES.contains(&name.as_str()));
    faults.extend(
        strange.map(|name| format!("{language}/{name}: is no catalogue: {} are", FILES.join(" and "))),
    );
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            faults.push(format!("{language}/{file}: {error}"));
            None
        }
    }
}

fn load_one(
    language: &Language,
    built_in: BuiltIn,
    file: &str,
    own: Option<&str>,
    faults: &mut Vec<String>,
) -> Texts {
    let known = built_in.iter().find(|(tag, _)| *tag == language.tag()).map(|(_, text)| *text);
    let texts =
        Texts { language: Some(language.clone()), built_in: known.unwrap_or_default(), ..Texts::default() };
    let Some(own) = own else {
        if known.is_none() {
            let tags: Vec<&str> = built_in.iter().map(|(tag, _)| *tag).collect();
            let built_in = tags.join(", ");
            faults.push(format!(
                "{language}/{file}: is missing, and {language} is not built in ({built_in} are)"
            ));
        }
        return texts;
    };
    let english = checked(english(built_in));
    let mut all = checked(texts.built_in);
    match Catalogue::parse(own) {
        Ok(own) => {
            let found = own.check(&english, &categories(language), known.is_none());
            faults.extend(found.into_iter().map(|fault| format!("{language}/{file}: {fault}")));
            all.take(own);
        }
        Err(error) => faults.push(format!("{language}/{file}: {error}")),
    }
    Texts { by_key: OnceLock::from(all.0), ..texts }
}

/// The file of the English texts.
fn english(built_in: BuiltIn) -> &'static str {
    built_in.first().map_or("", |(_, text)| *text)
}

/// The texts of a built-in file, which tests have checked; none of an empty one.
fn checked(built_in: &str) -> Catalogue {
    Catalogue::parse(built_in).unwrap_or_default()
}

/// What CLDR calls a plural category.
const fn name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

/// Everything that is wrong with catalogues that are built in, for the tests of those that have them.
#[doc(hidden)]
pub fn faults(built_in: BuiltIn) -> Vec<String> {
    let english = checked(english(built_in));
    let mut faults = Vec::new();
    for (tag, text) in built_in {
        let Some(language) = Language::parse(tag) else { continue };
        let found = match Catalogue::parse(text) {
            Ok(catalogue) => catalogue.check(&english, &categories(&language), true),
            Err(error) => vec![error],
        };
        faults.extend(found.into_iter().map(|fault| format!("{tag}: {fault}")));
    }
    faults
}

//! The languages that are enabled, and the default one.

use super::kind::{Kind, Raw, Wrong, list, optional, text};
use crate::domain::language::Language;

const TAG: &str = "is no language tag (BCP 47), such as de or pt-BR";

pub(super) const LANGUAGES: Kind<Vec<Language>> =
    Kind::new("a list of language tags (BCP 47), such as [\"en\", \"pt-BR\"]", languages);
pub(super) const OPTIONAL_LANGUAGE: Kind<Option<Language>> =
    Kind::new("a language tag (BCP 47), such as pt-BR, or null", |raw| optional(raw, language));

fn languages(raw: &Raw<'_>) -> Result<Vec<Language>, Wrong> {
    let mut languages = Vec::new();
    for tag in list(raw)? {
        let language = Language::parse(&tag).ok_or_else(|| Wrong::Because(format!("{tag:?} {TAG}")))?;
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    if languages.is_empty() { Err(Wrong::Shape) } else { Ok(languages) }
}

fn language(raw: &Raw<'_>) -> Result<Language, Wrong> {
    Language::parse(&text(raw)?).ok_or(Wrong::Shape)
}

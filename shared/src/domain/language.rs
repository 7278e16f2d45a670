//! Languages, and which of several a client prefers.

use std::fmt;

use icu_locale_core::LanguageIdentifier;
use serde::{Deserialize, Serialize};

/// The most language ranges of an `Accept-Language` that are read: browsers send a handful.
const MOST_RANGES: usize = 32;

/// The longest language tag: RFC 5646 asks for buffers of 35 characters at least.
const LONGEST: usize = 35;

/// A language by its tag (BCP 47), in its usual spelling: `de`, `pt-BR`, `zh-Hant`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// A language by its tag, in whatever case.
    pub fn parse(tag: &str) -> Option<Self> {
        let tag = LanguageIdentifier::try_from_str(tag).ok().filter(|_| tag.len() <= LONGEST)?;
        Some(Self(tag.to_string()))
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The offered language that an `Accept-Language` prefers, by the look-up of RFC 4647, section 3.4; none if it prefers
/// none of them.
pub fn preferred<'l>(accepted: &str, offered: &'l [Language]) -> Option<&'l Language> {
    let mut ranges: Vec<(&str, u16)> = accepted.split(',').take(MOST_RANGES).filter_map(range).collect();
    ranges.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    ranges.into_iter().find_map(|(range, _)| look_up(range, offered))
}

/// A language range and its quality, in thousandths; none if it is not acceptable, or no range (RFC 9110, section 12.5.4).
fn range(text: &str) -> Option<(&str, u16)> {
    let (range, quality) = match text.split_once(';') {
        Some((range, parameter)) => (range, thousandths(parameter.trim())?),
        None => (text, 1000),
    };
    let range = range.trim();
    (quality > 0 && !range.is_empty() && range.len() <= LONGEST).then_some((range, quality))
}

fn thousandths(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !name.eq_ignore_ascii_case("q") || !["0", "1"].contains(&whole) || !digits {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    (whole == "0" || fraction == 0).then_some(if whole == "0" { fraction } else { 1000 })
}

/// The language of a range, which loses its last subtag until it is one. The range `*` is left to the default.
fn look_up<'l>(range: &str, offered: &'l [Language]) -> Option<&'l Language> {
    let mut range = range;
    loop {
        let found = offered.iter().find(|language| language.0.eq_ignore_ascii_case(range));
        if found.is_some() {
            return found;
        }
        range = range.rsplit_once('-')?.0;
        // What introduces an extension goes with it.
        if let Some((shorter, introducer)) = range.rsplit_once('-')
            && introducer.len() == 1
        {
            range = shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn languages(tags: &[&str]) -> Vec<Language> {
        tags.iter().map(|tag| Language::parse(tag).unwrap()).collect()
    }

    #[test]
    fn tags_have_one_spelling() {
        for (tag, usual) in [("DE", "de"), ("pt-br", "pt-BR"), ("zh-HANT-tw", "zh-Hant-TW"), ("ar", "ar")] {
            assert_eq!(Language::parse(tag).map(|language| language.0), Some(usual.to_owned()));
        }
        for tag in [
            "",
            "*",
            "d",
            "de_AT",
            "de-",
            "../de",
            "deutsch-und-mehr",
            "de\n",
            &format!("de{}", "-abcde".repeat(9)),
        ] {
            assert_eq!(Language::parse(tag), None, "{tag:?}");
        }
    }

    #[test]
    fn the_most_preferred_language_is_found_by_look_up() {
        let offered = languages(&["en", "de", "pt-BR", "zh-Hant", "ar"]);
        for (accepted, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de")),
            ("de-CH-1996,fr;q=0.9", Some("de")),
            ("fr, pt-BR;q=0.8, en;q=0.7", Some("pt-BR")),
            ("en;q=0.5, de;q=0.51", Some("de")),
            ("en;q=0.5,de;q=0.5", Some("en")),
            ("ar ; q=1.000 , de;q=0.999", Some("ar")),
            ("zh-Hant-CN-x-private1-private2", Some("zh-Hant")),
            ("zh-Hant-x-a", Some("zh-Hant")),
            // A range never stands for a longer tag.
            ("pt", None),
            ("zh", None),
            ("*", None),
            ("*, de;q=0.1", Some("de")),
            ("de;q=0, ar", Some("ar")),
            ("de;q=0", None),
            ("", None),
            (",,;,", None),
        ] {
            assert_eq!(preferred(accepted, &offered).map(Language::tag), expected, "{accepted:?}");
        }
    }

    #[test]
    fn what_is_not_a_quality_makes_the_range_count_for_nothing() {
        let offered = languages(&["en", "de"]);
        for quality in
            ["q=2", "q=1.5", "q=-1", "q=0.1234", "q=", "q", "q=1.0e3", "q=NaN", "level=1", "q=0.+1"]
        {
            let accepted = format!("de;{quality},en;q=0.1");
            assert_eq!(preferred(&accepted, &offered).map(Language::tag), Some("en"), "{quality}");
        }
    }

    #[test]
    fn a_hostile_header_is_read_in_part() {
        let offered = languages(&["en", "de"]);
        assert_eq!(preferred(&format!("{}de", "x,".repeat(MOST_RANGES)), &offered), None);
        assert_eq!(preferred(&format!("de{}", "-a".repeat(5000)), &offered), None);
        assert_eq!(preferred(&format!("{}, de", "é".repeat(5000)), &offered).map(Language::tag), Some("de"));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_only_what_is_offered_is_found(accepted in any::<String>()) {
            let offered = languages(&["en", "de"]);
            prop_assert!(preferred(&accepted, &offered).is_none_or(|found| offered.contains(found)));
        }

        #[test]
        fn every_well_formed_header_is_read(
            accepted in r"([a-z]{1,3}(-[A-Za-z0-9]{1,8}){0,3}|\*)(;q=[01](\.[0-9]{0,3})?)?(, ?de;q=0\.[1-9])"
        ) {
            prop_assert!(preferred(&accepted, &languages(&["de"])).is_some());
        }
    }
}

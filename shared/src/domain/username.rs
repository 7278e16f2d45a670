//! Usernames: which are allowed, which are the same, and how one is generated.
//!
//! The rules are those of Django's `UnicodeUsernameValidator` and allauth's username generation. Whether a username is
//! taken is the store's to say.

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use super::{refusal::FieldErrorKind, text};

/// The longest username, in code points.
pub const MAX_LENGTH: usize = 150;

/// The characters that may follow a generated username, one entry per place.
const SUFFIX: [&str; 6] = [DIGITS, DIGITS, DIGITS, DIGITS, LETTERS, LETTERS];
const DIGITS: &str = "0123456789";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What allauth's `clean_username` says before it looks whether the username is taken.
///
/// `blacklist` is `ACCOUNT_USERNAME_BLACKLIST`; it ignores case and compatible spellings, as [`fold`] does, and refuses names
/// that look like a listed one with letters of other scripts (UTS 39). Lengths are checked by the form, as its errors say more.
///
/// # Errors
/// [`FieldErrorKind::InvalidUsername`] for characters other than letters, digits and `@.+-_`, or where the folded name is too long
/// to be a key; [`FieldErrorKind::UsernameBlacklisted`].
pub fn check(username: &str, blacklist: &[String]) -> Result<(), FieldErrorKind> {
    if username.is_empty() || !username.chars().all(|c| text::is_word(c) || ".@+-".contains(c)) {
        return Err(FieldErrorKind::InvalidUsername);
    }
    let folded = key(username).ok_or(FieldErrorKind::InvalidUsername)?;
    let is_refused = |refused: &String| fold(refused) == folded || looks_like(username, refused);
    if blacklist.iter().any(is_refused) { Err(FieldErrorKind::UsernameBlacklisted) } else { Ok(()) }
}

/// What a username is compared as: NFKC with case folded, without letters that are not seen.
///
/// Case is folded by way of upper case, which differs from Unicode's full case folding in joining the dotless ı with i, as
/// databases that compare in upper case do.
pub fn fold(username: &str) -> String {
    let lower = username.nfkc().filter(|c| !text::is_invisible(*c)).flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// The key under which a username is looked up; two usernames with one key are the same. None where no account can have it.
pub fn key(username: &str) -> Option<String> {
    // Compatible spellings can be 18 times as long, and a key of the table is bounded.
    Some(username)
        .filter(|name| text::length(name) <= MAX_LENGTH)
        .map(fold)
        .filter(|key| key.len() <= MOST_KEY_BYTES)
}

/// The longest key of a username, in bytes: [`MAX_LENGTH`] code points of any script.
const MOST_KEY_BYTES: usize = 4 * MAX_LENGTH;

/// Whether a username has letters of other scripts than the reserved name, and looks like it: the skeletons of UTS 39,
/// section 4, in either case.
fn looks_like(username: &str, reserved: &str) -> bool {
    if username.is_ascii() {
        return false;
    }
    let skeleton = |text: &str| fold(&skeleton(text).collect::<String>());
    let given: String = username.nfkc().collect();
    let reserved = [skeleton(&reserved.to_lowercase()), skeleton(&reserved.to_uppercase())];
    [skeleton(&given), skeleton(&fold(username))].iter().any(|given| reserved.contains(given))
}

/// What a generated username starts with: the first of `texts` (names, an address) that makes an allowed one.
///
/// Like allauth's, it is the last that did not when none does; [`candidates`] leaves out what is not allowed.
pub fn base(texts: &[Option<&str>], blacklist: &[String]) -> String {
    let mut last = String::new();
    for text in texts.iter().flatten() {
        let ascii: String = text.nfkd().filter(char::is_ascii).collect();
        if ascii.is_empty() {
            continue;
        }
        last = plain(&ascii);
        if is_allowed(&last, blacklist) {
            break;
        }
    }
    if last.is_empty() { "user".to_owned() } else { last }
}

/// Usernames to try in this order, each allowed: the base itself, then the base with ever longer random endings.
///
/// `min_length` is `ACCOUNT_USERNAME_MIN_LENGTH`; `random` draws a number below the one it is given.
pub fn candidates(
    base: &str,
    min_length: usize,
    blacklist: &[String],
    random: &mut dyn FnMut(usize) -> usize,
) -> Vec<String> {
    let missing = min_length.saturating_sub(text::length(base));
    let itself = (missing == 0).then(|| base.to_owned());
    let extended = (missing.max(1)..=SUFFIX.len()).map(|length| {
        let start = base.chars().take(MAX_LENGTH - length);
        let ending = SUFFIX.iter().take(length).filter_map(|from| from.chars().nth(random(from.len())));
        start.chain(ending).collect()
    });
    itself.into_iter().chain(extended).filter(|candidate| is_allowed(candidate, blacklist)).collect()
}

fn is_allowed(username: &str, blacklist: &[String]) -> bool {
    text::length(username) <= MAX_LENGTH && check(username, blacklist).is_ok()
}

/// ASCII text as a username: what no username has is left out, as is all from the first `@`, and spaces become `_`.
fn plain(ascii: &str) -> String {
    let kept: String = ascii
        .chars()
        .filter(|&c| text::is_word(c) || text::is_space(c) || "@+.-".contains(c))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let before_at = kept.split('@').next().unwrap_or_default();
    before_at.split(text::is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blacklist(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn allowed_as_in_the_reference() {
        let rows: Vec<(String, Vec<(String, String)>)> =
            serde_json::from_str(include_str!("../../testdata/usernames.json")).unwrap();
        // Folding ß as Unicode does makes it ss, which lower case does not.
        for (username, errors) in rows.into_iter().filter(|(username, _)| username != "STRASSE") {
            let found: Vec<_> = check(&username, &blacklist(&["admin", "Root", "straße"]))
                .err()
                .map(|refusal| (refusal.code().to_owned(), crate::http::language::english(&refusal)))
                .into_iter()
                .collect();
            assert_eq!(found, errors, "{username:?}");
        }
    }

    #[test]
    fn spellings_of_one_name_are_the_same() {
        for spellings in [
            &["ann", "ANN", "Ａnn", "ⓐⓝⓝ", "ann\u{3164}", "\u{1160}ann"][..],
            &["straße", "STRASSE", "STRAẞE", "strasse"],
            &["ΟΔΟΣ", "οδος", "οδοσ"],
            &["é", "É", "e\u{301}"],
            &["ﬁn", "fin", "FIN"],
            &["\u{212a}elvin", "kelvin"],
        ] {
            let keys: Vec<_> = spellings.iter().map(|name| key(name)).collect();
            assert!(keys.iter().all(|key| key.is_some() && *key == keys[0]), "{keys:?}");
        }
        assert_ne!(key("ann"), key("аnn"), "the second is Cyrillic");
    }

    #[test]
    fn a_reserved_name_is_refused_in_all_its_spellings_and_looks() {
        let reserved = blacklist(&["admin", "Root"]);
        for name in [
            "admin",
            "ADMIN",
            "ａｄｍｉｎ",
            "admin\u{3164}",
            "аdmin",
            "Аdmin",
            "admіn",
            "ΑDΜΙΝ",
            "adm\u{131}n",
            "rооt",
            "ROОT",
        ] {
            assert_eq!(check(name, &reserved), Err(FieldErrorKind::UsernameBlacklisted), "{name}");
        }
        for name in ["administrator", "adrnin", "анна", "ädmin", "roots", "李"] {
            assert_eq!(check(name, &reserved), Ok(()), "{name}");
        }
    }

    #[test]
    fn no_key_is_longer_than_the_table_takes() {
        assert_eq!(check(&"\u{fdfa}".repeat(MAX_LENGTH), &[]), Err(FieldErrorKind::InvalidUsername));
        assert_eq!(key(&"\u{fdfa}".repeat(MAX_LENGTH)), None);
        assert_eq!(key(&"a".repeat(MAX_LENGTH + 1)), None);
        for letter in ["a", "é", "李", "\u{10400}"] {
            assert_eq!(check(&letter.repeat(MAX_LENGTH), &[]), Ok(()), "{letter}");
        }
    }

    #[test]
    fn generated_as_in_the_reference() {
        let rows: Vec<(Vec<Option<String>>, String)> =
            serde_json::from_str(include_str!("../../testdata/username_bases.json")).unwrap();
        for (texts, expected) in rows {
            let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
            assert_eq!(base(&texts, &blacklist(&["admin"])), expected, "{texts:?}");
        }
    }

    #[test]
    fn tried_in_the_order_of_the_reference() {
        let rows: Vec<(String, usize, Vec<String>)> =
            serde_json::from_str(include_str!("../../testdata/username_candidates.json")).unwrap();
        for (base, min_length, expected) in rows {
            let mut draws = 0;
            let mut random = |below: usize| {
                draws += 7;
                (draws - 7) % below
            };
            let found = candidates(&base, min_length, &blacklist(&["admin"]), &mut random);
            assert_eq!(found, expected, "{base:?} {min_length}");
        }
    }

    proptest! {
        #[test]
        fn folding_once_is_enough(text in "\\PC{0,8}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text.to_lowercase()));
        }

        #[test]
        fn candidates_are_allowed(text in any::<String>(), min_length in 0_usize..200, drawn in any::<usize>()) {
            let base = base(&[Some(&text), Some("user")], &[]);
            for candidate in candidates(&base, min_length, &[], &mut |below| drawn % below) {
                prop_assert!(check(&candidate, &[]).is_ok());
                prop_assert!((min_length..=MAX_LENGTH).contains(&candidate.len()));
            }
        }
    }
}

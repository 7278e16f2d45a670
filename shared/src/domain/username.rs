//! Usernames: which are allowed, which are the same, and how one is made for somebody who chose none.
//!
//! The rules are those of Django's `UnicodeUsernameValidator` and allauth's username generation. Whether a username is
//! taken is the store's to say.

use unicode_normalization::UnicodeNormalization;

use super::{refusal::Refusal, text};

/// The longest username, in code points.
pub const MAX_LENGTH: usize = 150;

/// The characters that may follow a generated username, one entry per place.
const SUFFIX: [&str; 6] = [DIGITS, DIGITS, DIGITS, DIGITS, LETTERS, LETTERS];
const DIGITS: &str = "0123456789";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What allauth's `clean_username` says before it looks whether the username is taken.
///
/// `blacklist` is `ACCOUNT_USERNAME_BLACKLIST`; it ignores case. Lengths are checked by the form, as its errors say more.
///
/// # Errors
/// [`Refusal::InvalidUsername`] for characters other than letters, digits and `@.+-_`;
/// [`Refusal::UsernameBlacklisted`].
pub fn check(username: &str, blacklist: &[String]) -> Result<(), Refusal> {
    if username.is_empty() || !username.chars().all(|c| text::is_word(c) || ".@+-".contains(c)) {
        return Err(Refusal::InvalidUsername);
    }
    let lower = username.to_lowercase();
    if blacklist.iter().any(|refused| refused.to_lowercase() == lower) {
        return Err(Refusal::UsernameBlacklisted);
    }
    Ok(())
}

/// The key under which a username is looked up; two usernames with one key are the same.
pub fn fold(username: &str) -> String {
    username.to_lowercase()
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
        for (username, errors) in rows {
            let found: Vec<_> = check(&username, &blacklist(&["admin", "Root", "straße"]))
                .err()
                .map(|refusal| (refusal.code().to_owned(), refusal.message().into_owned()))
                .into_iter()
                .collect();
            assert_eq!(found, errors, "{username:?}");
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
        fn candidates_are_allowed(text in any::<String>(), min_length in 0_usize..200, drawn in any::<usize>()) {
            let base = base(&[Some(&text), Some("user")], &[]);
            for candidate in candidates(&base, min_length, &[], &mut |below| drawn % below) {
                prop_assert!(check(&candidate, &[]).is_ok());
                prop_assert!((min_length..=MAX_LENGTH).contains(&candidate.len()));
            }
        }
    }
}

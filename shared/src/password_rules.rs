//! Which passwords are good enough: Django's password validators, for `AUTH_PASSWORD_VALIDATORS`.
//!
//! A password is judged here, never kept, hashed or shown; the refusals don't repeat it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::breached::BreachedPasswords;
use crate::domain::refusal::{FieldErrorKind, UserAttribute};
use crate::domain::{account::Account, email, text};

/// Lower case, sorted by bytes, one a line: the list by Royce Williams that Django 5.2 ships, under Django's BSD licence,
/// which lies beside it.
const COMMON_PASSWORDS: &str = include_str!("password_rules/common-passwords.txt");

/// One of Django's validators, with its options, or the one of Vestibule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// `UserAttributeSimilarityValidator`: not too much like what is known of its user.
    UserAttributeSimilarity {
        /// The attributes to compare with, in order, by Django's names; unknown ones are ignored.
        user_attributes: Vec<String>,
        /// From this similarity on, of 0.1 to 1, a password is refused.
        max_similarity: f64,
    },
    /// `MinimumLengthValidator`.
    MinimumLength {
        /// The fewest code points.
        min_length: usize,
    },
    /// `CommonPasswordValidator`.
    CommonPassword,
    /// `NumericPasswordValidator`.
    NumericPassword,
    /// Not one that data breaches have made known (`PASSWORD_BREACHED_FILE`).
    Breached(Arc<BreachedPasswords>),
}

impl Rule {
    /// `UserAttributeSimilarityValidator` without options.
    pub fn user_attribute_similarity() -> Self {
        let user_attributes = ["username", "first_name", "last_name", "email"].map(str::to_owned).to_vec();
        Self::UserAttributeSimilarity { user_attributes, max_similarity: 0.7 }
    }

    /// `MinimumLengthValidator` without options.
    pub const fn minimum_length() -> Self {
        Self::MinimumLength { min_length: 8 }
    }
}

/// What is known of the password's user.
#[derive(Clone, Debug, Default)]
pub struct Attributes<'a> {
    /// The username.
    pub username: Option<&'a str>,
    /// The primary email address, as people read it.
    pub email: Option<String>,
    /// The phone number.
    pub phone: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    /// What an account knows of its user.
    pub fn of(account: &'a Account) -> Self {
        Self {
            username: account.username.as_deref(),
            email: account.email.as_deref().map(email::shown),
            phone: account.phone.as_ref().map(|phone| phone.number.as_str()),
        }
    }

    /// An attribute by its name.
    fn get(&self, name: &str) -> Option<(UserAttribute, &str)> {
        match name {
            "username" => self.username.map(|value| (UserAttribute::Username, value)),
            "email" => self.email.as_deref().map(|value| (UserAttribute::Email, value)),
            "phone" => self.phone.map(|value| (UserAttribute::Phone, value)),
            _ => None,
        }
    }
}

/// All that is wrong with a password, in the order of the rules. Nothing is compared with a user if there is none.
pub fn check(password: &str, rules: &[Rule], user: Option<&Attributes<'_>>) -> Vec<FieldErrorKind> {
    rules.iter().filter_map(|rule| violation(password, rule, user)).collect()
}

fn violation(password: &str, rule: &Rule, user: Option<&Attributes<'_>>) -> Option<FieldErrorKind> {
    match rule {
        Rule::UserAttributeSimilarity { user_attributes, max_similarity } => {
            let password: Vec<char> = password.to_lowercase().chars().collect();
            let attributes = user_attributes.iter().filter_map(|name| user?.get(name));
            attributes
                .filter(|(_, value)| !value.is_empty())
                .find(|(_, value)| is_like_attribute(&password, value, *max_similarity))
                .map(|(attribute, _)| FieldErrorKind::PasswordTooSimilar(attribute))
        }
        Rule::MinimumLength { min_length } => {
            (text::length(password) < *min_length).then_some(FieldErrorKind::PasswordTooShort(*min_length))
        }
        Rule::CommonPassword => is_common(password).then_some(FieldErrorKind::PasswordTooCommon),
        Rule::Breached(known) => known.has(password).then_some(FieldErrorKind::PasswordBreached),
        Rule::NumericPassword => (!password.is_empty() && password.chars().all(text::is_digit))
            .then_some(FieldErrorKind::PasswordEntirelyNumeric),
    }
}

fn is_like_attribute(password: &[char], value: &str, max_similarity: f64) -> bool {
    let value = value.to_lowercase();
    let parts = value.split(|c| !text::is_word(c)).filter(|part| !part.is_empty());
    parts.chain([value.as_str()]).any(|part| {
        let part: Vec<char> = part.chars().collect();
        !is_far_longer(password, &part, max_similarity) && similarity(password, &part) >= max_similarity
    })
}

/// Whether the lengths alone rule a similarity out.
#[expect(clippy::cast_precision_loss, reason = "lengths of texts are far below 2^52")]
fn is_far_longer(password: &[char], part: &[char], max_similarity: f64) -> bool {
    let bound = max_similarity / 2.0 * password.len() as f64;
    password.len() >= 10 * part.len() && (part.len() as f64) < bound
}

/// `quick_ratio` of Python's `SequenceMatcher`: how much of both texts are the same characters, in any order.
#[expect(clippy::cast_precision_loss, reason = "lengths of texts are far below 2^52")]
fn similarity(a: &[char], b: &[char]) -> f64 {
    let total = a.len() + b.len();
    if total == 0 {
        return 1.0;
    }
    let mut left: HashMap<char, usize> = HashMap::new();
    for c in b {
        *left.entry(*c).or_default() += 1;
    }
    let common = a.iter().filter(|c| {
        left.get_mut(c).is_some_and(|count| {
            let any = *count > 0;
            *count = count.saturating_sub(1);
            any
        })
    });
    2.0 * common.count() as f64 / total as f64
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let wanted = text::strip(&lower);
    let mut list = COMMON_PASSWORDS;
    while let Some((before, line, after)) = middle_line(list) {
        list = match wanted.cmp(line) {
            std::cmp::Ordering::Less => before,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => after,
        };
    }
    false
}

/// The line around the middle of a text whose every line is ended, and the lines before and behind it.
fn middle_line(text: &str) -> Option<(&str, &str, &str)> {
    let middle = text.floor_char_boundary(text.len() / 2);
    let start = text.get(..middle)?.rfind('\n').map_or(0, |at| at + 1);
    let (before, rest) = text.split_at_checked(start)?;
    let (line, after) = rest.split_once('\n')?;
    Some((before, line, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::http::language;

    #[derive(Deserialize)]
    struct Options {
        min_length: Option<usize>,
        max_similarity: Option<f64>,
        user_attributes: Option<Vec<String>>,
    }

    #[derive(Debug, Deserialize)]
    struct User {
        username: Option<String>,
        email: Option<String>,
    }

    fn rule(name: &str, options: Options) -> Rule {
        match (name, Rule::user_attribute_similarity()) {
            (
                "UserAttributeSimilarity",
                Rule::UserAttributeSimilarity { user_attributes, max_similarity },
            ) => Rule::UserAttributeSimilarity {
                user_attributes: options.user_attributes.unwrap_or(user_attributes),
                max_similarity: options.max_similarity.unwrap_or(max_similarity),
            },
            ("MinimumLength", _) => options
                .min_length
                .map_or(Rule::minimum_length(), |min_length| Rule::MinimumLength { min_length }),
            ("CommonPassword", _) => Rule::CommonPassword,
            ("NumericPassword", _) => Rule::NumericPassword,
            _ => panic!("no rule {name}"),
        }
    }

    type Row = (Vec<(String, Options)>, Option<User>, String, Vec<(String, String)>);

    #[test]
    fn as_in_the_reference() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../testdata/passwords.json")).unwrap();
        assert!(rows.len() > 1000);
        for (rules, user, password, errors) in rows {
            let rules: Vec<_> = rules.into_iter().map(|(name, options)| rule(&name, options)).collect();
            let attributes = user.as_ref().map(|user| Attributes {
                username: user.username.as_deref(),
                email: user.email.clone(),
                phone: None,
            });
            let found: Vec<_> = check(&password, &rules, attributes.as_ref())
                .into_iter()
                .map(|refusal| (refusal.code().to_owned(), language::english(&refusal)))
                .collect();
            assert_eq!(found, errors, "{password:?} {user:?} {rules:?}");
        }
    }

    #[test]
    fn every_common_password_is_found() {
        assert!(COMMON_PASSWORDS.lines().is_sorted());
        assert!(COMMON_PASSWORDS.lines().all(is_common));
        assert_eq!(COMMON_PASSWORDS.lines().count(), 19_640);
    }

    #[test]
    fn its_neighbours_are_not_common() {
        for password in ["", " ", "!#", "~~~~", "passwor", "password\npassword1", "я я", "\u{10ffff}"] {
            assert!(!is_common(password), "{password:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(password: String, username: Option<String>, email: Option<String>) {
            let user = Attributes { username: username.as_deref(), email, phone: None };
            let rules = [
                Rule::user_attribute_similarity(),
                Rule::minimum_length(),
                Rule::CommonPassword,
                Rule::NumericPassword,
            ];
            check(&password, &rules, Some(&user));
        }

        #[test]
        fn similarity_does_not_depend_on_the_order(a: Vec<char>, b: Vec<char>) {
            prop_assert!((similarity(&a, &b) - similarity(&b, &a)).abs() < f64::EPSILON);
        }
    }
}

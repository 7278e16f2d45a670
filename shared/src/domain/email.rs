//! Email addresses: which are valid, how they are written down, and which are the same.
//!
//! The rules are those of Django's `EmailValidator` and allauth's `EmailField`. Whether an address exists, or belongs
//! to somebody, is not known here.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::text;

/// The longest valid address, in code points (RFC 3696, section 3).
pub const MAX_LENGTH: usize = 320;

const MAX_LABEL_LENGTH: usize = 63;
const MAX_IPV6_LENGTH: usize = 39;

/// Whether Django's `EmailValidator` accepts the address: a dot-atom or quoted string, then `@`, then `localhost`, an IP
/// address in brackets, or a name of at least two labels, Unicode or punycode.
pub fn validate(address: &str) -> bool {
    text::length(address) <= MAX_LENGTH
        && address.rsplit_once('@').is_some_and(|(user, domain)| {
            (is_dot_atom(user) || is_quoted_string(user))
                && (domain == "localhost" || is_domain_name(domain) || is_address_literal(domain))
        })
}

/// The address as it is kept and shown: without white space around it, in lower case.
pub fn normalise(address: &str) -> String {
    text::strip(address).to_lowercase()
}

fn is_dot_atom(user: &str) -> bool {
    user.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c) || folds_to_ascii(c)
}

/// Django's patterns ignore case, and so let through the four letters that are a case of an ASCII letter: İ, ı, ſ and
/// the Kelvin sign.
fn folds_to_ascii(c: char) -> bool {
    matches!(c, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

fn is_quoted_string(user: &str) -> bool {
    let Some(inside) = user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut escaped = false;
    for c in inside.chars() {
        let allowed = matches!(c, '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '!' | '#'..='\u{7f}')
            || folds_to_ascii(c);
        if escaped {
            if !allowed && !matches!(c, '\t' | ' ' | '"') {
                return false;
            }
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if !allowed {
            return false;
        }
    }
    !escaped
}

fn is_domain_name(domain: &str) -> bool {
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    labels.split('.').all(is_label) && is_top_level(top)
}

/// Labels take any character of the basic plane beyond Latin-1's controls, as Django's pattern does.
fn is_label_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || ('\u{a1}'..='\u{ffff}').contains(&c)
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_LENGTH).contains(&text::length(label))
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(is_label_character)
}

fn is_top_level(label: &str) -> bool {
    let without_digits = text::length(label) >= 2 && !label.contains(|c: char| c.is_ascii_digit());
    is_label(label) && (without_digits || is_punycode(label))
}

fn is_punycode(label: &str) -> bool {
    label.split_at_checked(4).is_some_and(|(prefix, encoded)| {
        prefix.eq_ignore_ascii_case("xn--")
            && !encoded.is_empty()
            && encoded.chars().all(|c| c.is_ascii_alphanumeric() || folds_to_ascii(c))
    })
}

fn is_address_literal(domain: &str) -> bool {
    domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|ip| {
        ip.parse::<Ipv4Addr>().is_ok() || (ip.len() <= MAX_IPV6_LENGTH && ip.parse::<Ipv6Addr>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>(), domain in "[a-z0-9.\\[\\]:é-]{0,20}") {
            validate(&text);
            validate(&format!("{text}@{domain}"));
            normalise(&text);
        }
    }
}

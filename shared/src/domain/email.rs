//! Email addresses: which are valid, the canonical form that they are kept and compared in, and how they are shown.
//!
//! The syntax is that of Django's `EmailValidator` and allauth's `EmailField`, less what no mail can be sent to: Amazon SES
//! has no SMTPUTF8 (RFC 6531), so the local part is printable ASCII, and the domain is one that IDNA 2008 allows (UTS 46).
//! Whether a mailbox exists, or has an account, is not known here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::document::UnknownMembers;
use super::text;

/// The maximum length of a valid email address, in code points as given (RFC 3696, section 3) and in bytes in
/// canonical form.
pub const MAX_LENGTH: usize = 320;

const MAX_LABEL_LENGTH: usize = 63;
const MAX_DOMAIN_LENGTH: usize = 253;
const MAX_IPV6_LENGTH: usize = 39;

/// An email address of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailAddress {
    /// The email address, in canonical form ([`canonical`]).
    pub email: String,
    /// Whether it is verified.
    pub verified: bool,
    /// Whether it is the primary one, which receives mail. At most one is.
    pub primary: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl EmailAddress {
    /// An address that is neither verified nor primary.
    pub const fn new(email: String) -> Self {
        Self { email, verified: false, primary: false, unknown: UnknownMembers::NONE }
    }
}

/// The canonical form of an email address, ASCII in lower case with the domain in Punycode; none where it is not valid.
///
/// Two addresses with one canonical form are one mailbox. It is the form that is kept, looked up, counted and sent to.
///
/// Valid is what Django's `EmailValidator` accepts and mail can be sent to: a dot-atom or quoted string of printable ASCII,
/// then `@`, then `localhost`, an IP address in brackets, or a name of at least two labels.
pub fn canonical(address: &str) -> Option<String> {
    let address = text::strip(address);
    if text::length(address) > MAX_LENGTH {
        return None;
    }
    let (user, domain) = address.rsplit_once('@')?;
    let address = format!("{}@{}", canonical_user(user)?, canonical_host(domain)?);
    (address.len() <= MAX_LENGTH).then_some(address)
}

/// The display form of a canonical email address, with the domain in Unicode.
pub fn shown(address: &str) -> String {
    let Some((user, domain)) = address.rsplit_once('@').filter(|(_, domain)| domain.contains(PUNYCODE))
    else {
        return address.to_owned();
    };
    // What is canonical was checked, so nothing but the encoding is left to undo.
    let label = |label: &str| {
        let decoded = label.strip_prefix(PUNYCODE).and_then(idna::punycode::decode_to_string);
        decoded.unwrap_or_else(|| label.to_owned())
    };
    let labels: Vec<String> = domain.split('.').map(label).collect();
    let shown = format!("{user}@{}", labels.join("."));
    // A top-level domain with digits, which does not exist, is valid in Punycode alone.
    if canonical(&shown).as_deref() == Some(address) { shown } else { address.to_owned() }
}

/// The canonical form of a domain: lower case, Punycode; none where it is not valid.
pub fn canonical_domain(domain: &str) -> Option<String> {
    if !is_domain_name(domain) || domain.contains(text::is_invisible) {
        return None;
    }
    let lower = domain.to_ascii_lowercase();
    let is_plain = lower.is_ascii() && !lower.split('.').any(|label| label.starts_with(PUNYCODE));
    let domain = if is_plain {
        lower
    } else {
        let idna = Uts46::new();
        let ascii =
            idna.to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
        ascii.ok()?.into_owned()
    };
    // Its characters may have stood for others, such as full-width digits.
    (domain.len() <= MAX_DOMAIN_LENGTH && is_domain_name(&domain)).then_some(domain)
}

/// How a label begins that is encoded (RFC 5890, section 2.3.2.1).
const PUNYCODE: &str = "xn--";

/// The local part without quotes and escapes that it does not need: they are no part of the mailbox's name (RFC 5321,
/// section 4.1.2).
fn canonical_user(user: &str) -> Option<String> {
    if is_dot_atom(user) {
        return Some(user.to_ascii_lowercase());
    }
    let user = unquoted(user)?.to_ascii_lowercase();
    if is_dot_atom(&user) {
        return Some(user);
    }
    let mut quoted = String::from("\"");
    for c in user.chars() {
        if matches!(c, '"' | '\\' | ' ') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Some(quoted)
}

fn canonical_host(domain: &str) -> Option<String> {
    if domain == "localhost" {
        return Some(domain.to_owned());
    }
    match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(ip) => Some(format!("[{}]", ip_address(ip)?)),
        None => canonical_domain(domain),
    }
}

fn is_dot_atom(user: &str) -> bool {
    user.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{|}~".contains(c)
}

/// What a quoted string holds; none where it is none. Unlike Django's, it holds no control characters.
fn unquoted(user: &str) -> Option<String> {
    let inside = user.strip_prefix('"')?.strip_suffix('"')?;
    let mut content = String::new();
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            ' ' | '"' if !escaped => return None,
            ' '..='~' => content.push(c),
            _ => return None,
        }
        escaped = false;
    }
    (!escaped).then_some(content)
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
            && encoded.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

fn ip_address(text: &str) -> Option<IpAddr> {
    let v4 = || text.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    let v6 = || text.parse::<Ipv6Addr>().ok().filter(|_| text.len() <= MAX_IPV6_LENGTH).map(IpAddr::V6);
    v4().or_else(v6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_mailbox_has_one_form() {
        for (form, spellings) in [
            (
                "ann@example.com",
                &[
                    "Ann@EXAMPLE.com",
                    " ann@example.com\n",
                    "\"ann\"@example.com",
                    "\"a\\nn\"@example.com",
                    "ann@ｅxample.com",
                ][..],
            ),
            (
                "ann@xn--bcher-kva.example",
                &[
                    "ann@bücher.example",
                    "ann@BÜCHER.example",
                    "ann@bu\u{308}cher.example",
                    "ann@XN--BCHER-KVA.example",
                ],
            ),
            ("ann@xn--r8jz45g.xn--zckzah", &["ann@例え.テスト", "ANN@例え.xn--zckzah"]),
            ("ann@xn--strae-oqa.example", &["ann@straße.example"]),
            ("ann@xn--mgba3gch31f060k.com", &["ann@نامه\u{200c}ای.com"]),
            ("\"a\\ b\"@example.com", &["\"A\\ b\"@example.com", "\"\\a\\ b\"@example.com"]),
            ("ann@localhost", &["ann@localhost"]),
            ("ann@[127.0.0.1]", &["ann@[127.0.0.1]"]),
            ("ann@[::1]", &["ann@[::1]", "ann@[0:0:0::0001]"]),
        ] {
            for spelling in spellings.iter().chain([&form]) {
                assert_eq!(canonical(spelling).as_deref(), Some(form), "{spelling:?}");
            }
        }
    }

    #[test]
    fn what_no_mail_can_be_sent_to_is_not_valid() {
        let long = format!("ann@{}.example", "ü".repeat(60));
        let longer = format!("ann@{}example", "abc.".repeat(63));
        for address in [
            "müller@example.com",
            "ı@example.com",
            "ſ@example.com",
            "\u{212a}@example.com",
            "İ@example.com",
            "\"\u{1}\"@example.com",
            "\"\\\t\"@example.com",
            "\"\u{7f}\"@example.com",
            "ann@example.com\u{200b}",
            "\u{200b}ann@example.com",
            "an\u{200d}n@example.com",
            "ann@exam\u{ad}ple.com",
            "ann@exam\u{200c}ple.com",
            "ann@example.com\u{200d}",
            "ann@example\u{2060}.com",
            "ann@example.com\u{fe0f}",
            "ann@\u{202e}example.com",
            "ann@example.１２",
            "ann@example.abcde1",
            "ann@1.2.3.４",
            "ann@exa mple.com",
            "ann@xn--\u{e9}.com",
            "ann@xn--a.com",
            "ann@xn--11111111111111111111.com",
            "ann@-bücher.example",
            "ann@\u{301}a.example",
            "ann@אa.example",
            &long,
            &longer,
        ] {
            assert_eq!(canonical(address), None, "{address:?}");
        }
    }

    #[test]
    fn a_domain_is_shown_in_unicode() {
        for (given, expected) in [
            ("Ann@Bücher.example", "ann@bücher.example"),
            ("ann@例え.テスト", "ann@例え.テスト"),
            ("ann@example.com", "ann@example.com"),
            ("ann@例え.㋆スト", "ann@xn--r8jz45g.xn--7-qfuzb9518a"),
            ("xn--bcher-kva@example.com", "xn--bcher-kva@example.com"),
        ] {
            assert_eq!(shown(&canonical(given).unwrap()), expected, "{given}");
        }
        assert_eq!(shown("ann"), "ann");
        assert_eq!(shown("ann@xn--\u{e9}"), "ann@xn--\u{e9}");
    }

    proptest! {
        #[test]
        fn canonical_is_as_good_as_it_gets(text in any::<String>(), user in "[a-zA-Z.\"\\\\ +]{1,9}", domain in "[a-zéßÄ例.\\[\\]:-]{0,20}(\\.com)?") {
            for address in [text.clone(), format!("{text}@{domain}"), format!("{user}@{domain}")] {
                if let Some(form) = canonical(&address) {
                    prop_assert!(form.bytes().all(|byte| matches!(byte, b' '..=b'~') && !byte.is_ascii_uppercase()), "{form}");
                    prop_assert_eq!(canonical(&form), Some(form.clone()));
                    prop_assert_eq!(canonical(&shown(&form)), Some(form));
                }
            }
        }
    }
}

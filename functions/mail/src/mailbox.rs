//! A mailbox as a mail's header has it: `Name <address>` (RFC 5322, section 3.4), all of it ASCII.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule::domain::email;

/// The most bytes of text in one encoded word, which has at most 75 characters (RFC 2047, section 2).
const MOST_BYTES: usize = 45;

/// `DEFAULT_FROM_EMAIL` for a header: the name quoted where it needs to be, or encoded where it is not ASCII (RFC 2047), and the
/// domain in Punycode.
pub(crate) fn header(sender: &str) -> String {
    let Some((name, address)) = sender.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) else {
        return ascii(sender);
    };
    let name = name.trim();
    let name = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map_or_else(|| name.to_owned(), unescaped);
    match phrase(&name) {
        name if name.is_empty() => ascii(address),
        name => format!("{name} <{}>", ascii(address)),
    }
}

fn ascii(address: &str) -> String {
    let domain = address.rsplit_once('@').filter(|(_, domain)| !domain.is_ascii());
    let domain =
        domain.and_then(|(user, domain)| Some(format!("{user}@{}", email::canonical_domain(domain)?)));
    domain.unwrap_or_else(|| address.to_owned())
}

fn phrase(name: &str) -> String {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if !name.is_ascii() {
        encoded(name)
    } else if name.chars().all(is_atom) && !name.contains("=?") {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Encoded words, none of which ends within a character. The space between two of them is not part of the text.
fn encoded(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= MOST_BYTES => word.push(c),
            _ => words.push(c.into()),
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join(" ")
}

fn unescaped(quoted: &str) -> String {
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_or_encoded_where_it_has_to_be() {
        for (sender, expected) in [
            ("noreply@acme.example", "noreply@acme.example"),
            ("Acme <noreply@acme.example>", "Acme <noreply@acme.example>"),
            ("<noreply@acme.example>", "noreply@acme.example"),
            ("Acme, Inc. <noreply@acme.example>", "\"Acme, Inc.\" <noreply@acme.example>"),
            ("\"Acme, Inc.\" <noreply@acme.example>", "\"Acme, Inc.\" <noreply@acme.example>"),
            ("Say \"hi\" \\o/ <a@acme.example>", "\"Say \\\"hi\\\" \\\\o/\" <a@acme.example>"),
            ("=?UTF-8?B?QQ==?= <a@acme.example>", "\"=?UTF-8?B?QQ==?=\" <a@acme.example>"),
            ("Bücher <noreply@bücher.example>", "=?UTF-8?B?QsO8Y2hlcg==?= <noreply@xn--bcher-kva.example>"),
            ("\"Bücher, neu\" <a@acme.example>", "=?UTF-8?B?QsO8Y2hlciwgbmV1?= <a@acme.example>"),
        ] {
            assert_eq!(header(sender), expected, "{sender}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_header_is_ascii_and_its_words_are_short(name in "[^<>\"\\\\]{0,80}é[^<>\"\\\\]{0,80}") {
            let header = header(&format!("{name} <a@acme.example>"));
            let (words, address) = header.rsplit_once(' ').unwrap();
            proptest::prop_assert!(header.is_ascii() && address == "<a@acme.example>", "{}", header);
            let mut text = Vec::new();
            for word in words.split(' ') {
                proptest::prop_assert!(word.len() <= 75);
                let word = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
                let part = STANDARD.decode(word).unwrap();
                proptest::prop_assert!(std::str::from_utf8(&part).is_ok());
                text.extend(part);
            }
            proptest::prop_assert_eq!(String::from_utf8(text).unwrap(), name.trim());
        }
    }
}

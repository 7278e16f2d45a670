//! A rendered message, ready to send, and its safety checks: one plain recipient, a subject of one line. A letter that
//! exists is safe to send.

use vestibule::domain::message::Recipient;

/// A rendered message. There is no `Debug`: its body holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum RenderedMessage {
    /// To an email address.
    Email(Email),
    /// To a phone.
    Text(TextMessage),
}

/// A rendered email.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    /// The outbox item's id.
    pub id: String,
    /// What it is, such as `login_code`.
    pub kind: &'static str,
    /// One address and nothing else.
    pub to: String,
    /// One line without control characters.
    pub subject: String,
    /// The body in plain text.
    pub text: String,
    /// The body in HTML.
    pub html: String,
}

/// A rendered text message.
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// The outbox item's id.
    pub id: String,
    /// What it is, such as `login_code`.
    pub kind: &'static str,
    /// The number in E.164 form.
    pub phone: String,
    /// What it says.
    pub text: String,
}

/// The recipient is not one plain address or number: nothing is sent to it, as a list of addresses or a header
/// could hide in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recipient is not a single email address or phone number")]
pub struct InvalidRecipient;

/// Refuses a recipient that is anything but one address (RFC 5321, ASCII) or one number (E.164).
pub(crate) fn check_recipient(to: &Recipient) -> Result<(), InvalidRecipient> {
    let plain = match to {
        Recipient::Email(address) => is_plain_address(address),
        Recipient::Phone(number) => is_plain_number(number),
    };
    if plain { Ok(()) } else { Err(InvalidRecipient) }
}

fn is_plain_address(address: &str) -> bool {
    address.len() <= 320
        && address
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_plain_local_part(local) && is_plain_domain(domain))
}

fn is_plain_local_part(local: &str) -> bool {
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inside) => is_quoted_content(inside),
        None => {
            !local.is_empty()
                && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
        }
    }
}

/// Printable characters, with quotes and backslashes only behind a backslash (RFC 5321, `QcontentSMTP`).
fn is_quoted_content(inside: &str) -> bool {
    let mut escaped = false;
    for b in inside.bytes() {
        if !(b == b' ' || b.is_ascii_graphic()) || (b == b'"' && !escaped) {
            return false;
        }
        escaped = b == b'\\' && !escaped;
    }
    !escaped
}

fn is_plain_domain(domain: &str) -> bool {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match literal {
        Some(ip) => !ip.is_empty() && ip.bytes().all(|b| b.is_ascii_hexdigit() || b".:".contains(&b)),
        None => !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)),
    }
}

fn is_plain_number(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Folds line breaks, other control characters and runs of blanks into single spaces.
pub(crate) fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_whitespace() || c.is_control();
    text.split(is_break).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The characters that take one septet in a text message, and those that take two (3GPP TS 23.038, 6.2.1).
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_EXTENDED: &str = "^{}\\[~]|€";

/// Whether a text is sent, and paid for, as one: 160 characters of the GSM alphabet, or 70 of any other.
pub(crate) fn fits_one_text(text: &str) -> bool {
    let septets: Option<usize> = text
        .chars()
        .map(|c| match c {
            c if GSM.contains(c) => Some(1),
            c if GSM_EXTENDED.contains(c) => Some(2),
            _ => None,
        })
        .sum();
    septets.map_or_else(|| text.encode_utf16().count() <= 70, |septets| septets <= 160)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn email(address: &str) -> Result<(), InvalidRecipient> {
        check_recipient(&Recipient::Email(address.to_owned()))
    }

    #[test]
    fn one_plain_address_is_taken() {
        for address in [
            "a@b.c",
            "user@localhost",
            "first.last+tag@sub.example.com",
            "o'brien@example.com",
            "someone@[192.0.2.1]",
            "\"odd, but legal\"@example.com",
            r#""a\"b\\"@example.com"#,
        ] {
            assert_eq!(email(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for address in [
            "",
            "@",
            "a@",
            "@b.c",
            "nobody",
            "a@b.c, evil@example.com",
            "a@b.c;evil@example.com",
            "Name <a@b.c>",
            "a@b.c\r\nBcc: evil@example.com",
            "a@b.c\nBcc: evil@example.com",
            "a\0@b.c",
            "a b@c.d",
            "a@b.c>",
            "\"a\"@b.c, \"x\"@y.z",
            "\"a\r\nBcc: x@y.z\"@b.c",
            "\"a\\\"@b.c",
            "\"@b.c",
            "jörg@example.com",
            "a@exämple.com",
            "a@[evil@x]",
        ] {
            assert_eq!(email(address), Err(InvalidRecipient), "{address:?}");
        }
        assert_eq!(email(&format!("{}@b.c", "a".repeat(320))), Err(InvalidRecipient));
    }

    #[test]
    fn one_number_is_taken_and_anything_else_refused() {
        let phone = |number: &str| check_recipient(&Recipient::Phone(number.to_owned()));
        assert_eq!(phone("+31612345678"), Ok(()));
        for number in
            ["", "+", "31612345678", "+3161234 5678", "+31612345678,+4412", "+1234567890123456", "+31\n6"]
        {
            assert_eq!(phone(number), Err(InvalidRecipient), "{number:?}");
        }
    }

    #[test]
    fn texts_are_measured_in_septets_or_utf_16() {
        assert!(fits_one_text(&"a".repeat(160)));
        assert!(!fits_one_text(&"a".repeat(161)));
        assert!(fits_one_text(&"€".repeat(80)));
        assert!(!fits_one_text(&"€".repeat(81)));
        assert!(fits_one_text(&"ш".repeat(70)));
        assert!(!fits_one_text(&"ш".repeat(71)));
        assert!(!fits_one_text(&"😀".repeat(36)));
    }

    proptest! {
        #[test]
        fn no_line_break_survives(text in any::<String>()) {
            let line = one_line(&text);
            let breaks = |c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c);
            prop_assert!(!line.chars().any(breaks));
            prop_assert_eq!(one_line(&line), line);
        }

        #[test]
        fn an_accepted_address_has_nothing_that_ends_it(address in r#"[a-z@."\\ ,;<>\r\n]{1,12}@b\.c"#) {
            if email(&address).is_ok() {
                prop_assert!(!address.contains(['\r', '\n']));
                prop_assert!(address.starts_with('"') || !address.contains([',', ';', '<', '>', ' ']));
            }
        }
    }
}

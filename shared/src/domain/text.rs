//! Text as terminals show it, and what Django means by white space, a word and a digit: Python's Unicode classes, which are
//! not quite Rust's.
//!
//! Python 3.11 knows Unicode 14. Letters that came to Unicode later are letters here already.

use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Python's `str.isspace`, and `\s` in its patterns: Unicode's white space and the four ASCII separators.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether a character is never seen (`Default_Ignorable_Code_Point` of Unicode, within the basic plane), but for the joiners,
/// without which some words can't be written.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}')
}

/// `\w` in Python's patterns. Unlike [`char::is_alphanumeric`] it leaves out combining marks.
pub(crate) fn is_word(c: char) -> bool {
    c == '_'
        || matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

/// `\d` in Python's patterns: a decimal digit of any script.
pub(crate) fn is_decimal(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

/// Python's `str.isdigit` for one character: a decimal digit, or one that is raised, lowered, circled or the like.
pub(crate) fn is_digit(c: char) -> bool {
    is_decimal(c)
        || matches!(c,
            '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{1369}'..='\u{1371}' | '\u{19da}' | '\u{2070}'
            | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}' | '\u{2460}'..='\u{2468}'
            | '\u{2474}'..='\u{247c}' | '\u{2488}'..='\u{2490}' | '\u{24ea}' | '\u{24f5}'..='\u{24fd}'
            | '\u{24ff}' | '\u{2776}'..='\u{277e}' | '\u{2780}'..='\u{2788}' | '\u{278a}'..='\u{2792}'
            | '\u{10a40}'..='\u{10a43}' | '\u{10e60}'..='\u{10e68}' | '\u{11052}'..='\u{1105a}'
            | '\u{1f100}'..='\u{1f10a}')
}

/// Python's `str.isprintable` for one character: what `repr` leaves unescaped.
pub(crate) fn is_printable(c: char) -> bool {
    c == ' '
        || !matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator
        )
}

/// The most characters that are shown of a text from a file.
const MOST_SHOWN: usize = 80;

/// Text of accounts and files as a terminal shows it, on one line: control characters, those that change the direction of
/// writing and those that are not seen as JSON escapes them, so that it neither steers the terminal nor turns around what
/// stands beside it.
pub fn escaped(text: &str) -> String {
    let mut shown = String::new();
    text.chars().for_each(|c| escape(c, &mut shown));
    shown
}

/// The same of a value in a sentence: in quotes, and cut if it is long.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars().take(MOST_SHOWN) {
        if matches!(c, '"' | '\\') {
            shown.push('\\');
        }
        escape(c, &mut shown);
    }
    shown.push('"');
    if text.chars().nth(MOST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

fn escape(c: char, shown: &mut String) {
    if is_harmless(c) {
        shown.push(c);
        return;
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(shown, "\\u{unit:04x}");
    }
}

/// Whether a character has no effect beyond its own place: no control, no mark or isolate of direction, nothing invisible.
fn is_harmless(c: char) -> bool {
    let is_formatting = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_control() && !is_formatting
}

/// Whether a mail program might make a link of a text, or people might take it for one: it has a sign that URLs and email
/// addresses have, a character that is not seen, or a dot within a word that two letters follow, as in `evil.example`, but
/// not in `J.R. Smith`.
pub(crate) fn could_be_link(text: &str) -> bool {
    let is_dot = |c: char| matches!(c, '.' | '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff0e}' | '\u{ff61}');
    let is_sign =
        |c: char| matches!(c, '/' | '\\' | ':' | '@' | '<' | '>' | '\u{ff20}' | '\u{ff0f}' | '\u{ff1a}');
    let starts_name = |part: &str| part.chars().take_while(|c| is_word(*c)).count() > 1;
    let is_unseen = |c: char| c.is_control() || is_invisible(c);
    text.chars().any(|c| is_sign(c) || is_unseen(c)) || text.split(is_dot).skip(1).any(starts_name)
}

/// Python's `len`: code points, not bytes.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_does_not_write_to_the_terminal() {
        assert_eq!(quoted("ann"), r#""ann""#);
        assert_eq!(
            quoted("\u{1b}[2Ja\\\"n\n\u{202e}\u{9b}\u{2066}"),
            r#""\u001b[2Ja\\\"n\u000a\u202e\u009b\u2066""#
        );
        assert_eq!(escaped("Ann\x1b[2J\n\u{9b}31m\u{202e}moc"), "Ann\\u001b[2J\\u000a\\u009b31m\\u202emoc");
        assert_eq!(escaped("Ann \"Müller\", 山田"), "Ann \"Müller\", 山田");
        assert_eq!(escaped("\u{e0041}"), "\\udb40\\udc41");
        assert_eq!(quoted(&"x".repeat(81)), format!("\"{}\"…", "x".repeat(80)));
    }

    #[test]
    fn what_could_be_a_link_is_told_from_names() {
        for name in [
            "Ann",
            "Ann van Lee",
            "J.R. Smith",
            "J. R. R. Tolkien",
            "Zoë",
            "Nguyễn Văn A",
            "李小龍",
            "O'Neil-Lee",
            "42",
        ] {
            assert!(!could_be_link(name), "{name}");
        }
        for link in [
            "evil.example",
            "Click https://evil",
            "go to www.evil.example now",
            "evil\u{3002}example",
            "ann@evil",
            "Ann\nClick",
            "Ann\u{202e}",
            "tel:112",
            "<b>Ann</b>",
            "a/b",
        ] {
            assert!(could_be_link(link), "{link}");
        }
    }
}

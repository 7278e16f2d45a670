//! Text of accounts as a terminal shows it: it must not steer the terminal, nor turn around what stands beside it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Prints a text on the standard output. Whoever reads it may be gone, as `head` is after some lines: that is no failure.
pub fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Text of one line, with control characters and those that change the direction of writing as JSON escapes them.
pub fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if is_harmless(character) {
            shown.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

/// JSON on several lines, which stays the same JSON.
pub fn escaped_json(json: &str) -> String {
    json.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// Whether a character has no effect beyond its own place: no control, no mark or isolate of direction, nothing invisible.
fn is_harmless(character: char) -> bool {
    let is_formatting = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !character.is_control() && !is_formatting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(escaped("Ann\x1b[2J\n\u{9b}31m\u{202e}moc"), "Ann\\u001b[2J\\u000a\\u009b31m\\u202emoc");
        assert_eq!(escaped("Ann Müller, 山田"), "Ann Müller, 山田");
        assert_eq!(escaped("\u{e0041}"), "\\udb40\\udc41");
    }

    #[test]
    fn json_stays_the_same() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}c\u{e0041}\n\u{7f}"});
        let shown = escaped_json(&format!("{value:#}"));
        assert!(shown.chars().all(|character| character == '\n' || is_harmless(character)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}

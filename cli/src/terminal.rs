//! Printing. Text of accounts must not steer the terminal.

use std::io::{self, Write as _};

use vestibule::domain::text::escaped;

/// Prints a text on the standard output. Whoever reads it may be gone, as `head` is after some lines: that is no failure.
pub fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Says on the standard error what is going on, beside what a command prints.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "vestibule: {text}");
}

/// JSON on several lines, which stays the same JSON.
pub fn escaped_json(json: &str) -> String {
    json.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{9b}c\u{e0041}\n\u{7f}"});
        let shown = escaped_json(&format!("{value:#}"));
        assert!(shown.lines().all(|line| escaped(line) == line), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}

//! Shows each message on the console: its recipient is the developer who runs the stack.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use super::mailbox::CaughtMessage;

/// Writes a message to the standard output. A console that is gone is no reason to fail.
pub fn print(message: &CaughtMessage) {
    let _ = io::stdout().lock().write_all(block(message).as_bytes());
}

fn block(message: &CaughtMessage) -> String {
    let kind = match message {
        CaughtMessage { is_event: true, .. } => "Event",
        CaughtMessage { html, from, .. } if html.is_empty() && from.is_empty() => "Text",
        _ => "Mail",
    };
    let mut block = format!("\n┌─ {kind} to {}\n│  {}\n│\n", message.to.join(", "), message.subject);
    for line in message.text.trim().lines() {
        let _ = writeln!(block, "│  {line}");
    }
    block.push_str("└─\n\n");
    // What a stranger wrote (a name, an address) must not steer the terminal.
    block.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_framed_and_cannot_steer_the_terminal() {
        let message = CaughtMessage {
            from: "a@example.com".to_owned(),
            to: vec!["b@example.com".to_owned()],
            subject: "Your code\x1b[2J".to_owned(),
            text: "Code: ABCD-1234\r\n\nBye\u{9b}31m".to_owned(),
            ..CaughtMessage::default()
        };
        assert_eq!(
            block(&message),
            "\n┌─ Mail to b@example.com\n│  Your code[2J\n│\n│  Code: ABCD-1234\n│  \n│  Bye31m\n└─\n\n"
        );
    }
}

//! The address that mail comes from.

use super::kind::{Kind, Wrong, text};

pub(super) const SENDER: Kind<String> =
    Kind::new("an email address such as accounts@example.com or \"Example <accounts@example.com>\"", |raw| {
        let sender = text(raw)?;
        let address = match sender.strip_suffix('>').map(|rest| rest.rsplit_once('<')) {
            Some(Some((name, address))) if !name.contains(['<', '>']) => address,
            Some(_) => return Err(Wrong::Shape),
            None => sender.as_str(),
        };
        if is_address(address) { Ok(sender) } else { Err(Wrong::Shape) }
    });

fn is_address(text: &str) -> bool {
    let clean =
        !text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')'));
    clean
        && text.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !local.contains('@') && !domain.is_empty() && !domain.starts_with('.')
        })
}

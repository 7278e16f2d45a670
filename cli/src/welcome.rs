//! The page at `/`: the services and their URLs, and a journey to try.

/// The page, with names in braces replaced by what they stand for.
pub fn page(values: &[(&str, &str)]) -> String {
    values.iter().fold(include_str!("pages/welcome.html").to_owned(), |page, (name, value)| {
        page.replace(&format!("{{{name}}}"), &escaped(value))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        let page = page(&[("api", "http://localhost:8000"), ("frontend", "<script>")]);
        assert!(page.contains("<a href=\"http://localhost:8000/_allauth/browser/v1/config\">"));
        assert!(page.contains("<code>&lt;script&gt;</code>"));
    }
}

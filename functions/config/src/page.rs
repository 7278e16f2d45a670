//! The description as a page for people: to fold and to search, with examples, and nothing from other hosts.

use std::fmt::{self, Display, Write as _};

use serde_json::{Map, Value};
use vestibule::http::reply;

use super::example::example;

const STYLE: &str = include_str!("page.css");
/// The search.
const SCRIPT: &str = include_str!("page.js");
/// Its hash, by which the page's policy lets it run.
pub(crate) const SCRIPT_HASH: &str = "sha256-wvB8gdaJQYKU2zPty6+7dTp0f+Vec5QOi6Hhx6ItEtI=";

/// Writes the page of a document.
pub(crate) fn render(document: &Value) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, document);
    page
}

/// An operation, with where it is.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    described: &'a Value,
    /// Those of the path.
    parameters: &'a [Value],
}

fn write(page: &mut String, document: &Value) -> fmt::Result {
    let (title, server) = (text(document, "/info/title"), text(document, "/servers/0/url"));
    writeln!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} \
          API</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>\n<main>",
        Escaped(title),
        reply::STYLE
    )?;
    writeln!(page, "<h1>{} API</h1>\n<p>Base URL: <code>{}</code>.</p>", Escaped(title), Escaped(server))?;
    paragraphs(page, text(document, "/info/description"))?;
    page.push_str(
        "<p>Machine-readable: <a href=\"openapi.json\">JSON</a>, <a href=\"openapi.yaml\">YAML</a>.</p>\n\
         <p><input type=\"search\" aria-label=\"Search\" placeholder=\"Search\" autocomplete=\"off\"></p>\n",
    );
    let operations = operations(document);
    schemes(page, document)?;
    for tag in tags(document) {
        writeln!(page, "<section>\n<h2>{}</h2>", Escaped(tag))?;
        for operation in operations.iter().filter(|operation| text(operation.described, "/tags/0") == tag) {
            article(page, document, operation)?;
        }
        page.push_str("</section>\n");
    }
    page.push_str("<section>\n<h2>Schemas</h2>\n");
    for (name, schema) in members(document, "/components/schemas") {
        // A link to what is inside unfolds it.
        writeln!(page, "<details>\n<summary>{0}</summary>\n<div id=\"{0}\">", Escaped(name))?;
        shape(page, schema)?;
        page.push_str("</div>\n</details>\n");
    }
    writeln!(page, "</section>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>")?;
    Ok(())
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in members(document, "/paths") {
        let parameters = list(item, "/parameters");
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(described) = item.get(method) {
                operations.push(Operation { method, path, described, parameters });
            }
        }
    }
    operations
}

fn tags(document: &Value) -> impl Iterator<Item = &str> {
    list(document, "/tags").iter().map(|tag| text(tag, "/name"))
}

fn schemes(page: &mut String, document: &Value) -> fmt::Result {
    page.push_str("<h2>Authentication</h2>\n<dl>\n");
    for (_, scheme) in members(document, "/components/securitySchemes") {
        let name = match text(scheme, "/type") {
            "http" => "Authorization",
            _ => text(scheme, "/name"),
        };
        let place = if text(scheme, "/in") == "cookie" { "cookie" } else { "header" };
        writeln!(
            page,
            "<dt>{place} <code>{}</code></dt>\n<dd>{}</dd>",
            Escaped(name),
            Prose(text(scheme, "/description"))
        )?;
    }
    page.push_str("</dl>\n");
    Ok(())
}

fn article(page: &mut String, document: &Value, operation: &Operation<'_>) -> fmt::Result {
    let described = operation.described;
    writeln!(
        page,
        "<details>\n<summary><b class=\"{}\">{}</b> <code>{}</code><br>{}</summary>\n<div id=\"{}\">",
        operation.method,
        operation.method.to_uppercase(),
        Escaped(operation.path),
        Escaped(text(described, "/summary")),
        Escaped(text(described, "/operationId"))
    )?;
    paragraphs(page, text(described, "/description"))?;
    let parameters = operation.parameters.iter().chain(list(described, "/parameters"));
    let parameters: Vec<&Value> = parameters.map(|parameter| resolved(document, parameter)).collect();
    if !parameters.is_empty() {
        page.push_str("<table>\n");
        for parameter in parameters {
            let name = format!(
                "{} <small>{}</small>",
                Escaped(text(parameter, "/name")),
                Escaped(text(parameter, "/in"))
            );
            let required = parameter.get("required") == Some(&Value::Bool(true));
            row(page, &name, &kind(parameter.get("schema")), required, text(parameter, "/description"))?;
        }
        page.push_str("</table>\n");
    }
    for (_, content) in members(described, "/requestBody/content") {
        page.push_str("<h3>Request body</h3>\n");
        shape(page, resolved(document, content.get("schema").unwrap_or(&Value::Null)))?;
        sample(page, document, content)?;
    }
    page.push_str("<h3>Responses</h3>\n<dl>\n");
    for (status, response) in members(described, "/responses") {
        answer(page, document, status, resolved(document, response))?;
    }
    page.push_str("</dl>\n</div>\n</details>\n");
    Ok(())
}

fn answer(page: &mut String, document: &Value, status: &str, response: &Value) -> fmt::Result {
    write!(page, "<dt>{}", Escaped(status))?;
    for (media, content) in members(response, "/content") {
        match content.get("schema") {
            Some(schema) => write!(page, " {}", kind(Some(schema)))?,
            None => write!(page, " <small>{}</small>", Escaped(media))?,
        }
    }
    writeln!(page, "</dt>\n<dd>{}", Prose(text(response, "/description")))?;
    if let Some(content) = response.pointer("/content/application~1json") {
        sample(page, document, content)?;
    }
    page.push_str("</dd>\n");
    Ok(())
}

/// An example of what a schema describes, folded.
fn sample(page: &mut String, document: &Value, content: &Value) -> fmt::Result {
    let Some(schema) = content.get("schema") else { return Ok(()) };
    let value = serde_json::to_string_pretty(&example(document, schema)).unwrap_or_default();
    writeln!(page, "<details><summary>Example</summary><pre>{}</pre></details>", Escaped(&value))
}

/// What an object has, or what another value can be.
fn shape(page: &mut String, schema: &Value) -> fmt::Result {
    paragraphs(page, text(schema, "/description"))?;
    let parts = list(schema, "/allOf");
    if !parts.is_empty() {
        return parts.iter().try_for_each(|part| shape(page, part));
    }
    if schema.get("properties").is_none() {
        return writeln!(page, "<p>{}</p>", kind(Some(schema)));
    }
    page.push_str("<table>\n");
    let required = list(schema, "/required");
    for (name, property) in members(schema, "/properties") {
        let is_required = required.iter().any(|required| required == name);
        row(
            page,
            &Escaped(name).to_string(),
            &kind(Some(property)),
            is_required,
            text(property, "/description"),
        )?;
    }
    page.push_str("</table>\n");
    Ok(())
}

fn row(page: &mut String, name: &str, kind: &str, required: bool, meaning: &str) -> fmt::Result {
    let optional = if required { "" } else { " <small>optional</small>" };
    writeln!(page, "<tr><th>{name}{optional}</th><td>{kind}</td><td>{}</td></tr>", Prose(meaning))
}

/// What a value may be, in a few words.
fn kind(schema: Option<&Value>) -> String {
    let Some(schema) = schema else { return String::new() };
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", Escaped(name));
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", Escaped(&value.to_string()));
    }
    for any in ["anyOf", "oneOf", "enum"] {
        if let Some(Value::Array(choices)) = schema.get(any) {
            let constant = |choice: &Value| format!("<code>{}</code>", Escaped(&choice.to_string()));
            let choice = |choice| if any == "enum" { constant(choice) } else { kind(Some(choice)) };
            return choices.iter().map(choice).collect::<Vec<_>>().join(" or ");
        }
    }
    let mut words = match schema.get("type") {
        Some(Value::String(name)) if name == "array" => format!("list of {}", kind(schema.get("items"))),
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    for (limit, word) in
        [("format", ""), ("pattern", ""), ("minLength", "at least "), ("maxLength", "at most ")]
    {
        if let Some(value) = schema.get(limit).filter(|value| **value != 1) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // Writing to a string cannot fail.
            let _ = write!(words, ", {word}{}", Escaped(&value));
        }
    }
    words
}

fn paragraphs(page: &mut String, prose: &str) -> fmt::Result {
    for paragraph in prose.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        writeln!(page, "<p>{}</p>", Prose(paragraph))?;
    }
    Ok(())
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let path = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| document.pointer(path)).unwrap_or(value)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn members<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// Text in HTML, also between quotes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// The little of Markdown that descriptions use: code between backticks.
struct Prose<'a>(&'a str);

impl Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.split('`').enumerate() {
            if at % 2 == 1 {
                write!(f, "<code>{}</code>", Escaped(part))?;
            } else {
                write!(f, "{}", Escaped(part))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use serde_json::json;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn what_a_value_may_be_is_said_in_words() {
        for (schema, words) in [
            (json!({"$ref": "#/components/schemas/User"}), "<a href=\"#User\">User</a>"),
            (json!({"type": "array", "items": {"type": "integer"}}), "list of integer"),
            (json!({"type": ["boolean", "null"]}), "boolean or null"),
            (json!({"const": "login"}), "<code>&quot;login&quot;</code>"),
            (json!({"enum": ["a", 1]}), "<code>&quot;a&quot;</code> or <code>1</code>"),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), "string or null"),
            (
                json!({"type": "string", "format": "email", "minLength": 1, "maxLength": 254}),
                "string, email, at most 254",
            ),
            (json!({}), "anything"),
        ] {
            assert_eq!(kind(Some(&schema)), words);
        }
    }

    #[test]
    fn the_policy_knows_the_script() {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT));
        assert_eq!(SCRIPT_HASH, format!("sha256-{hash}"));
    }

    #[test]
    fn texts_are_texts() {
        assert_eq!(Prose("a `<b>` & 'c'").to_string(), "a <code>&lt;b&gt;</code> &amp; &#39;c&#39;");
        let document = json!({"info": {"title": "<script>"}, "servers": [{"url": "http://\"><script>"}]});
        assert_eq!(render(&document).matches("<script>").count(), 1, "its own");
    }
}

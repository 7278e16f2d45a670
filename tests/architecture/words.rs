//! The words that customers read: the description of the API, the documents, the changelog's unreleased part, the help of
//! the command line, and the descriptions of the templates.

use std::path::Path;

/// Words of our own in place of the terms of OAuth, OpenID Connect, WebAuthn, NIST SP 800-63B, allauth and AWS.
const DIALECT: &[&str] = &[
    "all the same",
    "anew",
    "anybody",
    "are good for",
    "awaited",
    "believed",
    "believes everything",
    "everybody",
    "for good",
    "is good for",
    "nobody",
    "one's",
    "oneself",
    "other services",
    "prove again",
    "somebody",
    "vouch",
    "vouches",
    "what is kept",
    "who it is",
    "who one is",
    "who they are",
    "whoever",
    "whomever",
];

/// What an address is one of.
const KINDS: &[&str] = &["email", "ip", "ipv4", "ipv6", "mac", "mail", "memory"];

/// The longest line of a document, in characters; tables, code and the targets of links may be longer.
const WIDTH: usize = 120;

/// A text and where it begins.
struct Paragraph {
    file: String,
    /// Each line with its number.
    lines: Vec<(usize, String)>,
}

/// Everything that is wrong, as `file:line: what`.
pub fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for paragraph in paragraphs(root) {
        faults.extend(dialect(&paragraph));
    }
    for file in documents(root) {
        let text = read(root, &file);
        let long = prose(&text).filter(|(_, line)| !line.starts_with('|') && width(line) > WIDTH);
        faults.extend(
            long.map(|(number, line)| format!("{file}:{number}: {} characters, over {WIDTH}", width(line))),
        );
        faults.extend(layout(&text).map(|(number, wrong)| format!("{file}:{number}: {wrong}")));
    }
    faults
}

fn read(root: &Path, file: &str) -> String {
    std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The documents of the project.
fn documents(root: &Path) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|file| Path::new(file).extension().is_some_and(|kind| kind == "md"))
        .collect();
    files.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned));
    files.sort();
    files
}

fn paragraphs(root: &Path) -> Vec<Paragraph> {
    let mut found = Vec::new();
    for file in documents(root) {
        let text = read(root, &file);
        let lines =
            prose(&text).filter(|(number, _)| file != "CHANGELOG.md" || is_unreleased(&text, *number));
        split(&file, lines, &mut found);
    }
    let file = "docs/openapi.json";
    for (number, line) in numbered(&read(root, file)) {
        let member = line.trim().trim_end_matches(',');
        for (name, is_id) in [("description", false), ("summary", false), ("operationId", true)] {
            let value =
                member.strip_prefix(&format!("\"{name}\": \"")).and_then(|value| value.strip_suffix('"'));
            if let Some(value) = value {
                let text = if is_id { spaced(value) } else { value.replace("\\n", " ") };
                found.push(Paragraph { file: file.to_owned(), lines: vec![(number, text)] });
            }
        }
    }
    for file in [
        "template.yaml",
        "infra/alarms.yaml",
        "infra/deploy-role.yaml",
        "infra/operator.yaml",
        "infra/operator-role.yaml",
        "infra/ses.yaml",
    ] {
        for (number, line) in numbered(&read(root, file)) {
            if let Some((_, text)) = line.split_once("Description: ") {
                found.push(Paragraph { file: file.to_owned(), lines: vec![(number, text.to_owned())] });
            }
        }
    }
    let file = "cli/src/arguments.rs";
    let text = read(root, file);
    let help = numbered(&text).filter_map(|(number, line)| Some((number, line.trim().strip_prefix("///")?)));
    split(file, help, &mut found);
    found
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

/// The lines of a document that are not code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    numbered(text).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Rows with other columns than the table's first, which readers do not see whole, and commands that no test reads.
fn layout(text: &str) -> impl Iterator<Item = (usize, &'static str)> {
    let mut table = None;
    prose(text).filter_map(move |(number, line)| {
        let columns = line.starts_with('|').then(|| line.replace("\\|", "").matches('|').count());
        let others = table.filter(|(last, _)| last + 1 == number).map(|(_, columns)| columns);
        table = columns.map(|columns| (number, others.unwrap_or(columns)));
        if line.starts_with("    ") {
            return Some((number, "indented code: put it between ```sh and ```"));
        }
        let is_other = columns.zip(others).is_some_and(|(columns, others)| columns != others);
        is_other.then_some((number, "another number of columns than the row before"))
    })
}

fn is_unreleased(text: &str, number: usize) -> bool {
    let heading = numbered(text).filter(|(at, line)| *at <= number && line.starts_with("## ")).last();
    heading.is_some_and(|(_, line)| line == "## Unreleased")
}

/// Cuts at empty lines, at items of lists and at rows of tables: a word before those says nothing of one after.
fn split<'a>(file: &str, lines: impl Iterator<Item = (usize, &'a str)>, found: &mut Vec<Paragraph>) {
    let mut last = 0;
    for (number, line) in lines {
        let text = line.trim_start();
        let begins =
            last == 0 || number != last + 1 || ["|", "- ", "#"].iter().any(|mark| text.starts_with(mark));
        if begins || text.is_empty() {
            found.push(Paragraph { file: file.to_owned(), lines: Vec::new() });
        }
        if let Some(paragraph) = found.last_mut() {
            paragraph.lines.push((number, text.to_owned()));
        }
        last = number;
    }
}

/// Without code, nor the targets of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (at, part) in text.split('`').enumerate() {
        plain.push_str(if at % 2 == 0 { part } else { "`" });
    }
    without_targets(&plain)
}

fn without_targets(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find("](") {
        plain.push_str(&rest[..=at]);
        rest = rest[at..].find(')').map_or("", |end| &rest[at + end + 1..]);
    }
    plain + rest
}

fn width(line: &str) -> usize {
    without_targets(line).chars().count()
}

/// The words of an identifier in camel case.
fn spaced(id: &str) -> String {
    id.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain([c])).collect()
}

fn dialect(paragraph: &Paragraph) -> Vec<String> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let text: Vec<&str> = paragraph.lines.iter().map(|(_, line)| line.as_str()).collect();
    // Code may go on in the next line, so it is taken out of the whole.
    let whole = plain(&text.join("\n"));
    for (at, line) in whole.lines().enumerate() {
        let number = paragraph.lines.get(at).map_or(0, |(number, _)| *number);
        let split = line.split(|c: char| !(c.is_alphanumeric() || c == '\''));
        words.extend(split.filter(|word| !word.is_empty()).map(|word| (number, word.to_lowercase())));
    }
    let mut faults = Vec::new();
    for at in 0..words.len() {
        let (number, word) = &words[at];
        let here: Vec<&str> = words[at..].iter().map(|(_, word)| word.as_str()).collect();
        let phrase = DIALECT.iter().find(|phrase| phrase.split(' ').zip(&here).all(|(a, b)| a == *b));
        let is_whole = |phrase: &&&str| phrase.split(' ').count() <= here.len();
        let is_bare = ["address", "addresses"].contains(&word.as_str())
            && !at.checked_sub(1).is_some_and(|before| KINDS.contains(&words[before].1.as_str()));
        let wrong = match phrase.filter(is_whole) {
            Some(phrase) => Some(format!("\"{phrase}\"")),
            None if is_bare => Some(format!("bare \"{word}\": an email address, an IP address or a URL?")),
            None => None,
        };
        if let Some(wrong) = wrong {
            faults.push(format!("{}:{number}: {wrong}", paragraph.file));
        }
    }
    faults
}

#[test]
fn the_reader_finds_dialect_and_bare_addresses() {
    let wrong = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let mut found = Vec::new();
        split("x.md", lines.iter().enumerate().map(|(at, line)| (at + 1, *line)), &mut found);
        found
            .iter()
            .flat_map(dialect)
            .map(|fault| fault.split('"').nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(wrong("Whoever is here, and nobody\nelse: made anew."), ["whoever", "nobody", "anew"]);
    assert_eq!(wrong("Say who\none is"), ["who one is"]);
    assert_eq!(wrong("An email\naddress, the IP address, IPv6 addresses, `the address`."), [""; 0]);
    assert_eq!(wrong("The address"), ["address"]);
    assert_eq!(wrong("- an email\n- address"), ["address"]);
    assert_eq!(wrong("| email | addresses |"), [""; 0], "a heading of a column is one");
    assert_eq!(wrong("[an address](https://nobody.example)"), ["address"]);
    assert_eq!(spaced("makeEmailAddressPrimary"), "make Email Address Primary");
    assert_eq!(width("[a](https://example.com/long) b"), 5);
}

#[test]
fn the_reader_finds_broken_tables_and_indented_code() {
    let wrong = |text: &str| layout(text).map(|(number, _)| number).collect::<Vec<_>>();
    assert_eq!(wrong("| a | b |\n|---|---|\n| `x \\| y` | 2 |\n\n| c |\n|---|"), [0; 0]);
    assert_eq!(wrong("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 1 | 2 |"), [3]);
    assert_eq!(wrong("Text\n\n    vestibule serve\n\n```sh\n    indented\n```"), [3]);
}

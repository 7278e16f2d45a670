//! `docs/standards.md`: what OWASP ASVS and NIST SP 800-63B ask, and what shows that it is so. It is made of
//! `standards.yaml`, and the tests and documents that it names are there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::documents::Tests;

/// How many requirements each section of each standard has: none is left out, and none is made up. Those of ASVS are
/// numbered by it; NIST numbers sections only, so that theirs are counted as they stand in the text.
const SECTIONS: [(&str, char, &str); 2] = [
    (
        "OWASP ASVS 5.0.0",
        '.',
        "6.1: 3, 6.2: 12, 6.3: 8, 6.4: 6, 6.5: 8, 6.6: 4, 6.7: 2, 6.8: 4, 7.1: 3, 7.2: 4, 7.3: 2, 7.4: 5, \
         7.5: 3, 7.6: 2, 9.1: 3, 9.2: 4, 10.1: 2, 10.2: 3, 10.3: 5, 10.4: 16, 10.5: 5, 10.6: 2, 10.7: 3",
    ),
    (
        "NIST SP 800-63B-4",
        '-',
        "2.1: 1, 2.1.1: 1, 2.1.2: 2, 2.1.3: 2, 2.2.1: 2, 2.2.2: 5, 2.2.3: 3, 3.1.1.1: 3, 3.1.1.2: 32, \
         3.1.2.1: 3, 3.1.2.2: 6, 3.1.3.1: 1, 3.1.3.2: 9, 3.1.3.3: 4, 3.1.4.1: 2, 3.1.4.2: 6, 3.1.5: 1, \
         3.1.6.2: 4, 3.1.7.2: 1, 3.2.1: 2, 3.2.2: 4, 3.2.3: 2, 3.2.4: 2, 3.2.5: 4, 3.2.6: 1, 3.2.8: 1, 3.2.9: \
         3, 3.2.12: 1, 4.1: 6, 4.1.2.1: 4, 4.1.2.2: 1, 4.1.3: 3, 4.1.4: 1, 4.2.1: 1, 4.2.1.1: 6, 4.2.1.2: 6, \
         4.2.1.3: 1, 4.2.1.4: 1, 4.2.2: 2, 4.2.3: 1, 4.3: 3, 4.4: 1, 4.5: 3, 4.6: 5, 5.1: 17, 5.1.1: 9, \
         5.1.2: 1, 5.2: 5, 5.3: 2",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    introduction: String,
    /// The settings that meet what is met by a setting.
    settings: String,
    standards: Vec<Standard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    name: String,
    introduction: String,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    id: String,
    title: String,
    requirements: Vec<Requirement>,
}

/// A requirement: what it asks, in our own words, and how it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    /// The level of ASVS from which it counts, or the verb of NIST.
    level: String,
    asks: String,
    status: Status,
    /// What meets it; the setting; the reason.
    #[serde(default)]
    note: String,
    /// The tests that show it.
    #[serde(default)]
    tests: Vec<String>,
    /// The files that show it: where documentation is what is asked, or a file is what is judged.
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Met,
    BySetting,
    NotMet,
    NotApplicable,
}

impl Status {
    const ALL: [Self; 4] = [Self::Met, Self::BySetting, Self::NotMet, Self::NotApplicable];

    const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::BySetting => "met by a setting",
            Self::NotMet => "not met",
            Self::NotApplicable => "not applicable",
        }
    }

    /// Whether it says that the requirement is met, which something has to show.
    const fn is_claim(self) -> bool {
        matches!(self, Self::Met | Self::BySetting)
    }
}

fn page() -> Page {
    let text = std::fs::read_to_string(super::root().join("tests/architecture/standards.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("standards.yaml: {error}"))
}

fn requirements(standard: &Standard) -> impl Iterator<Item = &Requirement> {
    standard.sections.iter().flat_map(|section| &section.requirements)
}

#[test]
fn every_requirement_is_there() {
    let page = page();
    assert_eq!(page.standards.len(), SECTIONS.len());
    for (standard, (name, separator, sections)) in page.standards.iter().zip(SECTIONS) {
        assert_eq!(standard.name, name);
        let expected = sections.split(", ").flat_map(|section| {
            let (section, count) = section.split_once(": ").unwrap();
            (1..=count.parse::<usize>().unwrap()).map(move |at| format!("{section}{separator}{at}"))
        });
        let ids = requirements(standard).map(|requirement| requirement.id.clone());
        assert_eq!(ids.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn every_claim_is_shown_and_every_gap_has_a_reason() {
    let (root, tests) = (super::root(), Tests::read(&super::root()));
    let mut faults = Vec::new();
    for Requirement { id, status, note, tests: named, files, .. } in
        page().standards.iter().flat_map(requirements)
    {
        let missing = named.iter().filter(|test| !tests.has(test));
        faults.extend(missing.map(|test| format!("{id}: there is no test {test}")));
        let missing = files.iter().filter(|file| !root.join(file).exists());
        faults.extend(missing.map(|file| format!("{id}: there is no file {file}")));
        if status.is_claim() && named.is_empty() && files.is_empty() {
            faults.push(format!("{id}: nothing shows that it is met"));
        }
        if *status != Status::Met && note.is_empty() {
            faults.push(format!("{id}: it is {} without a reason or the setting", status.words()));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// `make docs` runs this test with UPDATE=1.
#[test]
fn the_document_is_up_to_date() {
    let (path, text) = (super::root().join("docs/standards.md"), write(&page()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, text, "docs/standards.md is out of date: make docs");
}

fn write(page: &Page) -> String {
    let mut text =
        "<!-- Written by `make docs` from tests/architecture/standards.yaml. Change it there. -->\n\n"
            .to_owned();
    let _ = writeln!(text, "{}\n", page.introduction.trim());
    let _ = writeln!(text, "{}\n{}", summary(page), page.settings.trim());
    for standard in &page.standards {
        let _ = writeln!(text, "\n## {}\n\n{}", standard.name, standard.introduction.trim());
        for Section { id, title, requirements } in &standard.sections {
            let _ = writeln!(text, "\n### {id} {title}\n");
            text += "| id | level | what is asked | how it stands | shown by |\n| --- | --- | --- | --- | --- |\n";
            for requirement in requirements {
                let _ = writeln!(text, "{}", row(requirement));
            }
        }
    }
    text
}

/// How many requirements of each standard are met, and which are not.
fn summary(page: &Page) -> String {
    let heads: Vec<&str> = Status::ALL.iter().map(|status| status.words()).collect();
    let mut text = format!("| standard | {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len() + 1));
    for standard in &page.standards {
        let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
        for requirement in requirements(standard) {
            *counts.entry(requirement.status).or_default() += 1;
        }
        let counts = Status::ALL.map(|status| counts.get(&status).copied().unwrap_or_default().to_string());
        let _ = writeln!(text, "| {} | {} |", standard.name, counts.join(" | "));
    }
    for standard in &page.standards {
        let open = requirements(standard).filter(|requirement| requirement.status == Status::NotMet);
        let open: Vec<&str> = open.map(|requirement| requirement.id.as_str()).collect();
        let _ = writeln!(text, "\n{} is not met in:\n{}", standard.name, wrapped(&open));
    }
    text
}

/// Words with commas between, in lines that are not too long.
fn wrapped(words: &[&str]) -> String {
    let mut lines = vec![String::new()];
    for (at, word) in words.iter().enumerate() {
        let word = format!("{word}{}", if at + 1 == words.len() { "." } else { "," });
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.len() + 1 + word.len() <= 110 => line.extend([" ", &word]),
            _ => lines.push(word),
        }
    }
    lines.join("\n")
}

fn row(requirement: &Requirement) -> String {
    let Requirement { id, level, asks, status, note, tests, files } = requirement;
    let note = if note.is_empty() { String::new() } else { format!(": {note}") };
    let files = files.iter().map(|file| match file.strip_prefix("docs/") {
        Some(name) => format!("[{name}]({name})"),
        None => format!("`{file}`"),
    });
    let shown: Vec<String> = tests.iter().map(|test| format!("`{test}`")).chain(files).collect();
    format!("| {id} | {level} | {asks} | **{}**{note} | {} |", status.words(), shown.join(", "))
}

//! What has a target is listed, and what has none says why.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vestibule_fuzz::{EXEMPT, TARGETS};

/// What a parser of foreign bytes is made with, or is called.
const MARKS: &[&str] = &[
    "serde_json::from_slice",
    "serde_json::from_str",
    "serde_json::from_value",
    "str::from_utf8(",
    "from_pem_slice(",
    "de::from_reader",
    "FromStr for",
    "fn parse",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The source files below a folder, without those that are tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && !["tests.rs", "samples.rs", "testing.rs", "vectors.rs"].contains(&name)
        {
            found.push(path);
        }
    }
}

/// The files that parse something.
fn parsers() -> BTreeSet<String> {
    let root = root();
    let mut files = Vec::new();
    sources(&root.join("shared/src"), &mut files);
    sources(&root.join("cli/src"), &mut files);
    for function in std::fs::read_dir(root.join("functions")).unwrap() {
        sources(&function.unwrap().path().join("src"), &mut files);
    }
    let parses = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        product
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && MARKS.iter().any(|mark| line.contains(mark)))
    };
    let found = files.into_iter().filter(parses);
    found.map(|file| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_parser_has_a_target_or_a_reason() {
    let reached: BTreeSet<&str> = TARGETS.iter().flat_map(|target| target.files).copied().collect();
    let is_exempt = |file: &str| EXEMPT.iter().any(|(exempt, _)| file.starts_with(exempt));
    let parsers = parsers();
    assert!(parsers.len() > 40, "{parsers:?}");
    let missing: Vec<&String> =
        parsers.iter().filter(|file| !reached.contains(file.as_str()) && !is_exempt(file)).collect();
    assert!(missing.is_empty(), "no fuzz target reaches, and catalogue.rs gives no reason why: {missing:#?}");

    let unused: Vec<&str> = EXEMPT
        .iter()
        .map(|(exempt, _)| *exempt)
        .filter(|exempt| !parsers.iter().any(|file| file.starts_with(exempt)))
        .collect();
    assert!(unused.is_empty(), "parses nothing: {unused:?}");
    let gone: Vec<&&str> = reached.iter().filter(|file| !root().join(file).is_file()).collect();
    assert!(gone.is_empty(), "there is no such file: {gone:?}");
    let both: Vec<&&str> = reached.iter().filter(|file| is_exempt(file)).collect();
    assert!(both.is_empty(), "has a target as well as a reason for none: {both:?}");
}

/// The tables of `docs/fuzzing.md`; `UPDATE=1` writes them.
#[test]
fn the_document_is_up_to_date() {
    let mut written = "<!-- generated -->\n\n| target | input | asserts |\n|---|---|---|\n".to_owned();
    for target in TARGETS {
        let _ = writeln!(written, "| `{}` | {} | {} |", target.name, target.input, target.asserts);
    }
    written += "\n| no target | why |\n|---|---|\n";
    for (file, reason) in EXEMPT {
        let _ = writeln!(written, "| `{file}` | {reason} |");
    }
    let path = root().join("docs/fuzzing.md");
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    let prose = current.split("<!-- generated -->\n").next().unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{prose}{written}")).unwrap();
    } else {
        assert!(current == format!("{prose}{written}"), "docs/fuzzing.md is not up to date: run `make docs`");
    }
}

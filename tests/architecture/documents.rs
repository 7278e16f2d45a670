//! The tests that documents name, as `file::test` in backticks with as much of the file's path as it takes to find it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All tests of the repository that are written in Rust: each file with the names of its tests.
pub struct Tests(Vec<(PathBuf, BTreeSet<String>)>);

impl Tests {
    pub fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        sources(root, &mut files);
        Self(
            files
                .into_iter()
                .map(|file| {
                    let source = std::fs::read_to_string(&file).unwrap();
                    (file.with_extension(""), tests_of(&source))
                })
                .collect(),
        )
    }

    /// Whether a file with this end of its path has a test of this name.
    pub fn has(&self, named: &str) -> bool {
        let Some((file, test)) = named.rsplit_once("::") else { return false };
        let file = file.replace("::", "/");
        let is_named =
            |path: &Path| ["", "/mod", "/tests"].iter().any(|end| path.ends_with(format!("{file}{end}")));
        self.0.iter().any(|(path, tests)| is_named(path) && tests.contains(test))
    }
}

/// All Rust files of a folder, without what is built.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// The functions with an attribute for tests a few lines above; a property (proptest) has its attribute there as well.
fn tests_of(source: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_test = |at: usize| {
        lines[at.saturating_sub(6)..at].iter().any(|line| line.starts_with("#[") && line.contains("test"))
    };
    let name = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        line.split_once('(').map(|(name, _)| name.to_owned())
    };
    lines.iter().enumerate().filter(|(at, _)| is_test(*at)).filter_map(|(_, line)| name(line)).collect()
}

/// What a document names.
fn named(document: &str) -> Vec<&str> {
    let words = document.split('`').skip(1).step_by(2);
    words.filter(|word| word.contains("::") && !word.contains(char::is_whitespace)).collect()
}

#[test]
fn every_test_that_the_security_document_names_is_there() {
    let root = super::root();
    let document = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let tests = Tests::read(&root);
    let named = named(&document);
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|test| !tests.has(test)).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:#?}");
    assert!(!tests.has("documents::no_such_test"));
    assert!(!tests.has("documents::tests_of"), "a function is no test");
}

//! What `docs/security.md` names is there.

use std::path::{Path, PathBuf};

/// The tests that a document names: `file::test` in backticks, with as much of the file's path as it takes to find it.
fn named(document: &str) -> Vec<(String, String)> {
    let words = document.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| word.contains("::") && !word.contains(char::is_whitespace);
    words
        .filter(is_path)
        .filter_map(|word| word.rsplit_once("::"))
        .map(|(file, test)| (file.replace("::", "/").trim_end_matches(".rs").to_owned(), test.to_owned()))
        .collect()
}

/// All Rust files of the repository, without what is built.
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

/// Whether a file with this end of its path has a test of this name.
fn is_test(sources: &[PathBuf], file: &str, test: &str) -> bool {
    let is_named = |path: &&PathBuf| {
        let path = path.with_extension("");
        path.ends_with(file)
            || path.ends_with(format!("{file}/mod"))
            || path.ends_with(format!("{file}/tests"))
    };
    sources.iter().filter(is_named).any(|path| {
        let source = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let begins = [format!("fn {test}("), format!("async fn {test}(")];
        let at = lines.iter().position(|line| begins.iter().any(|begin| line.starts_with(begin.as_str())));
        // A property (proptest) has its attribute there as well.
        at.is_some_and(|at| {
            lines[at.saturating_sub(6)..at].iter().any(|line| line.starts_with("#[") && line.contains("test"))
        })
    })
}

#[test]
fn every_test_that_the_security_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut all = Vec::new();
    sources(root, &mut all);
    let named = named(&document);
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|(file, test)| !is_test(&all, file, test)).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:#?}");
    assert!(!is_test(&all, "documentation", "no_such_test"));
}

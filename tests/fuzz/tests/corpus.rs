//! Every target runs on every input of its corpus: what a fuzzer has found once stays mended.

use std::path::{Path, PathBuf};

use vestibule_fuzz::TARGETS;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_target_holds_on_its_corpus() {
    let mut broken = Vec::new();
    for target in TARGETS {
        let folder = corpus().join(target.name);
        for name in names(&folder) {
            let input = std::fs::read(folder.join(&name)).unwrap();
            if std::panic::catch_unwind(|| (target.run)(&input)).is_err() {
                broken.push(format!("{}/{name}", target.name));
            }
        }
    }
    assert!(broken.is_empty(), "what each panicked with is above, in this order: {broken:#?}");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    targets.sort_unstable();
    assert_eq!(names(&corpus()), targets);
    for target in targets {
        assert!(!names(&corpus().join(target)).is_empty(), "{target} has no seed");
    }
}

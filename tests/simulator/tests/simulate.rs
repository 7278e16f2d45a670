//! A few dozen journeys; `make simulate` takes thousands.

use std::path::Path;
use std::sync::Arc;

use vestibule_simulator::{Case, Outcome};
use vestibule_simulator_release::ThisRelease;

fn run(case: &Case) -> Outcome {
    vestibule_simulator::run(case, &[Arc::new(ThisRelease::default())])
}

#[test]
fn a_seed_repeats_everything() {
    for seed in 0..4 {
        let (one, other) = (run(&Case::new(seed)), run(&Case::new(seed)));
        for (line, (left, right)) in one.trace.iter().zip(&other.trace).enumerate() {
            assert_eq!(left, right, "line {line} of seed {seed}");
        }
        assert_eq!(one.hash, other.hash, "the table in the end of seed {seed}");
    }
}

#[test]
fn other_seeds_are_other_journeys() {
    assert_ne!(run(&Case::new(1)).hash, run(&Case::new(2)).hash);
}

#[test]
fn whatever_happens_everything_holds() {
    for seed in 0..16 {
        let failure = run(&Case::new(seed)).failure;
        assert_eq!(failure, None, "make simulate SEEDS={seed}..{} shows how", seed + 1);
    }
}

/// What failed once: each line of the file is a case and, behind `#`, what it found.
#[test]
fn what_failed_once_holds_now() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.lines() {
        let case = line.split('#').next().unwrap_or_default().trim();
        if !case.is_empty() {
            let failure = run(&case.parse().unwrap()).failure;
            assert_eq!(failure, None, "{line}");
        }
    }
}

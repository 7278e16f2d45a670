//! What is left of a failing run, with runs that are made up.

use std::collections::BTreeSet;

use vestibule_simulator::{Case, Failure, Outcome, shrink_by};

/// A run of eight requests, one a round, and of faults in the rounds 2 and 5. It says by the rounds of the requests and the
/// faults that are left how it fails.
fn made_up(case: &Case, fails: impl Fn(&BTreeSet<u32>, &BTreeSet<u32>) -> Option<&'static str>) -> Outcome {
    let tasks: BTreeSet<_> =
        (0..8).map(|round| (round, 0)).filter(|task| !case.without_tasks.contains(task)).collect();
    let faults: Vec<_> =
        [((2, 0), 1), ((5, 0), 0)].into_iter().filter(|it| !case.without_faults.contains(it)).collect();
    let rounds = tasks.iter().map(|(round, _)| *round).collect();
    let of_faults = faults.iter().map(|((round, _), _)| *round).collect();
    let failure = fails(&rounds, &of_faults).map(|said| Failure(said.to_owned()));
    Outcome { trace: Vec::new(), hash: 0, journeys: 1, tasks, faults, failure }
}

#[test]
fn what_is_left_is_what_it_takes() {
    let (case, outcome) = shrink_by(&Case::new(1), |case| {
        made_up(case, |requests, faults| {
            let fails = requests.contains(&3) && requests.contains(&6) && faults.contains(&5);
            fails.then_some("ann is logged in (invariants.rs:1:1)")
        })
    });
    assert_eq!(case.to_string(), "1 without 0.0 1.0 2.0 4.0 5.0 7.0 unharmed 2.0.1");
    assert!(outcome.failure.is_some());
}

/// With less, it fails at another place, or says something else at the same place: that is another failure.
#[test]
fn what_is_left_fails_for_the_same_reason() {
    const FAILURE: &str = "a session 17 is still valid (invariants.rs:1:1)";
    for other in ["no client should see (world.rs:2:2)", "a key is left behind (invariants.rs:1:1)"] {
        let (case, outcome) = shrink_by(&Case::new(1), |case| {
            made_up(case, |requests, _| match (requests.contains(&1), requests.contains(&4)) {
                (true, true) => Some(FAILURE),
                (false, true) => Some(other),
                _ => None,
            })
        });
        assert_eq!(case.to_string(), "1 without 0.0 2.0 3.0 5.0 6.0 7.0 unharmed 2.0.1 5.0.0");
        assert_eq!(outcome.failure, Some(Failure(FAILURE.to_owned())));
    }
}

/// Names, numbers and tokens are others when less happens.
#[test]
fn what_is_said_may_be_of_another_number() {
    let (_, outcome) = shrink_by(&Case::new(1), |case| {
        made_up(case, |requests, _| match requests.len() {
            0 => None,
            8 => Some("a session 17 is still valid (invariants.rs:1:1)"),
            _ => Some("a session 4 is still valid (invariants.rs:1:1)"),
        })
    });
    assert_eq!(outcome.tasks.len(), 1);
}

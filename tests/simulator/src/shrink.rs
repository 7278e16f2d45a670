//! Makes a failing run smaller: leaves out requests and faults as long as it fails for the same reason.

use crate::case::Case;
use crate::run::{Outcome, run};

/// The smallest failing case that is found, with its outcome.
pub fn shrink(case: &Case) -> (Case, Outcome) {
    shrink_by(case, run)
}

fn shrink_by(case: &Case, run: impl Fn(&Case) -> Outcome) -> (Case, Outcome) {
    let mut smallest = (case.clone(), run(case));
    loop {
        let size = size(&smallest.1);
        let tasks: Vec<_> = smallest.1.tasks.iter().copied().collect();
        leave_out(&mut smallest, &run, &tasks, |case, part| case.without_tasks.extend(part));
        let faults = smallest.1.faults.clone();
        leave_out(&mut smallest, &run, &faults, |case, part| case.without_faults.extend(part));
        if size == self::size(&smallest.1) {
            return smallest;
        }
    }
}

fn size(outcome: &Outcome) -> usize {
    outcome.tasks.len() + outcome.faults.len()
}

/// Tries without halves, quarters and so on, down to single ones, the last first.
fn leave_out<T: Copy>(
    smallest: &mut (Case, Outcome),
    run: impl Fn(&Case) -> Outcome,
    all: &[T],
    without: impl Fn(&mut Case, &[T]),
) {
    let mut length = all.len().div_ceil(2);
    while length > 0 {
        for part in all.chunks(length).rev() {
            let mut case = smallest.0.clone();
            without(&mut case, part);
            let outcome = run(&case);
            let is_smaller = size(&outcome) < size(&smallest.1);
            if is_smaller && reason(&outcome).is_some() && reason(&outcome) == reason(&smallest.1) {
                *smallest = (case, outcome);
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
}

/// Why a run fails: the place of the code, and what is said there up to the first number or name.
fn reason(outcome: &Outcome) -> Option<(String, String)> {
    let said = &outcome.failure.as_ref()?.0;
    let (said, place) = said.rsplit_once(" (").unwrap_or((said, ""));
    let words = said.chars().take_while(|c| c.is_alphabetic() || c.is_whitespace());
    Some((words.collect(), place.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fault::FaultId;
    use crate::kernel::TaskId;
    use crate::run::Failure;

    /// A run of 8 requests and 2 faults, which says of these requests and faults whether it fails.
    fn made_up(
        case: &Case,
        fails: impl Fn(&BTreeSet<TaskId>, &[FaultId]) -> Option<&'static str>,
    ) -> Outcome {
        let tasks: BTreeSet<TaskId> =
            (0..8).map(|round| (round, 0)).filter(|task| !case.without_tasks.contains(task)).collect();
        let faults: Vec<FaultId> =
            [((2, 0), 1), ((5, 0), 0)].into_iter().filter(|it| !case.without_faults.contains(it)).collect();
        let failure = fails(&tasks, &faults).map(|said| Failure(said.to_owned()));
        Outcome { trace: Vec::new(), hash: 0, journeys: 1, tasks, faults, failure }
    }

    #[test]
    fn what_is_left_is_what_it_takes() {
        let (case, outcome) = shrink_by(&Case::new(1), |case| {
            made_up(case, |tasks, faults| {
                let fails =
                    tasks.contains(&(3, 0)) && tasks.contains(&(6, 0)) && faults.contains(&((5, 0), 0));
                fails.then_some("ann is logged in (invariants.rs:1:1)")
            })
        });
        assert_eq!(outcome.tasks, [(3, 0), (6, 0)].into());
        assert_eq!(outcome.faults, [((5, 0), 0)]);
        assert_eq!(case.to_string(), "1 without 0.0 1.0 2.0 4.0 5.0 7.0 unharmed 2.0.1");
    }

    /// With less, it fails at another place, or says something else at the same place: that is another failure.
    #[test]
    fn what_is_left_fails_for_the_same_reason() {
        for other in ["no client should see (world.rs:2:2)", "a key is left behind (invariants.rs:1:1)"] {
            let (_, outcome) = shrink_by(&Case::new(1), |case| {
                made_up(case, |tasks, _| match (tasks.contains(&(1, 0)), tasks.contains(&(4, 0))) {
                    (true, true) => Some("a session 17 is still valid (invariants.rs:1:1)"),
                    (false, true) => Some(other),
                    _ => None,
                })
            });
            assert_eq!(outcome.tasks, [(1, 0), (4, 0)].into());
            assert!(outcome.failure.unwrap().0.starts_with("a session"));
        }
    }

    /// Names, numbers and tokens are others when less happens.
    #[test]
    fn what_is_said_may_be_of_another_number() {
        let (_, outcome) = shrink_by(&Case::new(1), |case| {
            made_up(case, |tasks, _| match tasks.len() {
                0 => None,
                8 => Some("a session 17 is still valid (invariants.rs:1:1)"),
                _ => Some("a session 4 is still valid (invariants.rs:1:1)"),
            })
        });
        assert_eq!(outcome.tasks.len(), 1);
    }
}

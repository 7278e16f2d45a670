//! Makes a failing run smaller: leaves out requests and faults as long as it fails for the same reason.

use crate::case::Case;
use crate::processes::Releases;
use crate::run::{Outcome, run};

/// The smallest failing case that is found, with its outcome.
pub fn shrink(case: &Case, releases: &Releases) -> (Case, Outcome) {
    shrink_by(case, |case| run(case, releases))
}

/// The same, where cases are run in another way.
pub fn shrink_by(case: &Case, run: impl Fn(&Case) -> Outcome) -> (Case, Outcome) {
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

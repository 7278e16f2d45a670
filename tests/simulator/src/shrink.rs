//! Makes a failing run smaller: leaves out requests and faults as long as it fails in the same way.

use crate::case::Case;
use crate::run::{Outcome, run};

/// The smallest failing case that is found, with its outcome.
pub fn shrink(case: &Case) -> (Case, Outcome) {
    let mut smallest = (case.clone(), run(case));
    loop {
        let size = size(&smallest.1);
        let tasks: Vec<_> = smallest.1.tasks.iter().copied().collect();
        leave_out(&mut smallest, &tasks, |case, part| case.without_tasks.extend(part));
        let faults = smallest.1.faults.clone();
        leave_out(&mut smallest, &faults, |case, part| case.without_faults.extend(part));
        if size == self::size(&smallest.1) {
            return smallest;
        }
    }
}

fn size(outcome: &Outcome) -> usize {
    outcome.tasks.len() + outcome.faults.len()
}

/// Tries without halves, quarters and so on, down to single ones, the last first.
fn leave_out<T: Copy>(smallest: &mut (Case, Outcome), all: &[T], without: impl Fn(&mut Case, &[T])) {
    let mut length = all.len().div_ceil(2);
    while length > 0 {
        for part in all.chunks(length).rev() {
            let mut case = smallest.0.clone();
            without(&mut case, part);
            let outcome = run(&case);
            let is_smaller = size(&outcome) < size(&smallest.1);
            if is_smaller && is_same(&outcome, &smallest.1) {
                *smallest = (case, outcome);
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
}

/// Whether both fail at the same place of the code.
fn is_same(one: &Outcome, other: &Outcome) -> bool {
    let place = |outcome: &Outcome| {
        let said = outcome.failure.as_ref()?.0.clone();
        said.rsplit_once(" (").map(|(_, place)| place.to_owned())
    };
    one.failure.is_some() && place(one) == place(other)
}

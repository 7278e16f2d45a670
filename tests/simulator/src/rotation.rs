//! Rotations of the signing keys: Secrets Manager has the function `keys` take step after step, repeats what is not
//! answered for, and now and then what is.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule_simulator_kernel::{Dice, Failed, Outcome, Task};
use vestibule_simulator_release::KEYS;

use crate::processes::Processes;
use crate::vault::{self, Vault};

/// The number of a step among the tasks of a round; below it, that of the same step at once.
pub const ROTATION: u32 = 8;
/// The rounds from which on keys are rotated. The first keys are there before anybody comes.
const BEGINNINGS: [u32; 3] = [0, 14, 28];
/// The time before a rotation that drops a key which has signed: for how long tokens are valid, and more than a process
/// lives.
pub const APART: Duration = Duration::from_secs(86_400 + 3600);
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// The rotations of a run.
#[derive(Debug, Default)]
pub struct Rotations {
    /// How many are over.
    done: usize,
    /// Which step is next; none while none is under way.
    step: Option<usize>,
    under_way: Vec<Outcome<Result<Value, Failed>>>,
}

impl Rotations {
    /// Begins one, if it is time for that. Returns whether it is one that drops a key which has signed.
    pub fn begin(&mut self, round: u32) -> bool {
        let is_time = BEGINNINGS.get(self.done).is_some_and(|beginning| round >= *beginning);
        let begins = is_time && self.step.is_none();
        self.step = self.step.or(begins.then_some(0));
        begins && self.done > 1
    }

    /// Whether the first keys are there.
    pub const fn has_keys(&self) -> bool {
        self.done > 0
    }

    /// The next step, if a rotation is under way: now and then twice at once.
    pub fn tasks(&mut self, round: u32, processes: &mut Processes, dice: &mut Dice) -> Vec<Task> {
        let Some(step) = self.step else { return Vec::new() };
        let count = if dice.one_in(4) { 2 } else { 1 };
        let event =
            json!({"Step": STEPS[step], "SecretId": vault::ARN, "ClientRequestToken": self.version()});
        let mut tasks = Vec::new();
        for number in 0..count {
            let handled = processes.get((KEYS, 0)).handle(event.clone());
            let (task, outcome) = Task::new((round, ROTATION - number), handled);
            self.under_way.push(outcome);
            tasks.push(task);
        }
        tasks
    }

    /// What came of it, for the trace. `is_calm`: nothing went wrong in this round.
    pub fn settle(&mut self, vault: &Vault, is_calm: bool, dice: &mut Dice) -> Vec<String> {
        let Some(step) = self.step else { return Vec::new() };
        let outcomes: Vec<_> = self.under_way.drain(..).map(|outcome| outcome.take()).collect();
        let is_done = outcomes.iter().any(|outcome| matches!(outcome, Some(Ok(_))));
        assert!(is_done || outcomes.is_empty() || !is_calm, "nothing went wrong, and yet {outcomes:?}");
        let version = self.version();
        self.step = match (is_done, step + 1 == STEPS.len()) {
            (true, true) => {
                assert!(vault.is_current(&version), "the rotation is over, and {version} is not in use");
                self.done += 1;
                None
            }
            (true, false) => Some(step + usize::from(!dice.one_in(6))),
            // The whole is tried again, of which nothing is done twice.
            (false, _) => Some(0),
        };
        vec![format!("rotation {version} {}: {outcomes:?}", STEPS[step])]
    }

    fn version(&self) -> String {
        format!("version-{}", self.done + 1)
    }
}

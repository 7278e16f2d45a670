//! What goes wrong with calls to AWS, by the seed.

use std::collections::BTreeSet;

use crate::dice::Dice;
use crate::hosts;

/// A task: the number of its step, and its number among those of the step.
pub type TaskId = (u32, u32);

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out, and answered.
    Well,
    /// It is refused: an internal error of the service.
    Fails,
    /// It is refused: too many calls.
    Throttled,
    /// The connection breaks before anything is done.
    Breaks,
    /// It is carried out, and the connection breaks before the answer.
    AnswerLost,
    /// It is carried out so many milliseconds later, when nobody may wait any more.
    Late(i64),
    /// The transaction meets another one.
    Conflicts,
    /// Only half of the items are read; the rest is to be asked for again, and may have changed by then.
    ReadsHalf,
    /// The process dies, and the call was never made.
    DieBefore,
    /// The process dies when the call was carried out.
    DieAfter,
}

impl Fate {
    /// Whether the service carries it out.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Well | Self::AnswerLost | Self::Late(_) | Self::ReadsHalf | Self::DieAfter)
    }

    pub(crate) const fn delay(self) -> i64 {
        match self {
            Self::Late(millis) => millis,
            _ => 0,
        }
    }
}

/// Whether a call to it may be carried out late, as it changes nothing there.
fn may_hang(host: &str) -> bool {
    [hosts::PROVIDER, hosts::HOOK, hosts::BOTS].contains(&host)
}

/// A fault: whose call it hits, and which of its calls.
pub type FaultId = (TaskId, u32);

/// The faults of a run.
#[derive(Clone, Debug)]
pub struct Faults {
    seed: u64,
    /// One call in so many goes wrong; none with 0.
    rate: usize,
    left_out: BTreeSet<FaultId>,
    /// Those that have happened.
    pub happened: Vec<(FaultId, Fate)>,
}

impl Faults {
    /// Those of a seed, but for some that are left out.
    pub fn new(seed: u64, left_out: BTreeSet<FaultId>) -> Self {
        // A third of all seeds have none: what fails there needs none.
        let rates = [0, 0, 40, 20, 12, 6];
        let rate = Dice::new(seed, "rate of faults", &[]).pick(&rates).copied().unwrap_or_default();
        Self { seed, rate, left_out, happened: Vec::new() }
    }

    /// From now on everything goes well.
    pub const fn end(&mut self) {
        self.rate = 0;
    }

    pub(crate) fn fate(&mut self, task: TaskId, number: u32, host: &str, operation: &str) -> Fate {
        let numbers = [task.0, task.1, number].map(u64::from);
        let mut dice = Dice::new(self.seed, "fault", &numbers);
        if self.rate == 0 || !dice.one_in(self.rate) || self.left_out.contains(&(task, number)) {
            return Fate::Well;
        }
        let late = Fate::Late(1000 + i64::try_from(dice.below(6000)).unwrap_or_default());
        let fates = [
            Fate::Fails,
            Fate::Throttled,
            Fate::Breaks,
            Fate::AnswerLost,
            Fate::AnswerLost,
            late,
            Fate::Conflicts,
            Fate::ReadsHalf,
            Fate::ReadsHalf,
            Fate::DieBefore,
            Fate::DieAfter,
        ];
        let is_transaction = host == hosts::TABLE && operation == "TransactWriteItems";
        let fate = match dice.pick(&fates).copied().unwrap_or(Fate::Well) {
            Fate::Conflicts if !is_transaction => Fate::Throttled,
            Fate::ReadsHalf if operation != "BatchGetItem" => Fate::Breaks,
            // Only a transaction is safe to arrive when nobody waits for it: it carries a token. Others may hang.
            Fate::Late(_) if !is_transaction && !may_hang(host) => Fate::Breaks,
            fate => fate,
        };
        self.happened.push(((task, number), fate));
        fate
    }
}

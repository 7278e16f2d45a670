//! An operator, who reads, disables, repairs and deletes accounts while their owners use them.

use serde_json::{Value, json};
use vestibule_simulator_kernel::{Dice, Failed, Outcome, Task};
use vestibule_simulator_release::OPERATOR;

use crate::memory::Memory;
use crate::person::Person;
use crate::processes::Processes;

/// The number of the operator's request among the tasks of a round.
pub const ERRAND: u32 = 9;

/// What an operator does, each as often as it is likely. Nothing of it says whose an email address is.
const OPERATIONS: &[&str] = &[
    "user.list",
    "user.show",
    "user.sessions",
    "user.history",
    "user.end_sessions",
    "user.end_sessions",
    "user.disable",
    "user.enable",
    "user.enable",
    "user.enable",
    "user.mfa_reset",
    "user.password",
    "user.email",
    "user.set",
    "user.send",
    "user.unlock",
    "user.delete",
];

/// A request of an operator that is under way.
pub struct Errand {
    account: String,
    operation: &'static str,
    arguments: Value,
    outcome: Option<Outcome<Result<Value, Failed>>>,
}

impl Errand {
    /// Invites an email address, or revokes that.
    pub fn invitation(people: &[Person], dice: &mut Dice) -> Self {
        let operation = if dice.one_in(6) { "invite.revoke" } else { "invite.add" };
        let who = dice.below(people.len());
        let arguments = json!({"email": people[who].mailboxes[usize::from(dice.one_in(4))]});
        Self { account: String::new(), operation, arguments, outcome: None }
    }

    /// Draws one, for one of these accounts.
    pub fn draw(accounts: &[String], people: &[Person], dice: &mut Dice) -> Option<Self> {
        let account = dice.pick(accounts)?.clone();
        let operation = dice.pick(OPERATIONS)?;
        let mut arguments = json!({"id": account});
        match *operation {
            "user.list" => arguments = json!({}),
            "user.password" => arguments["clear"] = true.into(),
            "user.set" => arguments["fields"] = json!({"nickname": "a nickname"}),
            "user.send" => arguments["mail"] = "password_reset".into(),
            "user.email" => {
                let who = dice.below(people.len());
                arguments["action"] = "remove".into();
                arguments["email"] = people[who].mailboxes[dice.below(2)].clone().into();
            }
            _ => {}
        }
        Some(Self { account, operation, arguments, outcome: None })
    }

    /// The task that carries it out.
    pub fn task(&mut self, round: u32, processes: &mut Processes) -> Task {
        let event = json!({"operation": self.operation, "arguments": self.arguments});
        let handled = processes.get((OPERATOR, 0)).handle(event);
        let (task, outcome) = Task::new((round, ERRAND), handled);
        self.outcome = Some(outcome);
        task
    }

    /// What came of it, for the trace, and what it promises. `is_calm`: nothing went wrong in this round.
    pub fn settle(self, memory: &mut Memory, round: u32, is_calm: bool) -> String {
        let told = format!("{round} operator {} {}", self.operation, self.arguments);
        let outcome = self.outcome.and_then(|outcome| outcome.take());
        match outcome {
            None => format!("{told}: no answer"),
            Some(Err(Failed { is_outage, why })) => {
                assert!(!is_outage || !is_calm, "nothing went wrong, and yet {told} fails: {why}");
                format!("{told}: {why}")
            }
            Some(Ok(_)) => {
                match self.operation {
                    "user.end_sessions" | "user.disable" | "user.delete" => {
                        memory.end_all(&self.account, "an operator ended it", round);
                    }
                    "user.unlock" => memory.forgive_all(),
                    _ => {}
                }
                format!("{told}: done")
            }
        }
    }
}

//! A run to repeat: a seed, and what is left out of its run.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use vestibule_simulator_kernel::{FaultId, TaskId};

/// A run, as one line of text: `17 without 3.0 12.1 unharmed 5.0.2`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// The seed.
    pub seed: u64,
    /// The requests that are not sent, by round and number.
    pub without_tasks: BTreeSet<TaskId>,
    /// The calls that go well though the seed has a fault for them.
    pub without_faults: BTreeSet<FaultId>,
}

impl Case {
    /// The whole run of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seed)?;
        if !self.without_tasks.is_empty() {
            f.write_str(" without")?;
        }
        for (round, part) in &self.without_tasks {
            write!(f, " {round}.{part}")?;
        }
        if !self.without_faults.is_empty() {
            f.write_str(" unharmed")?;
        }
        for ((round, part), call) in &self.without_faults {
            write!(f, " {round}.{part}.{call}")?;
        }
        Ok(())
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |word: &str| format!("{word:?} is no part of a case, such as: 17 without 3.0 unharmed 5.0.2");
        let mut words = text.split_whitespace();
        let seed = words.next().unwrap_or_default();
        let mut case = Self::new(seed.parse().map_err(|_| wrong(seed))?);
        let mut is_fault = false;
        for word in words {
            if word == "without" || word == "unharmed" {
                is_fault = word == "unharmed";
                continue;
            }
            let numbers: Result<Vec<u32>, _> = word.split('.').map(str::parse).collect();
            match numbers.map_err(|_| wrong(word))?.as_slice() {
                [round, part] if !is_fault => case.without_tasks.insert((*round, *part)),
                [round, part, call] if is_fault => case.without_faults.insert(((*round, *part), *call)),
                _ => return Err(wrong(word)),
            };
        }
        Ok(case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_back() {
        for text in ["17", "17 without 3.0 12.1", "17 unharmed 5.0.2", "17 without 3.0 unharmed 5.0.2 6.1.0"]
        {
            assert_eq!(text.parse::<Case>().unwrap().to_string(), text);
        }
        for wrong in ["", "x", "17 without 3", "17 3.0.1", "17 unharmed 3.0"] {
            assert!(wrong.parse::<Case>().is_err(), "{wrong}");
        }
    }
}

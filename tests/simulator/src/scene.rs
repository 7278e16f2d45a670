//! What is known when a request is chosen.

use std::collections::BTreeSet;

use vestibule_tests::Mail;

use crate::habits::Habits;
use crate::person::Person;
use crate::settings::Demands;

/// What is known when a request is chosen.
#[derive(Clone, Copy)]
pub struct Scene<'w> {
    /// Everybody.
    pub people: &'w [Person],
    /// All mails that came.
    pub mails: &'w [Mail],
    /// The email addresses that others than their owner have entered.
    pub meddled: &'w BTreeSet<String>,
    /// What people of this seed do.
    pub habits: &'w Habits,
    /// The round.
    pub round: u32,
    /// The time, in seconds since 1970.
    pub seconds: u64,
    /// Whether there is a provider to log in with.
    pub has_provider: bool,
    /// What the site asks for besides.
    pub demands: Demands,
}

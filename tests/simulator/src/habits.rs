//! What people do and leave out, by the seed.

use std::collections::BTreeMap;
use vestibule_simulator_kernel::Dice;

use crate::steps::Step;

/// What people do. Each seed leaves out about half, so that they get further with the rest, and prefers some of that.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How much likelier than usual a step is; 1 where none is named.
    weights: BTreeMap<Step, usize>,
    /// One sign-up in so many is with anybody's email address; none with 0.
    pub strangers: usize,
    /// Whether the site asks for phone numbers.
    pub has_phones: bool,
}

impl Habits {
    /// Those of a seed.
    pub fn new(seed: u64, has_phones: bool, by_key: bool) -> Self {
        let mut dice = Dice::new(seed, "habits", &[]);
        let mut weights = BTreeMap::new();
        for steps in OPTIONAL {
            let weight = dice.pick(&[0, 0, 1, 5]).copied().unwrap_or(1);
            weights.extend(steps.iter().map(|step| (*step, weight)));
        }
        if !has_phones {
            weights.extend(OF_PHONES.iter().map(|step| (*step, 0)));
        }
        if !by_key {
            weights.insert(Step::SignUpByKey, 0);
        }
        let strangers = dice.pick(&[0, 6, 2]).copied().unwrap_or_default();
        Self { weights, strangers, has_phones }
    }

    /// These steps, each as often as it is likely.
    pub fn weigh(&self, steps: &[Step]) -> Vec<Step> {
        let weight = |step: &Step| self.weights.get(step).copied().unwrap_or(1);
        steps.iter().flat_map(|step| std::iter::repeat_n(*step, weight(step))).collect()
    }
}

/// What there is only where the site asks for phone numbers.
const OF_PHONES: &[Step] =
    &[Step::VerifyPhone, Step::ResendPhoneVerification, Step::ShowPhone, Step::ChangePhone];

/// What people may leave out.
const OPTIONAL: &[&[Step]] = &[
    &[Step::ShowTotp],
    &[Step::ShowKeyOptions],
    &[Step::AddEmail, Step::RemoveEmail, Step::SetPrimary, Step::RequestVerification, Step::ListEmails],
    &[Step::DeleteAccount],
    &[Step::RequestLoginCode],
    &[Step::RequestReset],
    &[Step::ChangePassword],
    &[Step::ListSessions, Step::EndSessions, Step::LogOut],
    &[Step::ExportAccount, Step::ShowHistory],
    &[Step::ShowProfile, Step::ChangeProfile],
    &[Step::ShowPhone, Step::ChangePhone],
    &[Step::SignUpByKey],
    &[Step::ShowRecoveryCodes, Step::GenerateRecoveryCodes],
    &[Step::RequestReauthenticationCode],
    &[Step::AskGuard],
    &[Step::LogInByProvider],
    &[Step::GoToProvider],
    &[Step::Disconnect, Step::ListProviders],
];

//! What a client does next, as far as it has come.

use vestibule_simulator_kernel::Dice;
use vestibule_tests::Kind;

use crate::person::{Actor, Person};
use crate::scene::Scene;
use crate::steps::{Intent, Step};
use crate::wording::{RESET, Wording};

/// For how many rounds anybody waits for a mail.
const PATIENCE: u32 = 4;

/// Whether a client waits for a mail with a code.
pub fn waits(scene: Scene<'_>, actor: &Actor) -> bool {
    let waits = needs_mail(actor) || actor.due.contains(&Step::VerifyEmail);
    let is_patient = scene.round <= actor.entered + PATIENCE;
    waits && is_patient && !has_come(scene, actor) && scene.people[actor.person].owns(&actor.email)
}

/// Whether a flow is pending that goes on with a mail.
fn needs_mail(actor: &Actor) -> bool {
    let without = ["mfa_authenticate", "mfa_trust", "mfa_signup_webauthn", "verify_phone", "provider_signup"];
    actor.pending.iter().any(|flow| !without.contains(&flow.as_str()))
}

/// Whether a mail has come since it was asked for.
fn has_come(scene: Scene<'_>, actor: &Actor) -> bool {
    Person::count(scene.mails, &actor.email) > actor.mails_before
}

/// Whether a step can do anything, as far as is known.
fn is_of_use(step: Step, scene: Scene<'_>, actor: &Actor) -> bool {
    let person = &scene.people[actor.person];
    match step {
        Step::EndSessions => !actor.listed.is_empty(),
        Step::RemoveEmail | Step::SetPrimary => actor.emails.iter().any(|(_, is_primary)| !is_primary),
        Step::AddEmail => actor.emails.len() < 2,
        Step::DeactivateTotp | Step::ReauthenticateByTotp => {
            actor.account.as_ref().is_some_and(|account| person.apps.contains_key(account))
        }
        Step::RemoveKeys | Step::RenameKey => !person.keys.is_empty(),
        Step::VerifyEmail | Step::ReadVerification | Step::ConfirmReauthenticationCode => {
            has_come(scene, actor)
        }
        Step::ReadReset => has_reset_link(scene, person),
        _ => true,
    }
}

/// Chooses what a client does next.
pub fn choose(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    if waits(scene, actor) && !dice.one_in(8) {
        return Wording { scene, number, actor, dice }.of(Step::GetSession);
    }
    let possible = possible(scene, actor, dice);
    let step = dice.pick(&possible).copied().unwrap_or(Step::GetSession);
    Wording { scene, number, actor, dice }.of(step)
}

/// What ends something, chosen for a client that is logged in, while another of the same person is at work.
pub fn choose_end(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    let mut ends = scene.habits.weigh(ENDS);
    ends.retain(|step| is_of_use(*step, scene, actor));
    let step = dice.pick(&ends).copied().unwrap_or(Step::Reauthenticate);
    Wording { scene, number, actor, dice }.of(step)
}

/// Chooses what a client does meanwhile: it logs in, if it can.
pub fn choose_beginning(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    if !actor.refresh_tokens.is_empty() && dice.one_in(2) {
        return Wording { scene, number, actor, dice }.of(Step::RefreshTokens);
    }
    let can_log_in = actor.account.is_none() && actor.pending.is_empty();
    if can_log_in && possible(scene, actor, dice).contains(&Step::LogIn) {
        return Wording { scene, number, actor, dice }.of(Step::LogIn);
    }
    choose(scene, number, actor, dice)
}

/// What a client may do, each as often as it is likely.
fn possible(scene: Scene<'_>, actor: &Actor, dice: &mut Dice) -> Vec<Step> {
    let person = &scene.people[actor.person];
    if actor.client.kind == Kind::Browser && actor.client.cookie("csrftoken").is_none() {
        return vec![Step::GetConfig];
    }
    if actor.unsure {
        return vec![Step::GetSession];
    }
    let mut flows: Vec<Step> = actor.pending.iter().filter_map(|flow| goes_on(flow)).collect();
    if flows.contains(&Step::Authenticate) && !person.keys.is_empty() {
        let is_due = actor.due.contains(&Step::AuthenticateByKey);
        let has_codes = !person.apps.is_empty() || !person.recovery_codes.is_empty();
        flows.retain(|step| *step != Step::Authenticate || has_codes || dice.one_in(6));
        flows.push(if is_due { Step::AuthenticateByKey } else { Step::ShowKeyChallenge });
    }
    if flows.contains(&Step::ShowKeySignUp) && actor.due.contains(&Step::CompleteKeySignUp) {
        flows = vec![Step::CompleteKeySignUp];
    }
    if scene.demands.extras && dice.one_in(6) {
        flows.extend(actor.pending.iter().filter_map(|flow| turns_aside(flow)));
    }
    // Whoever got no mail gives up sooner: perhaps there is no such account.
    let odds = if needs_mail(actor) && !has_come(scene, actor) { 2 } else { 6 };
    if !flows.is_empty() && !dice.one_in(odds) {
        return flows;
    }
    if actor.due.contains(&Step::Reauthenticate) && actor.account.is_some() && !dice.one_in(4) {
        return vec![Step::Reauthenticate];
    }
    let due: Vec<Step> = actor.due.iter().filter(|step| is_of_use(**step, scene, actor)).copied().collect();
    if !due.is_empty() && !dice.one_in(3) {
        return due;
    }
    let mut steps = vec![Step::GetSession];
    steps.extend(if actor.pending.is_empty() { &[][..] } else { &[Step::ResendVerification, Step::LogOut] });
    steps.extend(match (&actor.account, person.keys.is_empty()) {
        (_, true) => &[][..],
        (Some(_), _) => &[Step::RemoveKeys, Step::ShowKeyReauthentication],
        (None, _) => &[Step::ShowKeyLogin, Step::ShowKeyLogin, Step::ShowKeyLogin],
    });
    steps.extend(match (&actor.account, person.has_account()) {
        (Some(_), _) => LOGGED_IN,
        (None, false) if !dice.one_in(6) => return scene.habits.weigh(&[Step::SignUp, Step::SignUpByKey]),
        (None, false) => STRANGER,
        (None, true) => KNOWN,
    });
    if actor.account.as_ref().is_some_and(|account| !person.apps.contains_key(account)) {
        steps.extend([Step::ShowTotp; 5]);
    }
    if scene.has_provider {
        steps.extend(with_provider(actor));
    }
    if scene.demands.extras {
        steps.extend(if actor.account.is_some() { EXTRAS } else { &[Step::ReadReset] });
    }
    steps.extend(if actor.refresh_tokens.is_empty() { &[][..] } else { WITH_TOKENS });
    let mut steps = scene.habits.weigh(&steps);
    steps.retain(|step| is_of_use(*step, scene, actor) || dice.one_in(12));
    if has_reset_link(scene, person) {
        steps.extend([Step::ResetPassword; 2]);
    }
    steps
}

fn has_reset_link(scene: Scene<'_>, person: &Person) -> bool {
    let has_link = |mailbox: &String| Person::mails(scene.mails, mailbox).any(|it| it.text.contains(RESET));
    person.mailboxes.iter().any(has_link)
}

/// What continues a pending flow.
fn goes_on(flow: &str) -> Option<Step> {
    match flow {
        "verify_email" => Some(Step::VerifyEmail),
        "login_by_code" => Some(Step::ConfirmLoginCode),
        "password_reset_by_code" => Some(Step::ResetPassword),
        "verify_phone" => Some(Step::VerifyPhone),
        "mfa_authenticate" => Some(Step::Authenticate),
        "mfa_signup_webauthn" => Some(Step::ShowKeySignUp),
        "provider_signup" => Some(Step::SignUpByProvider),
        "mfa_trust" => Some(Step::TrustBrowser),
        _ => None,
    }
}

/// What else can be asked for while a flow is pending.
fn turns_aside(flow: &str) -> Option<Step> {
    match flow {
        "verify_email" => Some(Step::ReadVerification),
        "login_by_code" => Some(Step::ResendLoginCode),
        "password_reset_by_code" => Some(Step::ReadReset),
        _ => None,
    }
}

/// Who has no account yet does this now and then.
const STRANGER: &[Step] = &[Step::RequestLoginCode, Step::RequestReset];

/// Who has one.
const KNOWN: &[Step] = &[
    Step::SignUp,
    Step::SignUpByKey,
    Step::LogIn,
    Step::LogIn,
    Step::LogIn,
    Step::LogIn,
    Step::RequestLoginCode,
    Step::RequestLoginCode,
    Step::RequestReset,
    Step::RequestReset,
];

const LOGGED_IN: &[Step] = &[
    Step::LogOut,
    Step::ListSessions,
    Step::ListSessions,
    Step::EndSessions,
    Step::EndSessions,
    Step::ChangePassword,
    Step::ChangePassword,
    Step::ListEmails,
    Step::AddEmail,
    Step::AddEmail,
    Step::AddEmail,
    Step::RequestVerification,
    Step::SetPrimary,
    Step::RemoveEmail,
    Step::DeactivateTotp,
    Step::ShowKeyOptions,
    Step::ShowKeyOptions,
    Step::ShowRecoveryCodes,
    Step::GenerateRecoveryCodes,
    Step::Reauthenticate,
    Step::Reauthenticate,
    Step::ReauthenticateByTotp,
    Step::RequestReauthenticationCode,
    Step::ExportAccount,
    Step::ShowHistory,
    Step::ShowPhone,
    Step::ChangePhone,
    Step::ChangePhone,
    Step::ShowProfile,
    Step::ChangeProfile,
    Step::DeleteAccount,
    Step::LogIn,
    Step::AskGuard,
];

/// What few clients ask for.
const EXTRAS: &[Step] = &[
    Step::ListAuthenticators,
    Step::RenameKey,
    Step::ResendReauthenticationCode,
    Step::ReadVerification,
    Step::ReadReset,
];

/// What is done by a provider.
fn with_provider(actor: &Actor) -> Vec<Step> {
    let mut steps = vec![Step::LogInByProvider; 2];
    if actor.client.kind == Kind::Browser {
        steps.extend([Step::GoToProvider; 2]);
        steps.extend(actor.departure.is_some().then_some(Step::ComeBack));
    }
    if actor.account.is_some() {
        steps.extend([Step::ListProviders, Step::Disconnect, Step::Disconnect]);
    }
    if actor.pending.iter().any(|flow| flow == "provider_signup") {
        steps.push(Step::ShowProviderSignup);
    }
    steps
}

/// Who was given access and refresh tokens, now or earlier.
const WITH_TOKENS: &[Step] = &[
    Step::RefreshTokens,
    Step::RefreshTokens,
    Step::RefreshTokens,
    Step::GetSessionByToken,
    Step::GetSessionByToken,
    Step::AskGuard,
    Step::GetKeys,
];

/// What takes away from sessions or accounts.
const ENDS: &[Step] = &[
    Step::DeleteAccount,
    Step::ChangePassword,
    Step::ChangePassword,
    Step::RemoveEmail,
    Step::RemoveEmail,
    Step::EndSessions,
    Step::DeactivateTotp,
    Step::RemoveKeys,
    Step::ChangePhone,
    Step::LogOut,
    Step::Disconnect,
];

//! What a client may do next, as far as it has come: right, wrong, and once more.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use vestibule_tests::{Kind, Mail};

use crate::dice::Dice;
use crate::keys::Key;
use crate::person::{Actor, Person, code};

/// How long an authenticator app shows a code, in seconds.
const PERIOD: u64 = 30;

/// What is in a link that verifies an email address.
const VERIFY: &str = "/verify-email/";
/// What is in a link that resets a password.
const RESET: &str = "/reset/key/";

/// One request, and what its sender knows of it.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The client that sends it.
    pub actor: usize,
    /// What it is for.
    pub step: Step,
    /// What can succeed only once.
    pub proof: Option<String>,
    /// The password that it sets.
    pub new_password: Option<String>,
    /// The email address that it names.
    pub email: Option<String>,
    /// The mailbox that got the code which it gives.
    pub mailbox: Option<String>,
    /// The key that it registers.
    pub key: Option<Key>,
    /// What it sends.
    pub body: Value,
}

impl Intent {
    /// What needs nothing but who asks.
    pub const fn new(actor: usize, step: Step) -> Self {
        Self {
            actor,
            step,
            proof: None,
            new_password: None,
            email: None,
            mailbox: None,
            key: None,
            body: Value::Null,
        }
    }
}

macro_rules! steps {
    ($($step:ident = $method:ident $path:literal;)*) => {
        /// What a request is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Step { $($step,)* }

        impl Step {
            /// Its method and path.
            pub fn target(self) -> (Method, &'static str) {
                match self { $(Self::$step => (Method::$method, $path),)* }
            }
        }
    };
}

steps! {
    GetConfig = GET "config";
    GetSession = GET "auth/session";
    SignUp = POST "auth/signup";
    VerifyEmail = POST "auth/email/verify";
    ResendVerification = POST "auth/email/verify/resend";
    LogIn = POST "auth/login";
    RequestLoginCode = POST "auth/code/request";
    ConfirmLoginCode = POST "auth/code/confirm";
    RequestReset = POST "auth/password/request";
    ResetPassword = POST "auth/password/reset";
    Authenticate = POST "auth/2fa/authenticate";
    LogOut = DELETE "auth/session";
    ListSessions = GET "auth/sessions";
    EndSessions = DELETE "auth/sessions";
    ChangePassword = POST "account/password/change";
    ListEmails = GET "account/email";
    AddEmail = POST "account/email";
    RequestVerification = PUT "account/email";
    SetPrimary = PATCH "account/email";
    RemoveEmail = DELETE "account/email";
    ShowTotp = GET "account/authenticators/totp";
    ActivateTotp = POST "account/authenticators/totp";
    DeactivateTotp = DELETE "account/authenticators/totp";
    ShowKeyOptions = GET "account/authenticators/webauthn?passwordless";
    AddKey = POST "account/authenticators/webauthn";
    RemoveKeys = DELETE "account/authenticators/webauthn";
    ShowKeyLogin = GET "auth/webauthn/login";
    LogInByKey = POST "auth/webauthn/login";
    ShowKeyChallenge = GET "auth/webauthn/authenticate";
    AuthenticateByKey = POST "auth/webauthn/authenticate";
    ShowKeyReauthentication = GET "auth/webauthn/reauthenticate";
    ReauthenticateByKey = POST "auth/webauthn/reauthenticate";
    ShowRecoveryCodes = GET "account/authenticators/recovery-codes";
    GenerateRecoveryCodes = POST "account/authenticators/recovery-codes";
    Reauthenticate = POST "auth/reauthenticate";
    ReauthenticateByTotp = POST "auth/2fa/reauthenticate";
    RequestReauthenticationCode = POST "auth/reauthenticate/code/request";
    ConfirmReauthenticationCode = POST "auth/reauthenticate/code/confirm";
    ExportAccount = GET "account/export";
    ShowHistory = GET "account/history";
    DeleteAccount = DELETE "account";
}

impl Step {
    /// What uses the challenge that this asks for.
    pub const fn answer(self) -> Option<Self> {
        match self {
            Self::ShowKeyOptions => Some(Self::AddKey),
            Self::ShowKeyLogin => Some(Self::LogInByKey),
            Self::ShowKeyChallenge => Some(Self::AuthenticateByKey),
            Self::ShowKeyReauthentication => Some(Self::ReauthenticateByKey),
            _ => None,
        }
    }
}

impl Intent {
    /// Its body for the trace: no seed repeats the signature of a key.
    pub fn told(&self) -> String {
        let mut body = self.body.clone();
        if let Some(credential) = body.get_mut("credential") {
            *credential = credential["id"].take();
        }
        body.to_string()
    }
}

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
    /// The time, in seconds since 1970.
    pub seconds: u64,
}

/// What people do. Each seed leaves out about half, so that they get further with the rest.
#[derive(Clone, Debug)]
pub struct Habits {
    left_out: BTreeSet<Step>,
    /// One sign-up in so many is with anybody's email address; none with 0.
    strangers: usize,
}

impl Habits {
    /// Those of a seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "habits", &[]);
        let left_out = OPTIONAL.iter().filter(|_| dice.one_in(2)).copied().flatten().copied().collect();
        let strangers = dice.pick(&[0, 6, 2]).copied().unwrap_or_default();
        Self { left_out, strangers }
    }

    fn keep(&self, steps: &mut Vec<Step>) {
        steps.retain(|step| !self.left_out.contains(step));
    }
}

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
    &[Step::ShowRecoveryCodes, Step::GenerateRecoveryCodes],
    &[Step::RequestReauthenticationCode],
];

/// Whether a client waits for a mail with a code.
pub fn waits(scene: Scene<'_>, actor: &Actor) -> bool {
    let by_code = |flow: &String| flow != "mfa_authenticate";
    let waits = actor.pending.iter().any(by_code) || actor.due.contains(&Step::VerifyEmail);
    let has_come = Person::count(scene.mails, &actor.email) > actor.mails_before;
    waits && !has_come && scene.people[actor.person].owns(&actor.email)
}

/// Chooses what a client does next.
pub fn choose(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    if waits(scene, actor) && !dice.one_in(4) {
        return Choice { scene, number, actor, dice }.of(Step::GetSession);
    }
    let possible = possible(scene, actor, dice);
    let step = dice.pick(&possible).copied().unwrap_or(Step::GetSession);
    Choice { scene, number, actor, dice }.of(step)
}

/// What ends something, chosen for a client that is logged in, while another of the same person is at work.
pub fn choose_end(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    let mut ends = ENDS.to_vec();
    scene.habits.keep(&mut ends);
    let step = dice.pick(&ends).copied().unwrap_or(Step::DeactivateTotp);
    Choice { scene, number, actor, dice }.of(step)
}

/// Chooses what a client does meanwhile: it logs in, if it can.
pub fn choose_beginning(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    let can_log_in = actor.account.is_none() && actor.pending.is_empty();
    if can_log_in && possible(scene, actor, dice).contains(&Step::LogIn) {
        return Choice { scene, number, actor, dice }.of(Step::LogIn);
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
        flows.push(if is_due { Step::AuthenticateByKey } else { Step::ShowKeyChallenge });
    }
    if !flows.is_empty() && !dice.one_in(6) {
        return flows;
    }
    if actor.due.contains(&Step::Reauthenticate) && actor.account.is_some() && !dice.one_in(4) {
        return vec![Step::Reauthenticate];
    }
    let mut steps = vec![Step::GetSession];
    steps.extend(if actor.pending.is_empty() { &[][..] } else { &[Step::ResendVerification, Step::LogOut] });
    steps.extend(actor.due.iter().flat_map(|step| [*step; 16]));
    steps.extend(match (&actor.account, person.keys.is_empty()) {
        (_, true) => &[][..],
        (Some(_), _) => &[Step::RemoveKeys, Step::ShowKeyReauthentication],
        (None, _) => &[Step::ShowKeyLogin, Step::ShowKeyLogin, Step::ShowKeyLogin],
    });
    steps.extend(match (&actor.account, person.passwords.is_empty()) {
        (Some(_), _) => LOGGED_IN,
        (None, true) => STRANGER,
        (None, false) => KNOWN,
    });
    if actor.account.as_ref().is_some_and(|account| !person.apps.contains_key(account)) {
        steps.extend([Step::ShowTotp; 5]);
    }
    scene.habits.keep(&mut steps);
    let has_link = |mailbox: &String| Person::mails(scene.mails, mailbox).any(|it| it.text.contains(RESET));
    if person.mailboxes.iter().any(has_link) {
        steps.extend([Step::ResetPassword; 2]);
    }
    steps
}

/// What continues a pending flow.
fn goes_on(flow: &str) -> Option<Step> {
    match flow {
        "verify_email" => Some(Step::VerifyEmail),
        "login_by_code" => Some(Step::ConfirmLoginCode),
        "password_reset_by_code" => Some(Step::ResetPassword),
        "mfa_authenticate" => Some(Step::Authenticate),
        _ => None,
    }
}

/// Who has no password yet.
const STRANGER: &[Step] = &[
    Step::SignUp,
    Step::SignUp,
    Step::SignUp,
    Step::SignUp,
    Step::SignUp,
    Step::SignUp,
    Step::RequestLoginCode,
    Step::RequestReset,
];

/// Who has one.
const KNOWN: &[Step] = &[
    Step::SignUp,
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
    Step::DeleteAccount,
    Step::LogIn,
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
    Step::LogOut,
];

struct Choice<'w, 'd> {
    scene: Scene<'w>,
    number: usize,
    actor: &'w Actor,
    dice: &'d mut Dice,
}

impl Choice<'_, '_> {
    fn of(mut self, step: Step) -> Intent {
        let mut intent = Intent::new(self.number, step);
        match step {
            Step::SignUp => {
                // Whoever signs up first with somebody else's email address prepares an account for them.
                let strangers = self.scene.habits.strangers;
                let is_strange = strangers > 0 && self.dice.one_in(strangers);
                let email = if is_strange { self.anybodys_email() } else { self.email() };
                let password = self.new_password();
                intent.body = json!({"email": email, "password": password});
                (intent.email, intent.new_password) = (Some(email), Some(password));
            }
            Step::LogIn => {
                let (email, password) = (self.email(), self.old_password());
                intent.body = json!({"email": email, "password": password});
                intent.email = Some(email);
            }
            Step::AddEmail if !self.dice.one_in(4) => {
                let email = self.person().mailboxes[1].clone();
                intent.body = json!({"email": email});
                intent.email = Some(email);
            }
            Step::RemoveEmail if !self.dice.one_in(4) => {
                let which = self.dice.below(2);
                let email = self.person().mailboxes[which].clone();
                intent.body = json!({"email": email});
                intent.email = Some(email);
            }
            Step::RequestLoginCode
            | Step::RequestReset
            | Step::AddEmail
            | Step::RemoveEmail
            | Step::RequestReauthenticationCode
            | Step::RequestVerification => {
                let email = self.email();
                intent.body = json!({"email": email});
                intent.email = Some(email);
            }
            Step::SetPrimary => intent.body = json!({"email": self.email(), "primary": true}),
            Step::VerifyEmail => {
                let mailbox = self.actor.email.clone();
                let key = if self.has_links(&mailbox) { self.link(&mailbox) } else { self.code() };
                intent.body = json!({"key": key});
                intent.proof = Some(format!("key {key}"));
            }
            Step::ConfirmLoginCode | Step::ConfirmReauthenticationCode => {
                let code = self.code();
                intent.body = json!({"code": code});
                intent.proof = Some(format!("code {code}"));
                intent.mailbox = Some(self.actor.email.clone());
            }
            Step::ResetPassword => {
                let by_code = self.actor.pending.iter().any(|flow| flow == "password_reset_by_code");
                let key = if by_code { self.code() } else { self.key() };
                let password = self.new_password();
                intent.body = json!({"key": key, "password": password});
                intent.proof = Some(format!("key {key}"));
                intent.new_password = Some(password);
            }
            Step::Authenticate | Step::ReauthenticateByTotp | Step::ActivateTotp => {
                let code = self.factor(step == Step::ActivateTotp);
                intent.body = json!({"code": code});
                intent.proof = (step != Step::ActivateTotp).then(|| format!("factor {code}"));
            }
            Step::AddKey
            | Step::LogInByKey
            | Step::AuthenticateByKey
            | Step::ReauthenticateByKey
            | Step::RemoveKeys => self.by_key(&mut intent),
            Step::ChangePassword => {
                let (current, new) = (self.old_password(), self.new_password());
                intent.body = json!({"current_password": current, "new_password": new});
                intent.new_password = Some(new);
            }
            Step::Reauthenticate => intent.body = json!({"password": self.old_password()}),
            Step::EndSessions => {
                let sessions: Vec<i64> = self.actor.listed.iter().copied().take(2).collect();
                intent.body = json!({"sessions": if sessions.is_empty() { vec![4711] } else { sessions }});
            }
            _ => {}
        }
        intent
    }

    /// What a key is for: the challenge is the latest one that was asked for.
    fn by_key(&mut self, intent: &mut Intent) {
        let person = &self.scene.people[self.actor.person];
        if intent.step == Step::RemoveKeys {
            let numbers: Vec<i64> = person.keys.iter().map(|(number, _)| *number).collect();
            let number = self.dice.pick(&numbers).copied().unwrap_or(4711);
            intent.body = json!({"authenticators": [number]});
            return;
        }
        let Some((_, options)) = self.actor.options.as_ref().filter(|(answer, _)| *answer == intent.step)
        else {
            intent.body = json!({"credential": {}});
            return;
        };
        let challenge = options["publicKey"]["challenge"].as_str().unwrap_or_default();
        intent.proof = Some(format!("challenge {challenge}"));
        if intent.step == Step::AddKey {
            let mut id = vec![0; 16];
            self.dice.fill(&mut id);
            let (key, credential) = Key::create(id, options);
            intent.body = json!({"name": "Key", "credential": credential});
            intent.key = Some(key);
        } else if let Some((_, key)) = self.dice.pick(&person.keys) {
            // Time goes on, and so does the count.
            let count = u32::try_from(self.scene.seconds % 1_000_000_000).unwrap_or_default();
            intent.body = json!({"credential": key.sign(options, count)});
        }
    }

    fn person(&self) -> &Person {
        &self.scene.people[self.actor.person]
    }

    /// An email address: mostly one's own, and mostly the first.
    fn email(&mut self) -> String {
        if self.dice.one_in(6) {
            return self.anybodys_email();
        }
        let which = usize::from(self.dice.one_in(4));
        self.person().mailboxes[which].clone()
    }

    fn anybodys_email(&mut self) -> String {
        let who = self.dice.below(self.scene.people.len());
        let which = usize::from(self.dice.one_in(4));
        self.scene.people[who].mailboxes[which].clone()
    }

    fn new_password(&mut self) -> String {
        format!("horse-battery-{:016x}", self.dice.next())
    }

    fn old_password(&mut self) -> String {
        let known = &self.scene.people[self.actor.person].passwords;
        match self.dice.below(8) {
            0 => Some("a-wrong-password".to_owned()),
            1 => self.dice.pick(known).cloned(),
            _ => known.last().cloned(),
        }
        .unwrap_or_else(|| "no-password-yet".to_owned())
    }

    /// A code out of one's mail: mostly the latest one for the email address that was entered.
    fn code(&mut self) -> String {
        let guess = "WRNG-CODE".to_owned();
        let mailbox = &self.actor.email;
        if !self.person().owns(mailbox) || self.dice.one_in(12) {
            return guess;
        }
        let codes: Vec<String> = Person::mails(self.scene.mails, mailbox).filter_map(code).take(4).collect();
        let first = codes.first().cloned();
        let chosen = if self.dice.one_in(6) { self.dice.pick(&codes).cloned() } else { first };
        chosen.unwrap_or(guess)
    }

    /// Whether mails that verify an email address have links: then the account may be a stranger's, and whoever follows
    /// the link gives it their email address, as in the contract. So nobody here does when others have entered it.
    fn has_links(&self, mailbox: &str) -> bool {
        !self.scene.meddled.contains(mailbox)
            && Person::mails(self.scene.mails, mailbox).any(|mail| mail.text.contains(VERIFY))
    }

    fn link(&mut self, mailbox: &str) -> String {
        self.key_of(mailbox, VERIFY)
    }

    /// The key of a link that resets a password, out of one's mail.
    fn key(&mut self) -> String {
        let which = usize::from(self.dice.one_in(3));
        let mailbox = self.person().mailboxes[which].clone();
        self.key_of(&mailbox, RESET)
    }

    fn key_of(&mut self, mailbox: &str, link: &str) -> String {
        if !self.person().owns(mailbox) {
            return "1-wrong".to_owned();
        }
        let mails = Person::mails(self.scene.mails, mailbox);
        let keys: Vec<String> =
            mails.filter(|mail| mail.text.contains(link)).map(Mail::key).take(4).collect();
        let first = keys.first().cloned();
        let chosen = if self.dice.one_in(4) { self.dice.pick(&keys).cloned() } else { first };
        chosen.unwrap_or_else(|| "1-wrong".to_owned())
    }

    /// A code of the authenticator app, or a recovery code.
    fn factor(&mut self, of_setup: bool) -> String {
        let seconds = self.scene.seconds;
        let person = &self.scene.people[self.actor.person];
        let shows = |(app, at): &(vestibule_tests::AuthenticatorApp, u64)| {
            let periods = i64::try_from(seconds / PERIOD).unwrap_or_default();
            app.code(periods - i64::try_from(at / PERIOD).unwrap_or_default())
        };
        if of_setup && let Some(setup) = &self.actor.setup {
            return shows(setup);
        }
        let codes: Vec<&String> = person.recovery_codes.values().flatten().collect();
        match self.dice.below(8) {
            0 => Some("000000".to_owned()),
            1..=3 => self.dice.pick(&codes).map(|code| (*code).clone()),
            _ => person.apps.values().last().map(shows),
        }
        .unwrap_or_else(|| "123456".to_owned())
    }
}

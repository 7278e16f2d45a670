//! What a client may do next, as far as it has come: right, wrong, and once more.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};
use vestibule_tests::{Kind, Mail};

use crate::dice::Dice;
use crate::keys::Key;
use crate::person::{Actor, Person, code};
use crate::provider;

/// For how many rounds anybody waits for a mail.
const PATIENCE: u32 = 4;
/// How long an authenticator app shows a code, in seconds.
const PERIOD: u64 = 30;

/// Where a browser ends that was sent to a provider.
const CALLBACK: &str = "https://app.example/back";

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
    /// The email address, or else the phone number, that it names.
    pub email: Option<String>,
    /// The phone number that it names beside it.
    pub phone: Option<String>,
    /// The mailbox, or the phone number, that got the code or the link which it gives.
    pub mailbox: Option<String>,
    /// The key that it registers.
    pub key: Option<Key>,
    /// The access token that it shows in place of its session.
    pub bearer: Option<String>,
    /// The email address that a provider says to be verified.
    pub vouched: Option<String>,
    /// What it sends in the query.
    pub query: Option<String>,
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
            phone: None,
            mailbox: None,
            key: None,
            bearer: None,
            vouched: None,
            query: None,
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
    SignUpByKey = POST "auth/webauthn/signup";
    ShowKeySignUp = GET "auth/webauthn/signup";
    CompleteKeySignUp = PUT "auth/webauthn/signup";
    VerifyPhone = POST "auth/phone/verify";
    ResendPhoneVerification = POST "auth/phone/verify/resend";
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
    ShowPhone = GET "account/phone";
    ChangePhone = POST "account/phone";
    ShowProfile = GET "account/profile";
    ChangeProfile = PATCH "account/profile";
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
    RefreshTokens = POST "tokens/refresh";
    GetSessionByToken = GET "auth/session";
    AskGuard = GET "/orders";
    GetKeys = GET "/.well-known/jwks.json";
    LogInByProvider = POST "auth/provider/token";
    GoToProvider = POST "auth/provider/redirect";
    ComeBack = GET "/accounts/oidc/club/login/callback/";
    ShowProviderSignup = GET "auth/provider/signup";
    SignUpByProvider = POST "auth/provider/signup";
    ListProviders = GET "account/providers";
    Disconnect = DELETE "account/providers";
}

impl Step {
    /// What uses the challenge that this asks for.
    pub const fn answer(self) -> Option<Self> {
        match self {
            Self::ShowKeyOptions => Some(Self::AddKey),
            Self::ShowKeySignUp => Some(Self::CompleteKeySignUp),
            Self::ShowKeyLogin => Some(Self::LogInByKey),
            Self::ShowKeyChallenge => Some(Self::AuthenticateByKey),
            Self::ShowKeyReauthentication => Some(Self::ReauthenticateByKey),
            _ => None,
        }
    }
}

impl Intent {
    /// Whether it leaves its client as it is, whatever is answered.
    pub const fn is_aside(&self) -> bool {
        matches!(self.step, Step::GetSessionByToken | Step::AskGuard | Step::GetKeys)
    }

    /// Its body for the trace: no seed repeats the signature of a key.
    pub fn told(&self) -> String {
        let mut body = self.body.clone();
        if let Some(credential) = body.get_mut("credential") {
            *credential = credential["id"].take();
        }
        if let Some(token) = body.get_mut("token") {
            *token = json!(self.proof);
        }
        if let Some(token) = body.get_mut("refresh_token") {
            *token = json!(token.as_str().map(end_of));
        }
        if let Some(bearer) = &self.bearer {
            body = json!({"bearer": end_of(bearer)});
        }
        body.to_string()
    }
}

/// The end of a token, by which it is known in the trace.
fn end_of(token: &str) -> &str {
    token.get(token.len().saturating_sub(8)..).unwrap_or_default()
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
    /// The round.
    pub round: u32,
    /// The time, in seconds since 1970.
    pub seconds: u64,
    /// Whether there is a provider to log in with.
    pub has_provider: bool,
}

/// What people do. Each seed leaves out about half, so that they get further with the rest, and prefers some of that.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How much likelier than usual a step is; 1 where none is named.
    weights: BTreeMap<Step, usize>,
    /// One sign-up in so many is with anybody's email address; none with 0.
    strangers: usize,
    /// Whether the site asks for phone numbers.
    has_phones: bool,
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

    fn weigh(&self, steps: &[Step]) -> Vec<Step> {
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

/// Whether a client waits for a mail with a code.
pub fn waits(scene: Scene<'_>, actor: &Actor) -> bool {
    let waits = needs_mail(actor) || actor.due.contains(&Step::VerifyEmail);
    let is_patient = scene.round <= actor.entered + PATIENCE;
    waits && is_patient && !has_come(scene, actor) && scene.people[actor.person].owns(&actor.email)
}

/// Whether a flow is pending that goes on with a mail.
fn needs_mail(actor: &Actor) -> bool {
    let without = ["mfa_authenticate", "mfa_signup_webauthn", "verify_phone", "provider_signup"];
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
        Step::RemoveKeys => !person.keys.is_empty(),
        Step::VerifyEmail | Step::ConfirmReauthenticationCode => has_come(scene, actor),
        _ => true,
    }
}

/// Chooses what a client does next.
pub fn choose(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    if waits(scene, actor) && !dice.one_in(8) {
        return Choice { scene, number, actor, dice }.of(Step::GetSession);
    }
    let possible = possible(scene, actor, dice);
    let step = dice.pick(&possible).copied().unwrap_or(Step::GetSession);
    Choice { scene, number, actor, dice }.of(step)
}

/// What ends something, chosen for a client that is logged in, while another of the same person is at work.
pub fn choose_end(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    let mut ends = scene.habits.weigh(ENDS);
    ends.retain(|step| is_of_use(*step, scene, actor));
    let step = dice.pick(&ends).copied().unwrap_or(Step::Reauthenticate);
    Choice { scene, number, actor, dice }.of(step)
}

/// Chooses what a client does meanwhile: it logs in, if it can.
pub fn choose_beginning(scene: Scene<'_>, number: usize, actor: &Actor, dice: &mut Dice) -> Intent {
    if !actor.refresh_tokens.is_empty() && dice.one_in(2) {
        return Choice { scene, number, actor, dice }.of(Step::RefreshTokens);
    }
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
        let has_codes = !person.apps.is_empty() || !person.recovery_codes.is_empty();
        flows.retain(|step| *step != Step::Authenticate || has_codes || dice.one_in(6));
        flows.push(if is_due { Step::AuthenticateByKey } else { Step::ShowKeyChallenge });
    }
    if flows.contains(&Step::ShowKeySignUp) && actor.due.contains(&Step::CompleteKeySignUp) {
        flows = vec![Step::CompleteKeySignUp];
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
    steps.extend(if actor.refresh_tokens.is_empty() { &[][..] } else { WITH_TOKENS });
    let mut steps = scene.habits.weigh(&steps);
    steps.retain(|step| is_of_use(*step, scene, actor) || dice.one_in(12));
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
        "verify_phone" => Some(Step::VerifyPhone),
        "mfa_authenticate" => Some(Step::Authenticate),
        "mfa_signup_webauthn" => Some(Step::ShowKeySignUp),
        "provider_signup" => Some(Step::SignUpByProvider),
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
            Step::SignUp => self.sign_up(&mut intent),
            Step::LogIn | Step::RequestLoginCode if self.scene.habits.has_phones && self.dice.one_in(3) => {
                self.by_phone(&mut intent);
            }
            Step::SignUpByKey
            | Step::SignUpByProvider
            | Step::LogIn
            | Step::RequestLoginCode
            | Step::RequestReset
            | Step::AddEmail
            | Step::RemoveEmail
            | Step::SetPrimary
            | Step::RequestReauthenticationCode
            | Step::RequestVerification => self.by_email(&mut intent),
            Step::ChangePhone => {
                let phone = self.phone();
                intent.body = json!({"phone": phone});
                intent.phone = Some(phone);
            }
            Step::ChangeProfile => {
                intent.body = json!({"nickname": format!("nick-{}", self.dice.below(100))});
            }
            Step::VerifyEmail
            | Step::VerifyPhone
            | Step::ConfirmLoginCode
            | Step::ConfirmReauthenticationCode
            | Step::ResetPassword
            | Step::Authenticate
            | Step::ReauthenticateByTotp
            | Step::ActivateTotp => self.by_code(&mut intent),
            Step::AddKey
            | Step::CompleteKeySignUp
            | Step::LogInByKey
            | Step::AuthenticateByKey
            | Step::ReauthenticateByKey
            | Step::RemoveKeys => self.by_key(&mut intent),
            Step::ChangePassword => {
                let (current, new) = (self.password_of_account(), self.new_password());
                intent.body = json!({"current_password": current, "new_password": new});
                intent.new_password = Some(new);
            }
            Step::RefreshTokens => {
                // Mostly the latest one; now and then one that was used, or is no refresh token.
                let actor = self.actor;
                let tokens = if self.dice.one_in(12) { &actor.access_tokens } else { &actor.refresh_tokens };
                intent.body = json!({"refresh_token": self.latest(tokens)});
            }
            Step::LogInByProvider => self.by_id_token(&mut intent),
            Step::GoToProvider => {
                let process = self.process();
                intent.body = json!({"provider": provider::ID, "process": process, "callback_url": CALLBACK});
            }
            Step::ComeBack => self.back(&mut intent),
            Step::Disconnect => {
                let account = provider::uid(self.actor.person);
                intent.body = json!({"provider": provider::ID, "account": account});
            }
            Step::GetSessionByToken => intent.bearer = self.access_token(),
            // By its session, or by a token.
            Step::AskGuard => intent.bearer = self.dice.one_in(2).then(|| self.access_token()).flatten(),
            Step::Reauthenticate => intent.body = json!({"password": self.password_of_account()}),
            Step::EndSessions => {
                let sessions: Vec<i64> = self.actor.listed.iter().copied().take(2).collect();
                intent.body = json!({"sessions": if sessions.is_empty() { vec![4711] } else { sessions }});
            }
            _ => {}
        }
        intent
    }

    /// Whoever signs up first with somebody else's email address prepares an account for them.
    fn sign_up(&mut self, intent: &mut Intent) {
        let strangers = self.scene.habits.strangers;
        let is_strange = strangers > 0 && self.dice.one_in(strangers);
        let email = if is_strange { self.anybodys_email() } else { self.email() };
        let password = self.new_password();
        intent.body = json!({"email": email, "password": password});
        if self.scene.habits.has_phones && self.dice.one_in(2) {
            intent.phone = Some(if is_strange { self.anybodys_phone() } else { self.phone() });
            intent.body["phone"] = json!(intent.phone);
        }
        (intent.email, intent.new_password) = (Some(email), Some(password));
    }

    /// What names a phone number in place of an email address.
    fn by_phone(&mut self, intent: &mut Intent) {
        let phone = self.phone();
        intent.body = json!({"phone": phone});
        if intent.step == Step::LogIn {
            intent.body["password"] = json!(self.password_of(&phone));
        }
        intent.email = Some(phone);
    }

    /// What names an email address: mostly one with which it can do something.
    fn by_email(&mut self, intent: &mut Intent) {
        let email = match intent.step {
            Step::LogIn => self.email_with_account(),
            Step::AddEmail if !self.dice.one_in(4) => self.person().mailboxes[1].clone(),
            Step::RemoveEmail | Step::SetPrimary if !self.dice.one_in(4) => {
                let others = self.actor.emails.iter().filter(|(_, is_primary)| !is_primary);
                let others: Vec<String> = others.map(|(email, _)| email.clone()).collect();
                self.dice.pick(&others).cloned().unwrap_or_else(|| self.email())
            }
            // Any of one's own may be one of the account's by now.
            Step::RequestLoginCode | Step::RequestReset if !self.dice.one_in(3) => match self.dice.below(4) {
                which @ 0..2 => self.person().mailboxes[which].clone(),
                _ => self.email_with_account(),
            },
            _ => self.email(),
        };
        intent.body = json!({"email": email});
        match intent.step {
            Step::LogIn => intent.body["password"] = json!(self.password_of(&email)),
            Step::SetPrimary => intent.body["primary"] = true.into(),
            _ => {}
        }
        intent.email = Some(email);
    }

    /// What gives a code, or the key of a link.
    fn by_code(&mut self, intent: &mut Intent) {
        let mailbox = self.actor.email.clone();
        let (name, proof) = match intent.step {
            Step::VerifyEmail if self.has_links(&mailbox) => ("key", self.link(&mailbox)),
            Step::VerifyEmail => ("key", self.code(" to confirm your")),
            Step::VerifyPhone => ("code", self.code_at(&self.actor.phone.clone(), "")),
            Step::ConfirmLoginCode | Step::ConfirmReauthenticationCode => {
                intent.mailbox = Some(mailbox);
                ("code", self.code(" to log in"))
            }
            Step::ResetPassword => {
                let by_code = self.actor.pending.iter().any(|flow| flow == "password_reset_by_code");
                let (mailbox, key) =
                    if by_code { (mailbox, self.code(" to choose a new")) } else { self.key() };
                intent.mailbox = Some(mailbox);
                ("key", key)
            }
            step => ("code", self.factor(step == Step::ActivateTotp)),
        };
        intent.body = json!({name: proof});
        let is_factor = matches!(intent.step, Step::Authenticate | Step::ReauthenticateByTotp);
        // A code that sets up an authenticator app is used again to log in.
        intent.proof = match intent.step {
            Step::ActivateTotp => None,
            _ if is_factor => Some(format!("factor {proof}")),
            _ => Some(format!("{name} {proof}")),
        };
        if intent.step == Step::ResetPassword {
            let password = self.new_password();
            intent.body["password"] = json!(password);
            intent.new_password = Some(password);
        }
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
        if matches!(intent.step, Step::AddKey | Step::CompleteKeySignUp) {
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

    /// A phone number: mostly one's own.
    fn phone(&mut self) -> String {
        if self.dice.one_in(6) { self.anybodys_phone() } else { self.person().phone.clone() }
    }

    fn anybodys_phone(&mut self) -> String {
        let who = self.dice.below(self.scene.people.len());
        self.scene.people[who].phone.clone()
    }

    fn anybodys_email(&mut self) -> String {
        let who = self.dice.below(self.scene.people.len());
        let which = usize::from(self.dice.one_in(4));
        self.scene.people[who].mailboxes[which].clone()
    }

    fn new_password(&mut self) -> String {
        format!("horse-battery-{:016x}", self.dice.next())
    }

    /// An email address with which the person has an account, as far as they know.
    fn email_with_account(&mut self) -> String {
        let person = self.person();
        let known = person.mailboxes.iter().filter(|mailbox| person.right.contains_key(*mailbox));
        let mut known: Vec<String> = known.cloned().collect();
        known.extend(self.actor.emails.iter().map(|(email, _)| email.clone()));
        if self.dice.one_in(8) {
            return self.email();
        }
        self.dice.pick(&known).cloned().unwrap_or_else(|| self.email())
    }

    fn password_of_account(&mut self) -> String {
        let account = self.actor.account.clone().unwrap_or_default();
        self.password_of(&account)
    }

    /// The password of an account, or of an email address: mostly the one that was right, else one that was ever chosen.
    fn password_of(&mut self, of: &str) -> String {
        let person = &self.scene.people[self.actor.person];
        match self.dice.below(12) {
            0 => Some("a-wrong-password".to_owned()),
            1 => self.dice.pick(&person.passwords).cloned(),
            _ => person.right.get(of).or_else(|| self.dice.pick(&person.passwords)).cloned(),
        }
        .unwrap_or_else(|| "no-password-yet".to_owned())
    }

    /// A code out of one's mail: mostly the latest one for the email address that was entered.
    fn code(&mut self, subject: &str) -> String {
        self.code_at(&self.actor.email.clone(), subject)
    }

    fn code_at(&mut self, mailbox: &str, subject: &str) -> String {
        let guess = "WRNG-CODE".to_owned();
        if !self.person().owns(mailbox) || self.dice.one_in(12) {
            return guess;
        }
        let mails = Person::mails(self.scene.mails, mailbox);
        let of_flow = mails.clone().filter(|mail| mail.subject.contains(subject)).filter_map(code).take(1);
        let codes: Vec<String> = of_flow.chain(mails.filter_map(code).take(3)).collect();
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

    /// What somebody wants of the provider.
    fn process(&mut self) -> &'static str {
        if self.actor.account.is_some() && !self.dice.one_in(4) { "connect" } else { "login" }
    }

    /// An id token: a new one, or once more the one that was shown before.
    fn by_id_token(&mut self, intent: &mut Intent) {
        let process = self.process();
        if let Some(shown) = self.actor.shown.as_ref().filter(|_| self.dice.one_in(5)) {
            *intent = Intent { actor: self.number, ..Intent::clone(shown) };
            intent.body["process"] = json!(process);
            return;
        }
        let (claims, email) = provider::claims(self.scene.people, self.actor.person, self.dice);
        let id = (!self.dice.one_in(4)).then(|| format!("{:016x}", self.dice.next()));
        let token = provider::id_token(&claims, id.as_deref(), self.scene.seconds);
        intent.vouched = email.clone().filter(|_| claims["email_verified"] == true);
        intent.email = email;
        intent.proof = id.map(|id| format!("id token {id}"));
        let token = provider::presented(&token);
        intent.body = json!({"provider": provider::ID, "process": process, "token": token});
    }

    /// Back from the provider, where the browser was sent last.
    fn back(&mut self, intent: &mut Intent) {
        let Some(departure) = &self.actor.departure else { return };
        let (claims, email) = provider::claims(self.scene.people, self.actor.person, self.dice);
        intent.vouched = email.clone().filter(|_| claims["email_verified"] == true);
        intent.email = email;
        let query = provider::consent(departure, &claims, self.scene.seconds);
        intent.proof = query.split('&').next().map(str::to_owned);
        intent.query = Some(query);
    }

    fn access_token(&mut self) -> Option<String> {
        let actor = self.actor;
        let tokens = if self.dice.one_in(12) { &actor.refresh_tokens } else { &actor.access_tokens };
        self.latest(tokens)
    }

    /// Mostly the latest one.
    fn latest(&mut self, tokens: &[String]) -> Option<String> {
        if self.dice.one_in(5) { self.dice.pick(tokens).cloned() } else { tokens.last().cloned() }
    }

    /// The key of a link that resets a password, out of one's mail, and the mailbox.
    fn key(&mut self) -> (String, String) {
        let which = usize::from(self.dice.one_in(3));
        let mailbox = self.person().mailboxes[which].clone();
        let key = self.key_of(&mailbox, RESET);
        (mailbox, key)
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

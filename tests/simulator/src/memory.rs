//! What the answers so far promise: who holds which session, what is used up, what is secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vestibule_simulator_kernel::hosts;
use vestibule_tests::{Answer, AuthenticatorApp, Kind};

use crate::person::{Actor, Person, text};
use crate::processes::MOST_SKEW;
use crate::provider;
use crate::steps::{Intent, Sending, Step};
use crate::tokens::Tokens;

/// By how much a limit may be of a shorter time: what the clocks of two processes are apart, and how long a request that is
/// tried again may take.
const UNSURE_MILLIS: i64 = 2 * MOST_SKEW + 12_000;

/// A limit: most requests that are let through within so many milliseconds.
struct Limit {
    name: &'static str,
    most: usize,
    millis: i64,
}

const LOGIN_FAILED: Limit = Limit { name: "login_failed", most: 5, millis: 300_000 };
const REQUEST_LOGIN_CODE: Limit = Limit { name: "request_login_code", most: 3, millis: 60_000 };
const RESET_PASSWORD: Limit = Limit { name: "reset_password", most: 5, millis: 60_000 };
const REAUTHENTICATE: Limit = Limit { name: "reauthenticate", most: 10, millis: 60_000 };
const CHANGE_PASSWORD: Limit = Limit { name: "change_password", most: 5, millis: 60_000 };
const MANAGE_EMAIL: Limit = Limit { name: "manage_email", most: 10, millis: 60_000 };

/// The cookie of a browser that an account trusts.
const TRUST: &str = "mfa_trusted";

/// A login that was completed in this round.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The account.
    pub account: String,
    /// What had been proved for it.
    pub proved: Proved,
}

/// What a login began with.
#[derive(Clone, Debug)]
pub enum Proved {
    /// That this mailbox is read, as a code was sent to it, or that this key is held, by its credential id.
    Means(String),
    /// That the password was known in this round.
    Password(u32),
    /// One factor only, by a client that the account does not trust as far as is known.
    OneFactor,
}

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// All session tokens that clients were given.
    pub tokens: BTreeMap<String, Held>,
    /// How often each proof has succeeded.
    proofs: BTreeMap<String, u32>,
    /// What only its owner may know: passwords, codes, keys, tokens.
    pub secrets: BTreeSet<String>,
    /// The email addresses that others than their owner have entered.
    pub meddled: BTreeSet<String>,
    /// The logins of this round, which are to be checked.
    pub entries: Vec<Entry>,
    /// When a limit let something through, by the limit and what it counts by.
    let_through: BTreeMap<(&'static str, String), Vec<i64>>,
    /// Access and refresh tokens.
    pub jwt: Tokens,
    /// The email addresses that the provider ever said to be verified, by the person of whom it said so.
    pub vouched: BTreeMap<usize, BTreeSet<String>>,
}

/// A session token that a client was given.
#[derive(Clone, Debug)]
pub struct Held {
    /// Whose client.
    pub person: usize,
    /// Which kind of client.
    pub kind: Kind,
    /// The account that it was logged in to.
    pub account: Option<String>,
    /// The round of that.
    since: u32,
    /// Its id in the list of sessions.
    id: Option<i64>,
    /// Why it must not be valid any more.
    pub revoked: Option<String>,
}

impl Memory {
    /// Of nothing yet.
    pub fn new(jwt: Tokens) -> Self {
        Self { jwt, ..Self::default() }
    }

    /// Takes an answer for what it says of access and refresh tokens.
    pub fn note_tokens(
        &mut self,
        intent: &Intent,
        answer: &Answer,
        held: Option<&str>,
        actor: &mut Actor,
        sending: Sending,
    ) {
        self.check_answer(intent, answer);
        self.jwt.note(intent, answer, held, actor, sending);
        self.secrets.extend(issued(answer).map(|token| last_part(&token)));
    }

    /// Takes an answer for what it promises. `held`: the token of the client before the requests of this round.
    pub fn note(
        &mut self,
        intent: &Intent,
        answer: &Answer,
        held: Option<&str>,
        people: &mut [Person],
        actor: &mut Actor,
        sending: Sending,
    ) {
        let person = &mut people[actor.person];
        self.note_tokens(intent, answer, held, actor, sending);
        let is_taken = succeeds(intent.step, answer) || leads_to_trust(intent.step, answer, sending);
        if let Some(proof) = intent.proof.as_ref().filter(|_| is_taken) {
            let count = self.proofs.entry(proof.clone()).or_default();
            *count += 1;
            assert_eq!(*count, 1, "a proof has succeeded twice: {proof}");
        }
        let account = held.and_then(|held| self.tokens.get(held)?.account.clone());
        self.forgive(intent, answer, person);
        self.note_limit(intent, answer, account.clone(), sending.at);
        self.note_entry(intent, answer, account.as_deref(), actor, sending);
        if let Some(held) = held {
            self.note_ended(intent, answer, held, sending.round);
        }
        self.note_token(answer, actor, sending.round);
        if let Some(password) = intent.new_password.as_ref().filter(|_| may_succeed(intent.step, answer)) {
            person.passwords.push(password.clone());
        }
        note_passwords(intent, answer, account.as_deref(), person, actor);
        self.note_factors(intent.step, answer, person, actor, sending.at);
        note_emails(intent.step, answer, actor);
        note_keys(intent, answer, person, actor);
        note_provider(intent, answer, actor);
        self.secrets.extend(actor.departure.as_deref().and_then(provider::state));
        self.secrets.extend(text(&intent.body["token"]["id_token"]).map(|token| last_part(&token)));
        if answer.status == 410 {
            actor.client.hold(None);
        }
    }

    /// A link verifies its email address again where that was removed and added again meanwhile, as in the contract. Of
    /// all proofs, only the keys of links have colons.
    pub fn forget_links(&mut self) {
        self.proofs.retain(|proof, _| !proof.contains(':'));
    }

    /// The sessions of an account end: those that began before this round, as others may have begun after it.
    pub fn end_all(&mut self, account: &str, why: &str, round: u32) {
        self.revoke(why, |_, held| held.account.as_deref() == Some(account) && held.since < round);
    }

    fn revoke(&mut self, why: &str, which: impl Fn(&str, &Held) -> bool) {
        let ended = self.tokens.iter_mut().filter(|(token, held)| which(token, held));
        ended.for_each(|(_, held)| held.revoked = held.revoked.take().or_else(|| Some(why.to_owned())));
    }

    /// All that was wrong is forgiven.
    pub fn forgive_all(&mut self) {
        self.let_through.retain(|(limit, _), _| *limit != LOGIN_FAILED.name);
    }

    /// Whether a session token was ever logged in.
    pub fn is_logged_in(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|held| held.account.is_some())
    }

    /// The tokens that must not be valid, with the reason why not.
    pub fn revoked(&self) -> Vec<(String, Held)> {
        let revoked = self.tokens.iter().filter(|(_, held)| held.revoked.is_some());
        revoked.map(|(token, held)| (token.clone(), held.clone())).collect()
    }

    fn check_answer(&self, intent: &Intent, answer: &Answer) {
        let gives = matches!(
            intent.step,
            Step::ShowTotp | Step::ShowRecoveryCodes | Step::GenerateRecoveryCodes | Step::ExportAccount
        );
        let may = |secret: &&String| gives || issued(answer).any(|token| token.ends_with(secret.as_str()));
        let leaked = self.secrets.iter().filter(|secret| !may(secret)).find(|it| answer.text.contains(*it));
        assert!(leaked.is_none(), "an answer tells a secret: {leaked:?} in {}", answer.text);
    }

    /// A reset forgives what was wrong.
    fn forgive(&mut self, intent: &Intent, answer: &Answer, person: &Person) {
        if intent.step == Step::ResetPassword && may_succeed(intent.step, answer) {
            for mailbox in &person.mailboxes {
                self.let_through.remove(&(LOGIN_FAILED.name, mailbox.clone()));
            }
        }
    }

    /// No limit lets more through than it says.
    fn note_limit(&mut self, intent: &Intent, answer: &Answer, account: Option<String>, now: i64) {
        let (email, pending) = (intent.email.clone().or(intent.username.clone()), answer.pending());
        let waits = |flow: &str| pending.iter().any(|it| it == flow);
        let (limit, by) = match (intent.step, answer.status) {
            (Step::LogIn, _) if is_mistake(answer) => (LOGIN_FAILED, email),
            (Step::RequestLoginCode, _) if waits("login_by_code") => (REQUEST_LOGIN_CODE, email),
            (Step::RequestReset, 200) => (RESET_PASSWORD, email),
            (Step::RequestReset, _) if waits("password_reset_by_code") => (RESET_PASSWORD, email),
            (Step::Reauthenticate, 200 | 400) => (REAUTHENTICATE, account),
            (Step::ChangePassword, 200) => (CHANGE_PASSWORD, account),
            (Step::AddEmail | Step::RemoveEmail | Step::SetPrimary | Step::RequestVerification, 200) => {
                (MANAGE_EMAIL, account)
            }
            _ => return,
        };
        let Some(by) = by else { return };
        let times = self.let_through.entry((limit.name, by.clone())).or_default();
        times.push(now);
        let lately = times.iter().filter(|at| now - **at < limit.millis - UNSURE_MILLIS).count();
        assert!(lately <= limit.most, "{} let through {lately} requests for {by}", limit.name);
    }

    /// What a login began with must hold when it is completed, as the table tells. `before`: the account that the session
    /// was logged in to. It stays in that one when the login is to a disabled account.
    fn note_entry(
        &mut self,
        intent: &Intent,
        answer: &Answer,
        before: Option<&str>,
        actor: &mut Actor,
        sending: Sending,
    ) {
        let account = logged_in(answer);
        let is_in = account.is_some();
        let proved = match intent.step {
            Step::ConfirmLoginCode => intent.mailbox.clone().map(Proved::Means),
            Step::LogInByKey => text(&intent.body["credential"]["id"]).map(Proved::Means),
            Step::Authenticate | Step::AuthenticateByKey | Step::VerifyEmail | Step::TrustBrowser => {
                actor.login_began.map(Proved::Password)
            }
            _ => None,
        };
        let is_trusted = actor.client.cookie(TRUST).is_some();
        let is_first = matches!(intent.step, Step::LogIn | Step::ConfirmLoginCode) && !is_trusted;
        let entered = account.filter(|account| Some(account.as_str()) != before);
        let alone = entered.clone().filter(|_| is_first).map(|account| (account, Proved::OneFactor));
        let entries = entered.zip(proved).into_iter().chain(alone);
        self.entries.extend(entries.map(|(account, proved)| Entry { account, proved }));
        let waits = answer.status == 401 && !answer.pending().is_empty();
        actor.login_began = match intent.step {
            _ if !sending.is_alone => None,
            Step::LogIn => waits.then_some(sending.round),
            Step::Authenticate
            | Step::AuthenticateByKey
            | Step::TrustBrowser
            | Step::VerifyEmail
            | Step::ResendVerification
                if !is_in =>
            {
                actor.login_began
            }
            Step::GetSession | Step::GetConfig | Step::ShowKeyChallenge | Step::ReadVerification => {
                actor.login_began
            }
            _ => None,
        };
    }

    /// What ends sessions: those that began before this round, as the others may have begun after it.
    fn note_ended(&mut self, intent: &Intent, answer: &Answer, held: &str, round: u32) {
        let account = self.tokens.get(held).and_then(|held| held.account.clone());
        let is_of_account =
            |other: &Held| account.is_some() && other.account == account && other.since < round;
        match (intent.step, answer.status) {
            (_, 410) => self.revoke("it was said to have ended", |token, _| token == held),
            (Step::LogOut, 401) => self.revoke("it was logged out", |token, _| token == held),
            (Step::ChangePassword, 200) => {
                self.revoke("the password was changed", |token, it| token != held && is_of_account(it));
            }
            (Step::EndSessions, 200) => {
                let ids: Vec<i64> =
                    serde_json::from_value(intent.body["sessions"].clone()).unwrap_or_default();
                let is_named = |it: &Held| it.id.is_some_and(|id| ids.contains(&id));
                self.revoke("it was ended by another session", |_, it| is_of_account(it) && is_named(it));
            }
            _ => {}
        }
    }

    fn note_token(&mut self, answer: &Answer, actor: &Actor, round: u32) {
        let Some(token) = actor.client.token().filter(|_| answer.status != 410) else { return };
        self.secrets.insert(last_part(&token));
        self.secrets.extend(actor.client.cookie(TRUST));
        let held = self.tokens.entry(token).or_insert_with(|| Held {
            person: actor.person,
            kind: actor.client.kind,
            account: None,
            since: round,
            id: None,
            revoked: None,
        });
        if let Some(account) = logged_in(answer) {
            held.since = if held.account.is_some() { held.since } else { round };
            held.account = Some(account);
        }
        let sessions = answer.body["data"].as_array().into_iter().flatten();
        let current =
            sessions.filter(|session| session["is_current"] == true).find_map(|it| it["id"].as_i64());
        held.id = current.or(held.id);
    }

    fn note_factors(
        &mut self,
        step: Step,
        answer: &Answer,
        person: &mut Person,
        actor: &mut Actor,
        now: i64,
    ) {
        let seconds = u64::try_from(now / 1000).unwrap_or_default();
        if [200, 409].contains(&answer.status) {
            actor.due.remove(&step);
        }
        match (step, answer.status) {
            (Step::ShowTotp, 404) => {
                let url = answer.body["meta"]["totp_url"].as_str().unwrap_or_default();
                let app = AuthenticatorApp::scan_at(url, seconds);
                self.secrets.insert(app.secret.clone());
                actor.setup = Some((app, seconds));
                actor.due.insert(Step::ActivateTotp);
            }
            (Step::ActivateTotp, 200) => {
                if let Some((setup, account)) = actor.setup.take().zip(actor.account.clone()) {
                    person.apps.insert(account, setup);
                }
            }
            // It asks for another secret: two requests at once were shown two, of which one counts.
            (Step::ActivateTotp, 400) => {
                actor.setup = None;
                actor.due.remove(&step);
            }
            (Step::DeactivateTotp, 200) => {
                actor.account.as_ref().map(|account| person.apps.remove(account));
            }
            (Step::ShowRecoveryCodes | Step::GenerateRecoveryCodes, 200) => {
                let codes = answer.body["data"]["unused_codes"].as_array().cloned().unwrap_or_default();
                let codes: Vec<String> = codes.iter().filter_map(text).collect();
                self.secrets.extend(codes.iter().cloned());
                if let Some(account) = actor.account.clone() {
                    person.recovery_codes.insert(account, codes);
                }
            }
            (Step::RequestReauthenticationCode, 200) => {
                actor.due.insert(Step::ConfirmReauthenticationCode);
            }
            (Step::ChangePhone, 202) => {
                actor.due.insert(Step::VerifyPhone);
            }
            (Step::AddEmail | Step::RequestVerification, 200) => {
                actor.due.insert(Step::VerifyEmail);
            }
            (Step::ListSessions, 200) => {
                let sessions = answer.body["data"].as_array().cloned().unwrap_or_default();
                let others = sessions.iter().filter(|session| session["is_current"] == false);
                actor.listed = others.filter_map(|session| session["id"].as_i64()).collect();
            }
            _ => {}
        }
    }
}

/// Passwords that were right, were wrong, or are new. `account`: that of the session before.
fn note_passwords(
    intent: &Intent,
    answer: &Answer,
    account: Option<&str>,
    person: &mut Person,
    actor: &mut Actor,
) {
    let (is_right, is_mistake) = (succeeds(intent.step, answer), is_mistake(answer));
    let waits = answer.status == 401 && !answer.pending().is_empty();
    let password = |name: &str| intent.body[name].as_str().unwrap_or_default();
    match (intent.step, account) {
        (Step::LogIn | Step::SignUp, _) if is_right || waits || is_mistake => {
            for of in intent.email.iter().chain(&intent.username) {
                person.keep(of, password("password"), !is_mistake);
            }
            if let Some(phone) = &intent.phone {
                person.keep(phone, password("password"), true);
            }
        }
        (Step::ResetPassword, _) if is_right => {
            if let Some(mailbox) = &intent.mailbox {
                person.keep(mailbox, password("password"), true);
            }
        }
        (Step::Reauthenticate, Some(account)) if is_right || answer.status == 400 => {
            person.keep(account, password("password"), is_right);
        }
        (Step::ChangePassword, Some(account)) if is_right => {
            person.replace(password("current_password"), Some(password("new_password")));
            person.keep(account, password("new_password"), true);
        }
        (Step::DeleteAccount, Some(account)) if is_right => {
            if let Some(gone) = person.right.get(account).cloned() {
                person.replace(&gone, None);
            }
            actor.account = None;
        }
        _ => {}
    }
    let begins = matches!(intent.step, Step::LogIn | Step::SignUp | Step::VerifyEmail | Step::Authenticate);
    if let Some((account, right)) = logged_in(answer).zip(person.right.get(&actor.email).cloned())
        && begins
    {
        person.keep(&account, &right, true);
    }
}

/// The email addresses of the account, where an answer lists them.
fn note_emails(step: Step, answer: &Answer, actor: &mut Actor) {
    let lists = matches!(
        step,
        Step::ListEmails | Step::AddEmail | Step::RemoveEmail | Step::SetPrimary | Step::RequestVerification
    );
    if let Some(emails) = answer.body["data"].as_array().filter(|_| lists && answer.status == 200) {
        let email = |email: &Value| (text(&email["email"]).unwrap_or_default(), email["primary"] == true);
        actor.emails = emails.iter().map(email).collect();
    }
}

/// The account that an answer says to be logged in to.
fn logged_in(answer: &Answer) -> Option<String> {
    let is_in = answer.status == 200 && answer.body["meta"]["is_authenticated"] == true;
    text(&answer.body["data"]["user"]["id"]).filter(|_| is_in)
}

/// How far a client has come with the provider.
fn note_provider(intent: &Intent, answer: &Answer, actor: &mut Actor) {
    match intent.step {
        Step::LogInByProvider => actor.shown = Some(Box::new(intent.clone())),
        Step::GoToProvider if answer.status == 302 => {
            let location = answer.header("location").first().map(|location| (*location).to_owned());
            actor.departure = location.filter(|location| location.contains(hosts::PROVIDER));
            actor.due.extend(actor.departure.as_ref().map(|_| Step::ComeBack));
        }
        // The answer does not say who is logged in now.
        Step::ComeBack => {
            actor.due.remove(&Step::ComeBack);
            actor.unsure = true;
        }
        _ => {}
    }
}

/// The tokens that an answer issues.
fn issued(answer: &Answer) -> impl Iterator<Item = String> {
    let parts = ["meta", "data"].map(|part| &answer.body[part]).into_iter();
    parts
        .flat_map(|part| ["session_token", "access_token", "refresh_token"].map(|name| text(&part[name])))
        .flatten()
}

/// What is secret of a token: its other parts say whose it is.
fn last_part(token: &str) -> String {
    token.rsplit('.').next().unwrap_or_default().to_owned()
}

/// A challenge is answered once; a key that is registered is the person's from then on.
fn note_keys(intent: &Intent, answer: &Answer, person: &mut Person, actor: &mut Actor) {
    if actor.options.take_if(|(answer, _)| *answer == intent.step).is_some() {
        actor.due.remove(&intent.step);
    }
    if answer.status != 200 {
        return;
    }
    let data = &answer.body["data"];
    let options = data.get("creation_options").or_else(|| data.get("request_options"));
    if let Some((step, options)) = intent.step.answer().zip(options) {
        actor.options = Some((step, options.clone()));
        actor.due.insert(step);
    }
    // A sign-up does not tell its number.
    let number = data["id"].as_i64().or((intent.step == Step::CompleteKeySignUp).then_some(0));
    if let Some((number, key)) = number.zip(intent.key.clone()) {
        person.keys.push((number, key));
    }
}

/// Whether a password was called wrong.
fn is_mistake(answer: &Answer) -> bool {
    answer.errors().iter().any(|error| error.ends_with("_password_mismatch"))
}

/// Whether a proof was accepted.
fn succeeds(step: Step, answer: &Answer) -> bool {
    let goes_on =
        |without: &str| answer.status == 401 && !answer.pending().iter().any(|flow| flow == without);
    match step {
        Step::VerifyEmail => answer.status == 200 || goes_on("verify_email"),
        Step::VerifyPhone => answer.status == 200 || goes_on("verify_phone"),
        Step::ConfirmLoginCode => answer.status == 200 || goes_on("login_by_code"),
        Step::ResetPassword => answer.status == 200 || goes_on("password_reset_by_code"),
        Step::LogInByProvider => answer.status == 200 || goes_on(""),
        Step::ComeBack => {
            answer.status == 302 && !answer.header("location").iter().any(|it| it.contains("error="))
        }
        _ => answer.status == 200,
    }
}

/// Whether a second factor was accepted, and it is asked next whether to trust the browser. What comes later is answered
/// with that question, too.
fn leads_to_trust(step: Step, answer: &Answer, sending: Sending) -> bool {
    let is_factor = matches!(step, Step::Authenticate | Step::AuthenticateByKey);
    let is_first = sending.is_alone && sending.needs_factor;
    is_factor && is_first && answer.pending().iter().any(|flow| flow == "mfa_trust")
}

/// Whether a new password may be in use now.
fn may_succeed(step: Step, answer: &Answer) -> bool {
    let pending = step == Step::SignUp && answer.status == 401;
    answer.status == 503 || pending || succeeds(step, answer)
}

//! What a request says: right, wrong, and once more.

use serde_json::{Value, json};
use vestibule_simulator_kernel::Dice;
use vestibule_tests::Mail;

use crate::bots::PERSON;
use crate::keys::Key;
use crate::person::{Actor, Person, code};
use crate::provider;
use crate::scene::Scene;
use crate::steps::{Intent, Step};

/// How long an authenticator app shows a code, in seconds.
const PERIOD: u64 = 30;
/// Where a browser ends that was sent to a provider.
const CALLBACK: &str = "https://app.example/back";
/// What is in a link that verifies an email address.
const VERIFY: &str = "/verify-email/";
/// What is in a link that resets a password.
pub const RESET: &str = "/reset/key/";
/// What is in a link that invites.
const INVITATION: &str = "/invitation#";

/// A client that is to send a request.
pub struct Wording<'w, 'd> {
    /// What is known.
    pub scene: Scene<'w>,
    /// The number of the client.
    pub number: usize,
    /// The client.
    pub actor: &'w Actor,
    /// What chooses.
    pub dice: &'d mut Dice,
}

impl Wording<'_, '_> {
    /// The request for this step.
    pub fn of(mut self, step: Step) -> Intent {
        let mut intent = Intent::new(self.number, step);
        match step {
            Step::SignUp => self.sign_up(&mut intent),
            Step::LogIn if self.scene.demands.usernames && self.dice.one_in(3) => {
                self.by_username(&mut intent);
            }
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
            Step::ReadVerification => self.by_header(&mut intent, Step::VerifyEmail),
            Step::ReadReset => self.by_header(&mut intent, Step::ResetPassword),
            Step::TrustBrowser => intent.body = json!({"trust": !self.dice.one_in(4)}),
            Step::RenameKey => {
                let name = format!("Key {}", self.dice.below(100));
                intent.body = json!({"id": self.key_number(), "name": name});
            }
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
        if self.scene.demands.bot_check && step.may_be_of_bot() {
            intent.pass = self.pass();
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
        self.add_demands(intent);
    }

    /// What a site may ask for at a sign-up: a username, an invitation.
    fn add_demands(&mut self, intent: &mut Intent) {
        if self.scene.demands.usernames && !self.dice.one_in(8) {
            let username = self.username();
            intent.body["username"] = json!(username);
            intent.username = Some(username.to_lowercase());
        }
        if !self.scene.demands.invitations || self.dice.one_in(8) {
            return;
        }
        let person = &self.scene.people[self.actor.person];
        let mails = person.mailboxes.iter().flat_map(|mailbox| Person::mails(self.scene.mails, mailbox));
        let invitations: Vec<&Mail> = mails.filter(|mail| mail.text.contains(INVITATION)).take(4).collect();
        let chosen = if self.dice.one_in(4) { self.dice.pick(&invitations) } else { invitations.first() };
        let Some(mail) = chosen else { return };
        let key = mail.key();
        // By a key it is used up later, by the provider with the answers of a form.
        intent.proof = (intent.step == Step::SignUp).then(|| format!("invitation {key}"));
        intent.body["invitation"] = json!(key);
        if !self.dice.one_in(6) {
            intent.body["email"] = json!(mail.to);
            intent.email = Some(mail.to.clone());
        }
    }

    /// What names a username in place of an email address.
    fn by_username(&mut self, intent: &mut Intent) {
        let username = self.username();
        let password = self.password_of(&username.to_lowercase());
        intent.body = json!({"username": username, "password": password});
        intent.username = Some(username.to_lowercase());
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
        if matches!(intent.step, Step::SignUpByKey | Step::SignUpByProvider) {
            self.add_demands(intent);
        }
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
            intent.body = json!({"authenticators": [self.key_number()]});
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

    /// What reads a code, or the key of a link, without using it.
    fn by_header(&mut self, intent: &mut Intent, step: Step) {
        let mut using = Intent::new(self.number, step);
        self.by_code(&mut using);
        let name = match step {
            Step::VerifyEmail => "x-email-verification-key",
            _ => "x-password-reset-key",
        };
        intent.header = using.body["key"].as_str().map(|key| (name, key.to_owned()));
    }

    /// The number of a key of one's own.
    fn key_number(&mut self) -> i64 {
        let person = &self.scene.people[self.actor.person];
        let numbers: Vec<i64> = person.keys.iter().map(|(number, _)| *number).collect();
        self.dice.pick(&numbers).copied().unwrap_or(4711)
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

    /// A username: mostly one's own, now and then with another letter case.
    fn username(&mut self) -> String {
        let who =
            if self.dice.one_in(6) { self.dice.below(self.scene.people.len()) } else { self.actor.person };
        let name = self.scene.people[who].username();
        match self.dice.below(6) {
            0 => format!("{name}2"),
            1 => name.to_uppercase(),
            _ => name.to_owned(),
        }
    }

    /// A token of the bot check: mostly a new one; now and then the last one again, that of a bot, or none.
    fn pass(&mut self) -> Option<String> {
        let number = self.dice.draw();
        match self.dice.below(12) {
            0 => None,
            1 => Some(format!("robot-{number:016x}")),
            2 => self.actor.pass.clone(),
            _ => Some(format!("{PERSON}{number:016x}")),
        }
    }

    fn new_password(&mut self) -> String {
        format!("horse-battery-{:016x}", self.dice.draw())
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
        let claims = self.claims(intent);
        let id = (!self.dice.one_in(4)).then(|| format!("{:016x}", self.dice.draw()));
        let token = provider::id_token(&claims, id.as_deref(), self.scene.seconds);
        intent.proof = id.map(|id| format!("id token {id}"));
        let token = provider::presented(&token);
        intent.body = json!({"provider": provider::ID, "process": process, "token": token});
    }

    /// Back from the provider, where the browser was sent last.
    fn back(&mut self, intent: &mut Intent) {
        let Some(departure) = &self.actor.departure else { return };
        let claims = self.claims(intent);
        let query = provider::consent(departure, &claims, self.scene.seconds);
        intent.proof = query.split('&').next().map(str::to_owned);
        intent.query = Some(query);
    }

    /// What the provider says of the person, with the email address that it names.
    fn claims(&mut self, intent: &mut Intent) -> Value {
        let (claims, email) = provider::claims(self.scene.people, self.actor.person, self.dice);
        intent.vouched = email.clone().filter(|_| claims["email_verified"] == true);
        intent.email = email;
        claims
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

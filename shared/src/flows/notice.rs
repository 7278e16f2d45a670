//! Mails and notifications, and the links in them.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::visit::{Decision, Stop, Visit};
use crate::changes::LetterContent;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::language::{Language, preferred};
use crate::domain::message::{AccessChange, Event, Message, Origin, Recipient};
use crate::domain::profile::ProfileValues;
use crate::settings::Settings;

/// What may stand in a path as it is (RFC 3986, unreserved).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Visit<'_> {
    /// Sends a mail caused by an unauthenticated client.
    pub(super) fn mail(&mut self, email: &str, message: Message) -> Decision<()> {
        self.send(Recipient::Email(email.to_owned()), LetterContent::Ready(message))
    }

    /// Sends a mail requested by this account's owner, if they have proved it.
    pub(super) fn mail_for(
        &mut self,
        asker: Option<&AccountId>,
        email: &str,
        message: Message,
    ) -> Decision<()> {
        self.send_for(asker, Recipient::Email(email.to_owned()), LetterContent::Ready(message))
    }

    /// The URL of the frontend's page for errors of social login.
    pub fn login_error_link(&self) -> String {
        render_link(&self.settings().headless.frontend_urls.socialaccount_login_error, "")
    }

    /// The URL of the sign-up page.
    pub(super) fn signup_link(&self) -> String {
        render_link(&self.settings().headless.frontend_urls.account_signup, "")
    }

    /// The URL of the password reset page.
    pub(super) fn password_reset_link(&self) -> String {
        render_link(&self.settings().headless.frontend_urls.account_reset_password, "")
    }

    /// Sends the mail `unknown_account`.
    pub(super) fn mail_unknown_account(&mut self, email: &str) -> Decision<()> {
        if !self.settings().account.email_unknown_accounts {
            return Ok(());
        }
        let signup_url = self.signup_link();
        self.mail(email, Message::UnknownAccount { signup_url })
    }

    /// Sends the mail `account_already_exists`.
    pub(super) fn mail_account_exists(&mut self, email: &str) -> Decision<()> {
        let password_reset_url = self.password_reset_link();
        self.mail(email, Message::AccountAlreadyExists { password_reset_url })
    }

    /// Notifies the owner of an account of a change (`ACCOUNT_EMAIL_NOTIFICATIONS`), at its primary address or at this
    /// one.
    pub(super) fn notify(&mut self, account: &Account, event: Event, at: Option<&str>) {
        if self.settings().account.email_notifications {
            self.notify_always(account, event, at);
        }
    }

    /// Notifies the owner of an account of a new means of authentication, whatever the settings: at all email
    /// addresses that the account had verified before, and where [`Self::notify`] would.
    pub(super) fn announce(&mut self, before: &Account, event: &Event, at: Option<&str>) {
        self.notify_all(before, event, before.verified_emails(), at);
    }

    /// The same, except to the email address that has just proved it by a mail of its own.
    pub(super) fn announce_elsewhere(&mut self, before: &Account, event: &Event, proved: &Recipient) {
        let others = before.verified_emails().filter(|email| proved.email() != Some(email));
        self.notify_all(before, event, others, None);
    }

    /// Notifies the owner of an account of an operator's change of what gives access to it, whatever the settings: at all
    /// email addresses that it had verified before, and at all that it has verified now.
    pub fn warn_owner(&mut self, before: &Account, change: AccessChange) -> Decision<()> {
        let after = self.account(&before.id)?.ok_or(Stop::Conflict)?.clone();
        let event = Event::ChangedByOperator { change };
        for email in before.verified_emails().chain(after.verified_emails()).collect::<BTreeSet<&str>>() {
            self.notify_always(&after, event.clone(), Some(email));
        }
        Ok(())
    }

    /// Notifies these email addresses, and where [`Self::notify`] would.
    fn notify_all<'e>(
        &mut self,
        account: &'e Account,
        event: &Event,
        emails: impl Iterator<Item = &'e str>,
        at: Option<&'e str>,
    ) {
        let usual = at.or_else(|| account.primary_email());
        let usual = usual.filter(|_| self.settings().account.email_notifications);
        for email in emails.chain(usual).collect::<BTreeSet<&str>>() {
            self.notify_always(account, event.clone(), Some(email));
        }
    }

    /// The same as [`Self::notify`], whatever the settings.
    pub(super) fn notify_always(&mut self, account: &Account, event: Event, at: Option<&str>) {
        let Some(email) = at.or_else(|| account.primary_email()).map(str::to_owned) else { return };
        let origin = Origin {
            at: self.now.seconds(),
            ip: self.visitor.ip.clone(),
            user_agent: self.visitor.short_user_agent(),
        };
        let message = Message::Notification { event, origin };
        let to = Recipient::Email(email);
        let profile = profile_for(self.settings(), account, &to);
        let language = language_for(self.settings(), account, &to);
        self.send_about(profile, language, to, LetterContent::Ready(message));
    }
}

/// The site's own field in which an account says its language.
const LANGUAGE: &str = "language";

/// What a mail may say of the recipient.
pub fn profile_for(settings: &Settings, account: &Account, to: &Recipient) -> ProfileValues {
    if is_known(account, to) {
        settings.account.profile_fields.mailed(&account.profile)
    } else {
        ProfileValues::new()
    }
}

/// The language in which a notification is written, whoever caused it: what the account says, if it is an enabled one.
fn language_for(settings: &Settings, account: &Account, to: &Recipient) -> Option<Language> {
    let profile = settings.account.profile_fields.listed(&account.profile);
    let said = profile.get(LANGUAGE)?.as_str().filter(|_| is_known(account, to))?;
    preferred(said, &settings.languages).cloned()
}

/// Only who has verified an email address is spoken to by what their account says: anybody else may have signed up with
/// it, to have a mail delivered that says what they want.
fn is_known(account: &Account, to: &Recipient) -> bool {
    to.email().is_some_and(|email| account.has_verified(Some(email)))
}

/// Fills a key into the URL of a page (`HEADLESS_FRONTEND_URLS`), in its path or in its query.
pub fn render_link(template: &str, key: &str) -> String {
    let at = template.find("{key}");
    let in_query = at.is_some_and(|at| template.get(..at).is_some_and(|before| before.contains('?')));
    let quoted = utf8_percent_encode(key, PATH).to_string();
    let quoted = if in_query { quoted.replace("%20", "+") } else { quoted.replace("%2F", "/") };
    template.replace("{key}", &quoted)
}

#[cfg(test)]
mod tests {
    use super::render_link;

    #[test]
    fn a_key_goes_into_the_path_or_the_query() {
        for (template, expected) in [
            ("https://a.example/verify/{key}", "https://a.example/verify/a%3Ab/c%20d"),
            ("https://a.example/verify?x=1&key={key}", "https://a.example/verify?x=1&key=a%3Ab%2Fc+d"),
            ("https://a.example/signup", "https://a.example/signup"),
        ] {
            assert_eq!(render_link(template, "a:b/c d"), expected);
        }
    }
}

//! Reauthentication: a recent proof of identity, required before sensitive operations.
//!
//! To be asked never means to pass: where an account has no method left, or none that is enabled, what asks is refused.

use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::AuthenticatorType;
use crate::domain::document::UnknownMembers;
use crate::domain::means::{Means, Unproved};
use crate::domain::message::Recipient;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method, Session};
use crate::secret::Secret;
use crate::settings::{Action, Settings};

/// The methods by which the user of an account can reauthenticate: those that the account has, as far as
/// `ACCOUNT_REAUTHENTICATION_METHODS` enables them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methods {
    /// Whether by its password.
    pub password: bool,
    /// The recipients of codes: its verified email addresses, in order, then its verified phone number.
    pub recipients: Vec<Recipient>,
    /// The kinds of authenticators it has.
    pub authenticators: Vec<AuthenticatorType>,
}

impl Methods {
    /// The methods of this account.
    pub fn of(settings: &Settings, account: &Account) -> Self {
        let enabled = settings.account.reauthentication_methods;
        let by_code = enabled.code && !settings.socialaccount.only;
        let by_mfa = enabled.mfa && settings.apps.mfa;
        Self {
            password: enabled.password && account.password.is_some(),
            recipients: if by_code { recipients(account) } else { Vec::new() },
            authenticators: if by_mfa { account.authenticator_types() } else { Vec::new() },
        }
    }

    const fn is_empty(&self) -> bool {
        !self.password && self.recipients.is_empty() && self.authenticators.is_empty()
    }
}

fn recipients(account: &Account) -> Vec<Recipient> {
    let phone = account.verified_phone().map(|number| Recipient::Phone(number.to_owned()));
    account.verified_emails().map(|email| Recipient::Email(email.to_owned())).chain(phone).collect()
}

const fn is_enabled(settings: &Settings, method: Method) -> bool {
    let enabled = settings.account.reauthentication_methods;
    match method {
        Method::Password => enabled.password,
        Method::Code => enabled.code,
        Method::Mfa => enabled.mfa,
        Method::PasswordReset | Method::SocialAccount => false,
    }
}

/// Stops a user who is logged in and comes by a method that is not enabled, before anything of it is used up.
pub fn require_enabled(visit: &Visit<'_>, method: Method) -> Decision<()> {
    let refused = visit.user().is_some() && !is_enabled(visit.settings(), method);
    if refused { Err(Stop::Forbidden) } else { Ok(()) }
}

/// Stops a user who has not reauthenticated lately, before they change their account (`ACCOUNT_REAUTHENTICATION_REQUIRED`).
pub fn require(visit: &Visit<'_>) -> Decision<()> {
    require_if(visit, visit.settings().account.reauthentication_required)
}

/// The same, for what another setting requires it for.
pub fn require_if(visit: &Visit<'_>, required: bool) -> Decision<()> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    let settings = visit.settings();
    let possible = !Methods::of(settings, user).is_empty();
    let passes = !required || possible && recent(visit, user).any(|record| counts(settings, record));
    if passes { Ok(()) } else { Err(Stop::ReauthenticationRequired) }
}

/// The same, for the first of its kind that an account gets, as a password: that asks whatever the settings say. Where they
/// do not require a reauthentication, a recent login is enough.
pub fn require_for_first(visit: &Visit<'_>, required: bool) -> Decision<()> {
    require_if(visit, required)?;
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    if is_proved(visit, user) { Ok(()) } else { Err(Stop::ReauthenticationRequired) }
}

/// The same whatever the settings, by something that the account had before this session logged in. Where the account has
/// no method to reauthenticate by, a recent login is enough: there is no other way to see or delete what is kept about it.
pub fn require_always(visit: &Visit<'_>) -> Decision<()> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    let settings = visit.settings();
    let possible = !Methods::of(settings, user).is_empty();
    let mut proofs = recent(visit, user).filter(|record| is_sound(visit.session(), user, record));
    let passes = proofs.any(|record| !possible || counts(settings, record));
    if passes { Ok(()) } else { Err(Stop::ReauthenticationRequired) }
}

/// Remembers of something that was just added to an account whether the user had proved lately who they are. If not, it
/// proves nothing to [`require_always`] in a session that is logged in already.
pub fn note(visit: &mut Visit<'_>, account: &AccountId, added: Means) -> Decision<()> {
    let Some(user) = visit.user().filter(|user| user.id == *account) else { return Ok(()) };
    let proved = is_proved(visit, user);
    let at = visit.now;
    let account = visit.account_mut(account)?;
    let mut unproved = std::mem::take(&mut account.unproved);
    unproved.retain(|other| other.means != added && account.has(&other.means));
    if !proved {
        unproved.push(Unproved { means: added, at, unknown: UnknownMembers::NONE });
    }
    account.unproved = unproved;
    Ok(())
}

/// What the user has proved in this session, however long ago, by what they had before.
pub fn proofs<'s>(session: &'s Session, user: &'s Account) -> impl Iterator<Item = &'s AuthenticationRecord> {
    session.records_of(&user.id).iter().filter(|record| is_sound(session, user, record))
}

/// Whether the user has logged in or reauthenticated lately.
fn is_proved(visit: &Visit<'_>, user: &Account) -> bool {
    recent(visit, user).any(|record| is_sound(visit.session(), user, record))
}

/// What the user has proved within `ACCOUNT_REAUTHENTICATION_TIMEOUT`.
fn recent<'v>(visit: &'v Visit<'_>, user: &Account) -> impl Iterator<Item = &'v AuthenticationRecord> {
    let (timeout, now) = (visit.settings().account.reauthentication_timeout, visit.now);
    visit.session().records_of(&user.id).iter().filter(move |record| !record.at.is_older_than(timeout, now))
}

/// Whether it was a reauthentication, by a method that is enabled.
const fn counts(settings: &Settings, record: &AuthenticationRecord) -> bool {
    record.reauthenticated && is_enabled(settings, record.method)
}

/// Whether it was proved by something that the account had before this session logged in, or got by a proof.
fn is_sound(session: &Session, user: &Account, record: &AuthenticationRecord) -> bool {
    let began = session.login().map(|login| login.at);
    let means = record.means();
    let made_up =
        |it: &Unproved| began.is_none_or(|began| it.at > began) && means.as_ref() == Some(&it.means);
    !user.unproved.iter().any(made_up)
}

/// Checks the password of the user.
pub fn check_password(visit: &mut Visit<'_>, user: &Account, password: &Secret) -> Decision<()> {
    let key = user.primary_email().or(user.username.as_deref()).unwrap_or(user.id.as_str());
    if !visit.consume(Action::LoginFailed, key)? {
        return Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of("password")));
    }
    if !visit.context.passwords.matches(password, user.password.as_ref()) {
        return Err(Stop::invalid(FieldErrorKind::IncorrectPassword.of("password")));
    }
    visit.roll_back(Action::LoginFailed, key)
}

/// Records that they reauthenticated by it.
pub fn record_password(visit: &mut Visit<'_>, user: &Account) {
    let mut record = AuthenticationRecord::new(Method::Password, visit.now);
    record.reauthenticated = true;
    visit.record(&user.id, record);
}

#[cfg(test)]
mod tests {
    use super::super::stages::{self, verify_email};
    use super::super::testing::{EMAIL, PASSWORD, World, codes};
    use super::super::{authenticators, connect, manage_email, password_change};
    use super::*;
    use crate::changes::LetterContent;
    use crate::domain::message::{Event, Message};
    use crate::domain::social::Profile;

    const STRANGER: &str = "thief@example.net";

    /// An account without a password, whose session has just logged in.
    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(settings);
        world.add(true, None);
        world.log_in();
        world.accounts.values_mut().for_each(|account| account.password = None);
        world
    }

    fn set_password(world: &mut World) -> Decision<()> {
        world.visit(|visit| {
            let required = visit.settings().account.reauthentication_required;
            require_for_first(visit, required)?;
            password_change::change(visit, &Secret::new("Correct-Horse-9"), false)
        })
    }

    fn reauthenticate(world: &mut World, record: &AuthenticationRecord) {
        let user = world.owner().id;
        world
            .visit(|visit| {
                let record = AuthenticationRecord { at: visit.now, reauthenticated: true, ..record.clone() };
                visit.record(&user, record);
                Ok(())
            })
            .unwrap();
    }

    fn by_code(world: &World, email: &str) -> AuthenticationRecord {
        let mut record = AuthenticationRecord::new(Method::Code, world.now);
        record.email = Some(email.to_owned());
        record
    }

    fn add_email(world: &mut World) {
        let user = world.owner().id;
        world.visit(|visit| manage_email::add(visit, &user, STRANGER)).unwrap();
        let code = world.code();
        world
            .visit(|visit| {
                let challenge = verify_email::resume(visit)?;
                let proof = verify_email::check(visit, challenge.as_ref(), &code)?;
                let next = verify_email::confirm(visit, challenge.as_ref(), &proof)?;
                stages::go_on(visit, next)
            })
            .unwrap();
    }

    #[test]
    fn to_be_asked_is_not_to_pass() {
        for methods in ["[]", "[\"password\"]", "[\"mfa\"]"] {
            let mut world = world(&[("ACCOUNT_REAUTHENTICATION_METHODS", methods)]);
            assert_eq!(world.visit(|visit| require_if(visit, false)), Ok(()));
            assert_eq!(world.visit(|visit| require_if(visit, true)), Err(Stop::ReauthenticationRequired));
            let record = by_code(&world, EMAIL);
            reauthenticate(&mut world, &record);
            assert_eq!(world.visit(|visit| require_if(visit, true)), Err(Stop::ReauthenticationRequired));
        }
    }

    #[test]
    fn methods_are_those_that_are_enabled_and_there() {
        let mut world = World::new(&[]);
        world.add(true, Some("+31612345678"));
        let methods = |world: &mut World| {
            let owner = world.owner();
            world.visit(|visit| Ok(Methods::of(visit.settings(), &owner))).unwrap()
        };
        let (email, phone) = (Recipient::Email(EMAIL.into()), Recipient::Phone("+31612345678".into()));
        assert_eq!(methods(&mut world).recipients, [email, phone]);
        assert!(methods(&mut world).password);
        world.accounts.values_mut().for_each(|account| {
            account.emails[0].verified = false;
            account.phone.as_mut().unwrap().verified = false;
            account.password = None;
        });
        assert!(methods(&mut world).is_empty());
    }

    #[test]
    fn a_first_password_asks_whatever_the_setting() {
        let mut fresh = world(&[]);
        set_password(&mut fresh).unwrap();
        let mut stale = world(&[]);
        stale.wait(301);
        assert_eq!(set_password(&mut stale), Err(Stop::ReauthenticationRequired));
        let record = by_code(&stale, EMAIL);
        reauthenticate(&mut stale, &record);
        set_password(&mut stale).unwrap();
        let mut required = world(&[("ACCOUNT_REAUTHENTICATION_REQUIRED", "true")]);
        assert_eq!(
            set_password(&mut required),
            Err(Stop::ReauthenticationRequired),
            "the contract wants more"
        );
    }

    #[test]
    fn a_first_authenticator_asks_whatever_the_setting() {
        let mut world = world(&[("MFA_REAUTHENTICATION_REQUIRED", "false")]);
        assert_eq!(world.visit(|visit| authenticators::require_for_adding(visit)), Ok(()));
        world.wait(301);
        assert_eq!(
            world.visit(|visit| authenticators::require_for_adding(visit)),
            Err(Stop::ReauthenticationRequired)
        );
    }

    #[test]
    fn what_a_stale_session_adds_proves_nothing_to_it() {
        let by_code_only = [("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")];
        let mut world = world(&by_code_only);
        world.wait(301);
        add_email(&mut world);
        let record = by_code(&world, STRANGER);
        reauthenticate(&mut world, &record);
        assert_eq!(world.visit(|visit| require_if(visit, true)), Ok(()), "the contract asks no more");
        assert_eq!(world.visit(|visit| require_always(visit)), Err(Stop::ReauthenticationRequired));
        assert_eq!(set_password(&mut world), Err(Stop::ReauthenticationRequired));
        let record = by_code(&world, EMAIL);
        reauthenticate(&mut world, &record);
        assert_eq!(world.visit(|visit| require_always(visit)), Ok(()));
    }

    #[test]
    fn what_its_owner_adds_is_a_proof_later() {
        let mut world = world(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]);
        add_email(&mut world);
        world.wait(301);
        assert_eq!(world.visit(|visit| require_always(visit)), Err(Stop::ReauthenticationRequired));
        let record = by_code(&world, STRANGER);
        reauthenticate(&mut world, &record);
        assert_eq!(world.visit(|visit| require_always(visit)), Ok(()));
    }

    #[test]
    fn a_service_that_a_stale_session_connects_is_no_login_to_it() {
        let mut world = world(&[("ACCOUNT_REAUTHENTICATION_METHODS", "password,mfa")]);
        world.wait(301);
        let user = world.owner().id;
        let profile = Profile { provider: "dummy".into(), uid: "7".into(), ..Profile::default() };
        world.visit(|visit| connect::connect(visit, &user, &profile, None)).unwrap();
        world
            .visit(|visit| {
                let mut record = AuthenticationRecord::new(Method::SocialAccount, visit.now);
                (record.provider, record.uid) = (Some("dummy".into()), Some("7".into()));
                visit.record(&user, record);
                visit.log_in(&user)
            })
            .unwrap();
        assert_eq!(world.visit(|visit| require_always(visit)), Err(Stop::ReauthenticationRequired));
        assert_eq!(set_password(&mut world), Err(Stop::ReauthenticationRequired));
    }

    #[test]
    fn additions_are_told_at_all_addresses_that_were_verified_before() {
        let mut world = world(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]);
        world.accounts.values_mut().for_each(|account| account.verify_address("spare@example.com", false));
        add_email(&mut world);
        let added = Message::Notification {
            event: Event::EmailAdded { email: STRANGER.into() },
            origin: world.origin(),
        };
        let told =
            world.letters.iter().filter(|letter| letter.content == LetterContent::Ready(added.clone()));
        let told: Vec<_> = told.map(|letter| letter.to.address()).collect();
        assert_eq!(told, [EMAIL, "spare@example.com"]);
        let before = world.letters.len();
        set_password(&mut world).unwrap();
        let told: Vec<_> = world.letters[before..].iter().map(|letter| letter.to.address()).collect();
        assert_eq!(told, [EMAIL, "spare@example.com", STRANGER]);
    }

    #[test]
    fn changes_ask_for_a_reauthentication_where_the_settings_do() {
        for (required, expected) in [("false", Ok(())), ("true", Err(Stop::ReauthenticationRequired))] {
            let mut world = world(&[("ACCOUNT_REAUTHENTICATION_REQUIRED", required)]);
            assert_eq!(world.visit(|visit| require(visit)), expected);
            let record = by_code(&world, EMAIL);
            reauthenticate(&mut world, &record);
            assert_eq!(world.visit(|visit| require(visit)), Ok(()));
            world.forget_session();
            assert_eq!(world.visit(|visit| require(visit)), Err(Stop::Unauthorized));
        }
    }

    #[test]
    fn a_method_that_is_not_enabled_is_refused_to_whoever_is_logged_in() {
        let methods =
            [Method::Password, Method::Code, Method::Mfa, Method::PasswordReset, Method::SocialAccount];
        for (enabled, method) in
            [("password", Method::Password), ("code", Method::Code), ("mfa", Method::Mfa)]
        {
            let mut world = world(&[("ACCOUNT_REAUTHENTICATION_METHODS", enabled)]);
            for tried in methods {
                let expected = if tried == method { Ok(()) } else { Err(Stop::Forbidden) };
                assert_eq!(
                    world.visit(|visit| require_enabled(visit, tried)),
                    expected,
                    "{enabled} {tried:?}"
                );
            }
            world.forget_session();
            assert_eq!(world.visit(|visit| require_enabled(visit, Method::Code)), Ok(()));
        }
    }

    #[test]
    fn wrong_passwords_are_limited_and_a_right_one_is_forgiven() {
        let mut world = World::new(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "2/5m/key"}"#)]);
        world.add(true, None);
        world.log_in();
        let check = |world: &mut World, password: &str| {
            let (user, password) = (world.owner(), Secret::new(password));
            world.visit(|visit| check_password(visit, &user, &password))
        };
        for _ in 0..3 {
            assert_eq!(check(&mut world, PASSWORD), Ok(()));
        }
        for _ in 0..2 {
            assert_eq!(codes(check(&mut world, "wrong")), ["incorrect_password"]);
        }
        assert_eq!(codes(check(&mut world, PASSWORD)), ["too_many_login_attempts"]);
    }
}

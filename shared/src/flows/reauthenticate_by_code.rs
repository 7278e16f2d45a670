//! Reauthenticating with a code that goes to a verified email address or phone number of the user.

use super::reauthenticate::Methods;
use super::stages::login_by_code;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::message::Recipient;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::settings::Action;

/// Checks that a code may go there now, and counts it.
pub fn check_recipient(visit: &mut Visit<'_>, user: &Account, to: &Recipient) -> Decision<()> {
    let (param, unknown) = match to {
        Recipient::Email(_) => ("email", FieldErrorKind::UnknownEmail),
        Recipient::Phone(_) => ("phone", FieldErrorKind::UnknownPhone),
    };
    if !Methods::of(visit.settings(), user).recipients.contains(to) {
        return Err(Stop::invalid(unknown.of(param)));
    }
    if !visit.consume(Action::RequestLoginCode, &counted_by(&user.id, to))? {
        return Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of(param)));
    }
    Ok(())
}

/// The key of the rate limit on codes for a user: login codes, which anybody can request, are counted apart.
pub fn counted_by(user: &AccountId, to: &Recipient) -> String {
    format!("{}\0{}", user.as_str(), to.address())
}

/// Sends a code, which replaces an earlier one.
pub fn request(visit: &mut Visit<'_>, user: &Account, to: Recipient) -> Decision<()> {
    let mut challenge = Challenge::new(to, Some(user), visit.now);
    login_by_code::send(visit, &mut challenge, false)?;
    visit.session_mut().reauthentication = Some(challenge);
    Ok(())
}

/// Whether a code is awaited from the user.
pub fn is_pending(visit: &Visit<'_>) -> bool {
    let timeout = visit.settings().account.login_by_code_timeout;
    let enabled = visit.settings().account.reauthentication_methods.code;
    let challenge = visit.session().reauthentication.as_ref();
    let waits = |challenge: &Challenge| {
        visit.user().map(|user| &user.id) == challenge.account.as_ref()
            && !challenge.is_expired(timeout, visit.now)
    };
    enabled && challenge.is_some_and(waits)
}

/// The code that is awaited; a conflict where there is none, or it is too old: then it is forgotten.
pub fn resume(visit: &mut Visit<'_>) -> Decision<Challenge> {
    if !is_pending(visit) && visit.session().reauthentication.is_some() {
        visit.session_mut().reauthentication = None;
    }
    visit.session().reauthentication.clone().ok_or(Stop::Conflict)
}

/// Sends another code, as often as `ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND` allows.
pub fn resend(visit: &mut Visit<'_>) -> Decision<()> {
    let mut challenge = resume(visit)?;
    if challenge.resend_count >= visit.settings().account.login_by_code_max_resend_count {
        return Err(Stop::Conflict);
    }
    login_by_code::send(visit, &mut challenge, true)?;
    challenge.resend_count += 1;
    visit.session_mut().reauthentication = Some(challenge);
    Ok(())
}

/// Whether an answer is the code that was sent, and went to where the user can still be reached.
pub fn is_right(visit: &Visit<'_>, user: &Account, challenge: &Challenge, answer: &str) -> Decision<bool> {
    let reachable = Methods::of(visit.settings(), user).recipients.contains(&challenge.to);
    Ok(login_by_code::is_right(visit, challenge, answer)? && reachable)
}

/// Counts a wrong answer; with the last one allowed the code is forgotten.
pub fn fail(visit: &mut Visit<'_>) -> Decision<()> {
    let mut challenge = resume(visit)?;
    let goes_on = challenge.fail(visit.settings().account.login_by_code_max_attempts);
    visit.session_mut().reauthentication = Some(challenge).filter(|_| goes_on);
    Ok(())
}

/// Records that the user reauthenticated with the code.
pub fn confirm(visit: &mut Visit<'_>, user: &Account, challenge: &Challenge) {
    let mut record = AuthenticationRecord::new(Method::Code, visit.now);
    record.email = challenge.email().map(str::to_owned);
    record.phone = challenge.phone().map(str::to_owned);
    record.reauthenticated = true;
    visit.record(&user.id, record);
    visit.session_mut().reauthentication = None;
}

#[cfg(test)]
mod tests {
    use super::super::reauthenticate;
    use super::super::testing::{EMAIL, World};
    use super::*;
    use crate::domain::email::EmailAddress;

    const PHONE: &str = "+31612345678";

    /// A user who is logged in.
    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(settings);
        world.add(true, Some(PHONE));
        world.log_in();
        world
    }

    fn ask(world: &mut World, to: &str) -> Decision<()> {
        let to = match to.strip_prefix('+') {
            Some(_) => Recipient::Phone(to.into()),
            None => Recipient::Email(to.into()),
        };
        let user = world.owner();
        world.visit(|visit| {
            check_recipient(visit, &user, &to)?;
            request(visit, &user, to.clone())
        })
    }

    /// Answers as the endpoint does; whether it was right.
    fn answer(world: &mut World, code: &str) -> Decision<bool> {
        let user = world.owner();
        world.visit(|visit| {
            let challenge = resume(visit)?;
            let right = is_right(visit, &user, &challenge, code)?;
            if right {
                confirm(visit, &user, &challenge);
            } else {
                fail(visit)?;
            }
            Ok(right)
        })
    }

    fn asks(world: &mut World) -> bool {
        world.visit(|visit| reauthenticate::require_if(visit, true)) == Err(Stop::ReauthenticationRequired)
    }

    /// Anybody can request login codes for an email address: that uses up nothing of its owner's.
    #[test]
    fn login_codes_are_counted_apart() {
        let mut world = world(&[]);
        let anonymous = |world: &mut World| {
            world.visit(|visit| login_by_code::find_account(visit, &Recipient::Email(EMAIL.into())))
        };
        for _ in 0..3 {
            anonymous(&mut world).unwrap();
        }
        assert!(anonymous(&mut world).is_err());
        for _ in 0..3 {
            ask(&mut world, EMAIL).unwrap();
        }
        assert!(ask(&mut world, EMAIL).is_err());
    }

    #[test]
    fn a_code_reauthenticates_once_and_for_a_while() {
        let mut world = world(&[]);
        assert!(asks(&mut world));
        ask(&mut world, EMAIL).unwrap();
        let code = world.code();
        assert_eq!(answer(&mut world, &code.to_lowercase()), Ok(true));
        let records = world.session().records.unwrap().records;
        let record = records.last().unwrap();
        assert_eq!(
            (record.method, record.email.as_deref(), record.reauthenticated),
            (Method::Code, Some(EMAIL), true)
        );
        assert!(!asks(&mut world));
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        world.wait(301);
        assert!(asks(&mut world));
    }

    #[test]
    fn only_verified_recipients_get_one() {
        let mut world = world(&[]);
        for account in world.accounts.values_mut() {
            let email = "spare@example.com".to_owned();
            account.emails.push(EmailAddress::new(email));
            account.phone.as_mut().unwrap().verified = false;
        }
        for (to, refusal) in [
            ("spare@example.com", FieldErrorKind::UnknownEmail.of("email")),
            ("stranger@example.com", FieldErrorKind::UnknownEmail.of("email")),
            (PHONE, FieldErrorKind::UnknownPhone.of("phone")),
        ] {
            assert_eq!(ask(&mut world, to), Err(Stop::invalid(refusal)));
        }
        world.accounts.values_mut().for_each(|account| account.verify_phone(PHONE));
        ask(&mut world, PHONE).unwrap();
        let code = world.code();
        assert_eq!(answer(&mut world, &code), Ok(true));
    }

    #[test]
    fn recipients_have_a_limit_of_their_own() {
        let mut world = world(&[]);
        let mut outcomes = (0..4).map(|_| ask(&mut world, EMAIL)).collect::<Vec<_>>();
        assert_eq!(
            outcomes.pop(),
            Some(Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of("email"))))
        );
        assert_eq!(outcomes, [Ok(()), Ok(()), Ok(())]);
    }

    #[test]
    fn wrong_answers_use_it_up_whatever_is_sent_again() {
        let mut world = world(&[("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "1")]);
        ask(&mut world, EMAIL).unwrap();
        let first = world.code();
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        world.visit(resend).unwrap();
        assert_eq!(world.visit(resend), Err(Stop::Conflict));
        assert_eq!(answer(&mut world, &first), Ok(false));
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        let second = world.code();
        assert_eq!(answer(&mut world, &second), Err(Stop::Conflict));
    }

    #[test]
    fn a_code_ends_with_its_time_its_recipient_and_its_session() {
        let mut world = world(&[]);
        ask(&mut world, EMAIL).unwrap();
        let code = world.code();
        world.wait(181);
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert_eq!(world.session().reauthentication, None);

        ask(&mut world, PHONE).unwrap();
        let code = world.code();
        world.accounts.values_mut().for_each(|account| account.phone = None);
        assert_eq!(answer(&mut world, &code), Ok(false));

        ask(&mut world, EMAIL).unwrap();
        let code = world.code();
        world.forget_session();
        world.log_in();
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
    }
}

//! What a site wants to know of a user: the additional claims of access tokens (`HEADLESS_JWT_CLAIMS`), which the
//! authorizer says as well.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reauthenticate;
use super::visit::Visit;
use crate::domain::account::Account;
use crate::domain::authenticator::AuthenticatorType;
use crate::domain::session::{AuthenticationRecord, Method, Session};
use crate::domain::time::Timestamp;
use crate::settings::{ClaimSource, Settings};

/// The claims about the authenticated user.
pub fn of_user(visit: &Visit<'_>) -> Map<String, Value> {
    visit.user().map(|user| about(visit.settings(), user, visit.session())).unwrap_or_default()
}

/// The claims about this account in this session. A claim without a value is left out.
pub fn about(settings: &Settings, account: &Account, session: &Session) -> Map<String, Value> {
    let claims = &settings.headless.jwt.claims.0;
    claims
        .iter()
        .filter_map(|(name, source)| Some((name.clone(), value(settings, source, account, session)?)))
        .collect()
}

fn value(settings: &Settings, source: &ClaimSource, account: &Account, session: &Session) -> Option<Value> {
    match source {
        ClaimSource::Email => verified_email(account).map(Value::from),
        ClaimSource::EmailVerified => Some(verified_email(account).is_some().into()),
        ClaimSource::Username => account.username.clone().map(Value::from),
        ClaimSource::Phone => account.verified_phone().map(Value::from),
        ClaimSource::PhoneVerified => Some(account.verified_phone().is_some().into()),
        ClaimSource::Superuser => Some(account.superuser.into()),
        ClaimSource::Amr => Some(methods(session, account).into_iter().collect()),
        ClaimSource::AuthTime => last_proof(session, account).map(|at| at.seconds().into()),
        ClaimSource::ReauthenticatedAt => {
            let again = reauthenticate::proofs(session, account).filter(|record| record.reauthenticated);
            again.map(|record| record.at.seconds()).max().map(Value::from)
        }
        ClaimSource::Profile(name) => {
            let field = settings.account.profile_fields.get(name)?;
            Some(field.value(&account.profile)).filter(|value| !value.is_null())
        }
    }
}

/// The primary email address, if it is verified: other services take it for whose it is.
pub fn verified_email(account: &Account) -> Option<&str> {
    account.primary_email().filter(|email| account.has_verified(Some(email)))
}

/// The time of the last proof. A session that began with a sign-up has none until its user reauthenticates: it began then.
fn last_proof(session: &Session, account: &Account) -> Option<Timestamp> {
    let began = session.login().map(|login| login.at);
    reauthenticate::proofs(session, account).map(|record| record.at).max().or(began)
}

/// The authentication method references (RFC 8176) of what was proved.
fn methods(session: &Session, account: &Account) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    let (mut by_mfa, mut otherwise) = (false, false);
    for record in reauthenticate::proofs(session, account) {
        names.extend(reference(record));
        by_mfa |= record.method == Method::Mfa;
        otherwise |= record.method != Method::Mfa;
        if (by_mfa && otherwise) || record.authenticator.is_some_and(|used| used.passwordless) {
            names.insert("mfa");
        }
    }
    names
}

fn reference(record: &AuthenticationRecord) -> Option<&'static str> {
    match record.method {
        Method::Password => Some("pwd"),
        Method::Code if record.phone.is_some() => Some("sms"),
        Method::Code | Method::PasswordReset => Some("otp"),
        Method::Mfa => record.authenticator.map(|used| match used.kind {
            AuthenticatorType::WebAuthn => "pop",
            AuthenticatorType::Totp | AuthenticatorType::RecoveryCodes => "otp",
        }),
        Method::SocialAccount => Some("fed"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{EMAIL, World};
    use super::*;
    use crate::domain::document::UnknownMembers;
    use crate::domain::means::{Means, Unproved};
    use crate::domain::session::UsedAuthenticator;

    const ALL: &str = r#"{"email": "email", "email_verified": "email_verified", "name": "username", "phone": "phone",
        "phone_verified": "phone_verified", "admin": "superuser", "amr": "amr", "auth_time": "auth_time",
        "again": "reauthenticated_at"}"#;
    const PHONE: &str = "+31612345678";

    /// An account, and a session that began without a proof, as with a sign-up.
    fn signed_up(verified: bool) -> (World, Account, Session) {
        let mut world = World::new(&[("HEADLESS_JWT_CLAIMS", ALL)]);
        let id = world.add(verified, Some(PHONE));
        world.visit(|visit| visit.log_in(&id)).unwrap();
        let (account, session) = (world.owner(), world.session());
        (world, account, session)
    }

    fn claims(account: &Account, session: &Session) -> Value {
        let settings = Settings::read([("HEADLESS_JWT_CLAIMS".into(), ALL.into())]).unwrap().settings;
        about(&settings, account, session).into()
    }

    fn proof(method: Method, at: Timestamp) -> AuthenticationRecord {
        AuthenticationRecord::new(method, at)
    }

    fn by(kind: AuthenticatorType, passwordless: bool, at: Timestamp) -> AuthenticationRecord {
        let used = UsedAuthenticator { id: 1, kind, passwordless };
        AuthenticationRecord { authenticator: Some(used), ..proof(Method::Mfa, at) }
    }

    #[test]
    fn nothing_unverified_is_told_and_nothing_absent() {
        let (world, account, session) = signed_up(false);
        let expected = json!({"email_verified": false, "phone_verified": false, "admin": false, "amr": [],
            "auth_time": world.now.seconds()});
        assert_eq!(claims(&account, &session), expected);
        let (world, mut account, session) = signed_up(true);
        account.username = Some("ann".into());
        account.superuser = true;
        let expected = json!({"email": EMAIL, "email_verified": true, "name": "ann", "phone": PHONE,
            "phone_verified": true, "admin": true, "amr": [], "auth_time": world.now.seconds()});
        assert_eq!(claims(&account, &session), expected);
    }

    #[test]
    fn methods_have_the_names_of_rfc_8176() {
        use AuthenticatorType::{RecoveryCodes, Totp, WebAuthn};
        let (world, account, session) = signed_up(true);
        let at = world.now;
        let text = AuthenticationRecord { phone: Some(PHONE.into()), ..proof(Method::Code, at) };
        for (records, expected) in [
            (vec![proof(Method::Password, at)], json!(["pwd"])),
            (vec![proof(Method::Code, at)], json!(["otp"])),
            (vec![text], json!(["sms"])),
            (vec![proof(Method::PasswordReset, at)], json!(["otp"])),
            (vec![proof(Method::SocialAccount, at)], json!(["fed"])),
            (vec![by(WebAuthn, true, at)], json!(["mfa", "pop"])),
            (vec![proof(Method::Password, at), proof(Method::Code, at)], json!(["otp", "pwd"])),
            (vec![proof(Method::Password, at), by(Totp, false, at)], json!(["mfa", "otp", "pwd"])),
            (vec![proof(Method::Code, at), by(RecoveryCodes, false, at)], json!(["mfa", "otp"])),
            // A user who is logged in reauthenticates by one factor alone.
            (vec![by(Totp, false, at)], json!(["otp"])),
        ] {
            let mut session = session.clone();
            for record in &records {
                session.record(&account.id, record.clone());
            }
            assert_eq!(claims(&account, &session)["amr"], expected, "{records:?}");
        }
    }

    #[test]
    fn times_are_those_of_the_last_proofs() {
        let (mut world, account, mut session) = signed_up(true);
        world.wait(10);
        session.record(&account.id, proof(Method::Password, world.now));
        let told = claims(&account, &session);
        assert_eq!((&told["auth_time"], told.get("again")), (&json!(world.now.seconds()), None));
        world.wait(10);
        let again = AuthenticationRecord { reauthenticated: true, ..proof(Method::Password, world.now) };
        session.record(&account.id, again);
        let told = claims(&account, &session);
        assert_eq!(
            (&told["auth_time"], &told["again"]),
            (&json!(world.now.seconds()), &json!(world.now.seconds()))
        );
    }

    #[test]
    fn fields_of_the_site_are_told_with_their_defaults() {
        let (world, mut account, session) = signed_up(true);
        let told = |account: &Account| {
            let variables = [
                ("HEADLESS_JWT_CLAIMS", r#"{"role": "profile.role", "team": "profile.team"}"#),
                (
                    "ACCOUNT_PROFILE_FIELDS",
                    r#"{
                        "role": {"type": "text", "default": "customer", "write": "operator"},
                        "team": {"type": "integer"}
                    }"#,
                ),
            ];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Value::from(about(&Settings::read(variables).unwrap().settings, account, &session))
        };
        assert!(world.owner().profile.is_empty());
        assert_eq!(told(&account), json!({"role": "customer"}));
        account.profile.insert("role".to_owned(), json!("editor"));
        account.profile.insert("team".to_owned(), json!(7));
        assert_eq!(told(&account), json!({"role": "editor", "team": 7}));
    }

    /// Whoever has found an open session adds an authenticator of their own, and reauthenticates by that.
    #[test]
    fn what_was_made_on_the_spot_proves_nothing() {
        let (mut world, mut account, mut session) = signed_up(true);
        let before = claims(&account, &session);
        world.wait(10);
        let made = Unproved { means: Means::Authenticator(1), at: world.now, unknown: UnknownMembers::NONE };
        account.unproved.push(made);
        let again = AuthenticationRecord {
            reauthenticated: true,
            ..by(AuthenticatorType::WebAuthn, true, world.now)
        };
        session.record(&account.id, again);
        assert_eq!(claims(&account, &session), before);
    }
}

//! The challenge that a session was given for a key to sign. There is one at a time, and it is good for once: it goes
//! with the commit that grants what it proves.

use std::time::Duration;

use vestibule::domain::document::UnknownMembers;
use vestibule::domain::session::KeyChallenge;
use vestibule::flows::visit::Visit;

use crate::ceremony::{decode, encode};

/// How long a challenge is good for: the most that the standard recommends to give people (15.1), as some need long.
const LIFETIME: Duration = Duration::from_secs(600);

/// A challenge that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// What is to be signed: 256 random bits.
    pub(crate) bytes: Vec<u8>,
    /// Whether the authenticator has to check who is there.
    pub(crate) user_verification: bool,
}

/// Gives the session a new one, in the place of the one before.
pub(crate) fn give(visit: &mut Visit<'_>, user_verification: bool) -> [u8; 32] {
    let bytes = visit.context.random.bytes();
    let at = visit.now;
    visit.session_mut().key_challenge = Some(KeyChallenge {
        challenge: encode(&bytes),
        user_verification,
        at,
        unknown: UnknownMembers::NONE,
    });
    bytes
}

/// The one that the session was given, unless that was too long ago.
pub(crate) fn given(visit: &Visit<'_>) -> Option<Given> {
    let kept = visit.session().key_challenge.as_ref()?;
    if kept.at.is_older_than(LIFETIME, visit.now) {
        return None;
    }
    Some(Given { bytes: decode(&kept.challenge)?, user_verification: kept.user_verification })
}

/// Takes it away, as it was signed.
pub(crate) fn use_up(visit: &mut Visit<'_>) {
    visit.session_mut().key_challenge = None;
}

#[cfg(test)]
mod tests {
    use vestibule::domain::time::Timestamp;
    use vestibule::flows::visit::{ClientKind, Context, Visitor};
    use vestibule::password::Passwords;
    use vestibule::random::Random;
    use vestibule::secret::Secret;
    use vestibule::settings::Settings;
    use vestibule::signing::Keys;
    use vestibule::snapshot::Loaded;

    use super::*;

    #[test]
    fn a_challenge_is_good_for_ten_minutes() {
        let settings = Settings::read([]).unwrap().settings;
        let (random, keys) = (Random::system(), Keys::new(Secret::new("a-secret-of-this-test")));
        let passwords = Passwords::new(&settings.passwords.argon2, &random);
        let context =
            Context { settings: &settings, keys: &keys, random: &random, passwords: &passwords, jwt: None };
        let visitor = Visitor {
            client: ClientKind::App,
            ip: "192.0.2.1".into(),
            user_agent: "test".into(),
            language: None,
            base_url: "https://api.example.com".into(),
            presents_token: false,
            token: None,
            more_tokens: Vec::new(),
            trust: Vec::new(),
            session: None,
        };
        let loaded = Loaded::default();
        let mut visit = Visit::open(context, &visitor, &loaded, Timestamp::from_millis(0)).unwrap();
        let bytes = give(&mut visit, true);
        visit.now = Timestamp::from_millis(600_000);
        assert_eq!(given(&visit).unwrap().bytes, bytes);
        visit.now = Timestamp::from_millis(600_001);
        assert!(given(&visit).is_none());
    }
}

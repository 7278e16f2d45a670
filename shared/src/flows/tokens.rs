//! Getting another access token with a refresh token.

use serde_json::{Map, Value};

use super::claims;
use super::visit::{Decision, Visit};
use crate::domain::event::EventType;
use crate::domain::session::{RefreshUse, TokenPair};
use crate::domain::token::SessionKey;
use crate::jwt::Claims;

/// What a refresh token brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// The session that the tokens are about.
    pub session: SessionKey,
    /// The tokens.
    pub pair: TokenPair,
    /// Whether the refresh token is another one.
    pub rotated: bool,
    /// The claims of the site, as they are now.
    pub claims: Map<String, Value>,
}

/// Uses a refresh token; none when it is good no more. One that was used before ends its session, and with it all
/// tokens of the session: it was stolen.
pub fn refresh(visit: &mut Visit<'_>, token: &Claims) -> Decision<Option<Refreshed>> {
    let Some(key) = token.session().filter(|_| !token.has_expired(visit.now)) else { return Ok(None) };
    let Some((mut session, login)) = visit.valid_session(&key)? else { return Ok(None) };
    let Some(family) = session.tokens.take().filter(|_| key.account.as_ref() == Some(&login.account)) else {
        return Ok(None);
    };
    let account = visit.account(&login.account)?;
    let claims = account.map(|user| claims::about(visit.settings(), user, &session)).unwrap_or_default();
    let seen = visit.saw(&mut session);
    let settings = &visit.settings().headless.jwt;
    let rotated = settings.rotate_refresh_token;
    match family.judge(&token.jti, settings.refresh_grace, visit.now) {
        RefreshUse::Current if rotated => {
            let pair = visit.new_pair();
            session.tokens = Some(family.rotated(pair.clone()));
            visit.change_session(&key, session);
            Ok(Some(Refreshed { session: key, pair, rotated, claims }))
        }
        RefreshUse::Current => {
            session.tokens = Some(family);
            if seen {
                visit.change_session(&key, session);
            } else {
                visit.keep_alive(&key, session);
            }
            Ok(Some(Refreshed { session: key, pair: visit.new_pair(), rotated, claims }))
        }
        RefreshUse::Repeated => {
            Ok(Some(Refreshed { session: key, pair: family.current, rotated: true, claims }))
        }
        RefreshUse::Reused => {
            tracing::warn!("a refresh token was used again: its session has ended");
            visit.note_event(&login.account, EventType::TokenReused {});
            visit.end_session(&key);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::login::{self, Identifier};
    use super::super::testing::{EMAIL, PASSWORD, World};
    use super::*;
    use crate::jwt::TokenUse;
    use crate::secret::Secret;

    const JWT: [(&str, &str); 2] = [("HEADLESS_TOKEN_STRATEGY", "jwt"), ("HEADLESS_JWT_ALGORITHM", "HS256")];

    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(&[&JWT, settings].concat());
        world.add(true, None);
        world
    }

    /// Logs in; the refresh token.
    fn log_in(world: &mut World) -> Claims {
        let who = Identifier::Email(EMAIL.into());
        let pair = world.visit(|visit| {
            let account = login::authenticate(visit, &who, &Secret::new(PASSWORD))?;
            login::log_in(visit, account, who.clone(), &Secret::new(PASSWORD))?;
            Ok(visit.issued().cloned())
        });
        let family = world.session().tokens.unwrap();
        assert_eq!(pair.unwrap().as_ref(), Some(&family.current));
        claims(world, &family.current)
    }

    fn claims(world: &World, pair: &TokenPair) -> Claims {
        let session = world.key().unwrap();
        Claims {
            iat: pair.issued_at.seconds(),
            exp: pair.issued_at.seconds() + 86400,
            sid: session.hash,
            jti: pair.refresh_id.clone(),
            token_use: TokenUse::Refresh,
            sub: session.account.unwrap().as_str().to_owned(),
            iss: None,
            aud: None,
            own: Map::new(),
        }
    }

    fn refresh(world: &mut World, claims: &Claims) -> Option<TokenPair> {
        world.visit(|visit| super::refresh(visit, claims)).unwrap().map(|refreshed| refreshed.pair)
    }

    #[test]
    fn refreshing_extends_no_session_beyond_its_maximum_age() {
        for rotates in ["true", "false"] {
            let settings = [("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", rotates), ("SESSION_COOKIE_AGE", "1000")];
            let mut world = world(&[&settings[..], &[("SESSION_MAX_AGE", "2500")]].concat());
            let mut token = log_in(&mut world);
            for _ in 0..4 {
                world.wait(600);
                let pair = refresh(&mut world, &token).expect(rotates);
                token = claims(&world, &pair);
                if rotates == "false" {
                    token.jti = world.session().tokens.unwrap().current.refresh_id;
                }
            }
            world.wait(100);
            assert_eq!(refresh(&mut world, &token), None, "{rotates}");
        }
    }

    #[test]
    fn each_use_brings_the_next() {
        let mut world = world(&[]);
        let first = log_in(&mut world);
        let second = refresh(&mut world, &first).unwrap();
        assert_ne!(second.refresh_id, first.jti);
        let second = claims(&world, &second);
        assert!(refresh(&mut world, &second).is_some());
        assert!(world.is_logged_in());
    }

    #[test]
    fn a_repeated_use_brings_the_same_for_a_while() {
        let mut world = world(&[]);
        let first = log_in(&mut world);
        let pair = refresh(&mut world, &first);
        world.wait(29);
        assert_eq!(refresh(&mut world, &first), pair);
    }

    #[test]
    fn a_use_of_what_was_used_before_ends_the_session() {
        for (grace, wait) in [("10", 11), ("0", 0)] {
            let mut world = world(&[("HEADLESS_JWT_REFRESH_GRACE", grace)]);
            let first = log_in(&mut world);
            let second = refresh(&mut world, &first).unwrap();
            let second = claims(&world, &second);
            world.wait(wait);
            assert_eq!(refresh(&mut world, &first), None);
            assert!(!world.is_logged_in());
            assert_eq!(refresh(&mut world, &second), None);
        }
    }

    #[test]
    fn one_that_was_replaced_twice_is_stolen_however_lately() {
        let mut world = world(&[]);
        let first = log_in(&mut world);
        let second = refresh(&mut world, &first).unwrap();
        let second = claims(&world, &second);
        refresh(&mut world, &second).unwrap();
        assert_eq!(refresh(&mut world, &first), None);
        assert!(!world.is_logged_in());
    }

    #[test]
    fn without_rotation_one_is_good_until_it_expires() {
        let mut world = world(&[("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", "false")]);
        let token = log_in(&mut world);
        let kept = world.session().tokens;
        for _ in 0..3 {
            world.wait(1000);
            assert!(refresh(&mut world, &token).is_some());
            assert_eq!(world.session().tokens, kept);
        }
        world.wait(86400);
        assert_eq!(refresh(&mut world, &token), None);
    }

    #[test]
    fn without_rotation_a_session_lasts_as_long_as_it_is_refreshed() {
        let mut world =
            world(&[("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", "false"), ("SESSION_COOKIE_AGE", "1000")]);
        let token = log_in(&mut world);
        let kept = world.session();
        for _ in 0..5 {
            world.wait(900);
            assert!(refresh(&mut world, &token).is_some());
            assert_eq!(world.session(), kept);
        }
        world.wait(1000);
        assert_eq!(refresh(&mut world, &token), None);
    }

    /// `USERSESSIONS_TRACK_ACTIVITY`: a refresh is activity, and is written once a minute at most.
    #[test]
    fn a_refresh_is_activity() {
        for rotates in ["true", "false"] {
            let mut world = world(&[
                ("USERSESSIONS_TRACK_ACTIVITY", "true"),
                ("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", rotates),
            ]);
            let mut token = log_in(&mut world);
            for (wait, writes) in [(59, rotates == "true"), (2, true), (59, rotates == "true")] {
                world.wait(wait);
                let before = world.session();
                let pair = refresh(&mut world, &token).unwrap();
                let seen = world.session().login().unwrap().last_seen_at;
                assert_eq!(seen == world.now, writes, "{wait} s, rotates: {rotates}");
                assert_eq!(world.session() == before, !writes);
                if rotates == "true" {
                    token = claims(&world, &pair);
                }
            }
        }
    }

    #[test]
    fn no_token_outlives_its_session() {
        let mut world = world(&[]);
        let token = log_in(&mut world);
        let other = Claims { sub: "somebody-else".into(), ..token.clone() };
        assert_eq!(refresh(&mut world, &other), None);
        let id = world.accounts.keys().next().unwrap().clone();
        world.accounts.get_mut(&id).unwrap().active = false;
        assert_eq!(refresh(&mut world, &token), None);
        world.accounts.get_mut(&id).unwrap().active = true;
        world.accounts.get_mut(&id).unwrap().session_epoch += 1;
        assert_eq!(refresh(&mut world, &token), None);
    }

    #[test]
    fn nothing_is_issued_to_who_was_logged_in_before() {
        let mut world = world(&[]);
        log_in(&mut world);
        let id = world.accounts.keys().next().unwrap().clone();
        let issued = world.visit(|visit| {
            visit.log_in(&id)?;
            Ok(visit.issued().cloned())
        });
        assert_eq!(issued, Ok(None));
    }
}

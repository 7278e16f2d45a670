//! Pending authorization requests at providers.
//!
//! The session keeps a hash of the `state` that comes back with the browser, and what it is bound to: the service, what it
//! is for, the page it ends at, and who was logged in. All other secrets follow from the state.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::visit::Visit;
use crate::domain::document::UnknownMembers;
use crate::domain::social::{AuthorizationRequest, Process, RequestSecrets};
use crate::secret::Secret;

/// The target of an authorization request.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The id of the provider.
    pub provider: String,
    /// The process: login or connect.
    pub process: Process,
    /// The URL of the frontend to redirect to at the end.
    pub callback_url: String,
    /// The redirect URI.
    pub redirect_uri: String,
}

/// Creates an authorization request. The session does not know of it before [`begin`].
pub fn plan(visit: &Visit<'_>, to: Destination) -> (AuthorizationRequest, RequestSecrets) {
    let state = visit.context.keys.new_state(visit.context.random);
    let journey = AuthorizationRequest {
        state: hash(state.expose()),
        provider: to.provider,
        process: to.process,
        callback_url: to.callback_url,
        redirect_uri: to.redirect_uri,
        account: visit.user().map(|user| user.id.clone()),
        began_at: visit.now,
        unknown: UnknownMembers::NONE,
    };
    (journey, visit.context.keys.secrets(state))
}

/// Stores an authorization request in the session. Every tab may have one; of more than [`AuthorizationRequest::MOST`] the oldest
/// is given up.
pub fn begin(visit: &mut Visit<'_>, journey: AuthorizationRequest) {
    let now = visit.now;
    let journeys = &mut visit.session_mut().journeys;
    journeys.retain(|journey| !journey.is_over(now));
    journeys.push(journey);
    let surplus = journeys.len().saturating_sub(AuthorizationRequest::MOST);
    journeys.drain(..surplus);
}

/// Takes the authorization request of a `state`, which is invalidated. None for a state that is not of this session,
/// of another provider, or expired.
pub fn end(
    visit: &mut Visit<'_>,
    state: &str,
    is_from: impl Fn(&str) -> bool,
) -> Option<(AuthorizationRequest, RequestSecrets)> {
    let hash = hash(state);
    let position = |journey: &AuthorizationRequest| journey.state == hash && is_from(&journey.provider);
    let at = visit.session().journeys.iter().position(position)?;
    let journey = visit.session_mut().journeys.remove(at);
    let secrets = visit.context.keys.secrets(Secret::new(state));
    (!journey.is_over(visit.now)).then_some((journey, secrets))
}

/// A fast hash is enough, as a state can't be guessed.
fn hash(state: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(state))
}

#[cfg(test)]
mod tests {
    use super::super::testing::World;
    use super::*;

    fn to(provider: &str) -> Destination {
        Destination {
            provider: provider.into(),
            process: Process::Login,
            callback_url: "https://www.example.com/back".into(),
            redirect_uri: "https://api.example.com/accounts/x/login/callback/".into(),
        }
    }

    fn depart(world: &mut World, provider: &str) -> String {
        world
            .visit(|visit| {
                let (journey, secrets) = plan(visit, to(provider));
                begin(visit, journey);
                Ok(secrets.state.expose().to_owned())
            })
            .unwrap()
    }

    fn arrive(world: &mut World, state: &str, from: &str) -> Option<(AuthorizationRequest, RequestSecrets)> {
        world.visit(|visit| Ok(end(visit, state, |provider| provider == from))).unwrap()
    }

    #[test]
    fn a_state_is_good_once() {
        let mut world = World::new(&[]);
        let state = depart(&mut world, "a");
        assert!(arrive(&mut world, "invented", "a").is_none());
        let (journey, secrets) = arrive(&mut world, &state, "a").unwrap();
        assert_eq!((journey.provider.as_str(), journey.process), ("a", Process::Login));
        assert_eq!((secrets.state.expose(), secrets.verifier.expose().len()), (state.as_str(), 43));
        assert_ne!(secrets.verifier.expose(), secrets.nonce.expose());
        assert!(arrive(&mut world, &state, "a").is_none());
    }

    #[test]
    fn a_state_is_for_one_service_and_one_session() {
        let mut world = World::new(&[]);
        let state = depart(&mut world, "a");
        assert!(arrive(&mut world, &state, "b").is_none());
        let session = world.session();
        world.forget_session();
        assert!(arrive(&mut world, &state, "a").is_none());
        assert_eq!(session.journeys.len(), 1, "what others try does not use it up");
    }

    #[test]
    fn a_state_is_not_kept_as_it_is() {
        let mut world = World::new(&[]);
        let state = depart(&mut world, "a");
        assert!(!serde_json::to_string(&world.session()).unwrap().contains(&state));
    }

    #[test]
    fn a_state_expires() {
        let mut world = World::new(&[]);
        let early = depart(&mut world, "a");
        let late = depart(&mut world, "a");
        world.wait(600);
        assert!(arrive(&mut world, &early, "a").is_some());
        world.wait(1);
        assert!(arrive(&mut world, &late, "a").is_none());
    }

    #[test]
    fn there_can_be_ten_tabs_on_their_way() {
        let mut world = World::new(&[]);
        let states: Vec<String> = (0..11).map(|_| depart(&mut world, "a")).collect();
        assert!(arrive(&mut world, &states[0], "a").is_none());
        for state in &states[1..] {
            assert!(arrive(&mut world, state, "a").is_some());
        }
    }
}

//! Access and refresh tokens: what clients were given, and what becomes of each that they show. One is accepted if its
//! session is valid, and only then.

use std::collections::{BTreeMap, HashMap};

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use vestibule::jwt::{Claims, TokenUse, install};
use vestibule_tests::Answer;

use crate::person::{Actor, text};
use crate::processes::MOST_SKEW;
use crate::steps::{Intent, Sending, Step};
use crate::table::{LoggedIn, Table, hash_of};

/// Whom access tokens are for.
pub const AUDIENCE: &str = "orders";

/// How many seconds clocks may be apart, and a request may take.
const UNSURE: i64 = 2 * MOST_SKEW / 1000 + 12;

/// What is remembered of tokens.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Whether a refresh token is used once.
    rotates: bool,
    /// For how long it brings the same again, in seconds.
    grace: i64,
    /// All that clients were given.
    issued: BTreeMap<String, Claims>,
    /// The refresh token that each brought, and the round in which it first did.
    brought: BTreeMap<String, (String, u32)>,
    /// The published keys, as they were last read.
    keys: Option<JwkSet>,
    /// What was shown in this round.
    shown: Vec<Shown>,
    /// The sessions that were valid after the last round.
    before: Valid,
}

/// The sessions that are valid, by their hashes, with their accounts.
type Valid = BTreeMap<String, String>;

/// What was shown in proof of a session, and what came of it.
#[derive(Clone, Debug)]
struct Shown {
    /// The hash of the session.
    session: String,
    outcome: Outcome,
    /// The request, for a failure.
    told: String,
}

#[derive(Clone, Debug)]
enum Outcome {
    /// It was accepted for this account.
    Accepted(String),
    /// It was refused.
    Refused,
    /// It was refused, which ends its session.
    Ended,
}

impl Tokens {
    /// None yet.
    pub fn new(variables: &HashMap<String, String>) -> Self {
        let rotates = variables["HEADLESS_JWT_ROTATE_REFRESH_TOKEN"] == "true";
        let grace = variables["HEADLESS_JWT_REFRESH_GRACE"].parse().expect("a number of seconds");
        Self { rotates, grace, ..Self::default() }
    }

    /// Takes an answer for what it says of tokens. `held`: the session token of the client that asked.
    pub fn note(
        &mut self,
        intent: &Intent,
        answer: &Answer,
        held: Option<&str>,
        actor: &mut Actor,
        sending: Sending,
    ) {
        match intent.step {
            Step::GetKeys if answer.status == 200 => {
                self.keys = serde_json::from_value(answer.body.clone()).ok();
                assert!(self.keys.is_some(), "no keys are published: {}", answer.text);
            }
            Step::RefreshTokens => self.note_refreshed(intent, answer, sending),
            Step::GetSessionByToken | Step::AskGuard => self.note_shown(intent, answer, held, sending),
            _ => {}
        }
        let part = &answer.body[if intent.step == Step::RefreshTokens { "data" } else { "meta" }];
        let Some(access) = text(&part["access_token"]) else { return };
        let claims = self.take(&access, TokenUse::Access);
        if intent.step != Step::RefreshTokens {
            let session = text(&part["session_token"]).or_else(|| held.map(str::to_owned));
            let session = session.and_then(|token| hash_of(&token));
            assert_eq!(session, Some(claims.sid), "the session of an access token");
            assert_eq!(text(&answer.body["data"]["user"]["id"]), Some(claims.sub), "its account");
        }
        actor.access_tokens.push(access);
        if let Some(refresh) = text(&part["refresh_token"]) {
            self.take(&refresh, TokenUse::Refresh);
            actor.refresh_tokens.push(refresh);
        }
    }

    /// Takes a token that was issued.
    fn take(&mut self, token: &str, token_use: TokenUse) -> Claims {
        let claims: Claims = insecure_decode_claims(token).expect("a token");
        assert_eq!(claims.token_use, token_use, "the use of a token");
        self.issued.insert(token.to_owned(), claims.clone());
        self.verify(token);
        claims
    }

    /// The published keys are to be read again.
    pub fn forget_keys(&mut self) {
        self.keys = None;
    }

    /// Others verify access tokens with what is published, and take no refresh token for one.
    fn verify(&self, token: &str) {
        let Some(keys) = &self.keys else { return };
        install();
        let kid = decode_header(token).expect("a token").kid.expect("it names its key");
        let key = keys.find(&kid).unwrap_or_else(|| panic!("the key {kid} of a token is not published"));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        let verified = decode::<Claims>(token, &DecodingKey::from_jwk(key).expect("a key"), &validation);
        let is_access = self.issued[token].token_use == TokenUse::Access;
        assert_eq!(verified.is_ok(), is_access, "whether another API accepts it: {verified:?}");
    }

    /// Others verify all that is valid with what is published in the end. `now`: in seconds since 1970.
    pub fn verify_all(&self, now: i64) {
        assert!(self.keys.is_some() || self.issued.is_empty(), "no keys were read");
        let valid = self.issued.iter().filter(|(_, claims)| claims.exp > now);
        valid.for_each(|(token, _)| self.verify(token));
    }

    /// A refresh token of a session, by its session token.
    pub fn refresh_token_of(&self, session: &str) -> Option<&String> {
        let hash = hash_of(session)?;
        let is_of = |claims: &Claims| claims.token_use == TokenUse::Refresh && claims.sid == hash;
        self.issued.iter().find(|(_, claims)| is_of(claims)).map(|(token, _)| token)
    }

    fn note_refreshed(&mut self, intent: &Intent, answer: &Answer, sending: Sending) {
        let token = intent.body["refresh_token"].as_str().unwrap_or_default();
        let now = sending.at / 1000;
        let claims = self.issued.get(token).filter(|claims| claims.token_use == TokenUse::Refresh);
        if answer.status == 400 {
            let claims = claims.filter(|claims| claims.exp > now + UNSURE);
            self.shown.extend(claims.map(|claims| Shown {
                session: claims.sid.clone(),
                outcome: Outcome::Ended,
                told: intent.told(),
            }));
        }
        if answer.status != 200 {
            return;
        }
        let claims = claims.expect("only a refresh token brings tokens").clone();
        assert!(claims.exp > now - UNSURE, "a refresh token was accepted after it had expired");
        let next = text(&answer.body["data"]["refresh_token"]);
        assert_eq!(next.is_some(), self.rotates, "a refresh token with rotation, and none without");
        let access = text(&answer.body["data"]["access_token"]).expect("an access token");
        let issued: Claims = insecure_decode_claims(access).expect("a token");
        assert_eq!((&issued.sid, &issued.sub), (&claims.sid, &claims.sub), "tokens of the same session");
        if let Some(next) = next {
            self.note_rotated(token, &next, issued.iat, sending);
        }
        self.shown.push(Shown {
            session: claims.sid,
            outcome: Outcome::Accepted(claims.sub),
            told: intent.told(),
        });
    }

    /// A refresh token brings one other, for as long as its answer may have been lost, and until that is used. Another
    /// process may sign the same with another key.
    fn note_rotated(&mut self, token: &str, next: &str, issued: i64, sending: Sending) {
        let (token, next) = (claims_of(token), claims_of(next));
        if let Some((brought, _)) = self.brought.get(token) {
            assert_eq!(brought, next, "a refresh token has brought two others");
            assert!(self.grace > 0, "a refresh token was used twice, and there is no time for that");
            let age = sending.at / 1000 - issued;
            assert!(age <= self.grace + UNSURE, "a refresh token was used again after {age} s");
            let used = self.brought.get(next).map(|(_, round)| *round);
            assert!(used.is_none_or(|round| round >= sending.round), "it was used after its successor");
        }
        self.brought.entry(token.to_owned()).or_insert((next.to_owned(), sending.round));
    }

    /// An access token or a session token that was shown to the API, or to the authorizer of another one.
    fn note_shown(&mut self, intent: &Intent, answer: &Answer, held: Option<&str>, sending: Sending) {
        let now = sending.at / 1000;
        let account = text(&answer.body["data"]["user"]["id"])
            .or_else(|| text(&answer.body["context"]["account_id"]))
            .filter(|_| answer.status == 200);
        assert!(account.is_some() || answer.status != 200, "accepted, and for nobody: {}", answer.text);
        let is_refusal = [401, 403, 410].contains(&answer.status);
        let (session, is_current) = match &intent.bearer {
            Some(token) => {
                let claims = &self.issued[token];
                let is_access = claims.token_use == TokenUse::Access;
                let may = is_access && claims.exp > now - UNSURE;
                assert!(may || account.is_none(), "accepted, and no access token, or expired: {claims:?}");
                (Some(claims.sid.clone()), is_access && claims.exp > now + UNSURE)
            }
            None => (held.and_then(hash_of), true),
        };
        let outcome = match account {
            Some(account) => Outcome::Accepted(account),
            None if is_refusal && is_current => Outcome::Refused,
            None => return,
        };
        let told = format!("{} {}", intent.told(), answer.text);
        let is_nobody = session.is_none() && matches!(outcome, Outcome::Accepted(_));
        assert!(!is_nobody, "accepted without any session: {told}");
        self.shown.extend(session.map(|session| Shown { session, outcome, told }));
    }

    /// What was shown in this round was accepted if its session was valid all the time, and only if it was valid before.
    pub fn check(&mut self, table: &Table, seconds: u64) {
        let now = valid(table, seconds + 10);
        for Shown { session, outcome, told } in std::mem::take(&mut self.shown) {
            let (was, is) = (self.before.get(&session), now.get(&session));
            match outcome {
                Outcome::Accepted(account) => {
                    assert_eq!(was, Some(&account), "accepted, and its session was not valid: {told}");
                }
                Outcome::Refused => {
                    assert!(was.is_none() || is.is_none(), "refused, and its session is valid: {told}");
                }
                Outcome::Ended => assert_eq!(is, None, "refused, and its session goes on: {told}"),
            }
        }
        self.before = valid(table, seconds);
    }
}

/// What a token says, without who signed it.
fn claims_of(token: &str) -> &str {
    token.split('.').nth(1).unwrap_or_default()
}

fn valid(table: &Table, seconds: u64) -> Valid {
    let is_active =
        |session: &&LoggedIn| table.account(&session.account).is_some_and(|account| account.active);
    let sessions = table.valid_sessions(seconds).filter(is_active);
    sessions.map(|session| (session.hash.clone(), session.account.clone())).collect()
}

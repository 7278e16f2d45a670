//! What goes out comes in again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::account::Account;
use crate::domain::authenticator::{Factor, MOST_AUTHENTICATORS};
use crate::domain::social::MOST_SOCIAL_ACCOUNTS;
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::secret::{Sealed, Secret};
use crate::settings::Settings;
use crate::signing::Keys;

const HASH: &str = "bcrypt_sha256$$2b$04$n2JemJ/tW8yafBcx0cPjAuqO/.cNf/ntbbd./OiSkrg2KBTr0ncuS";

const FIELDS: &str = r#"{"role": {"type": "choice", "choices": ["editor", "reader"], "write": "operator"},
    "level": {"type": "integer", "max": 9}, "terms": {"type": "consent", "version": "1"}, "bio": {"type": "text"}}"#;

struct World {
    settings: Settings,
    keys: Keys,
    random: Random,
}

impl World {
    fn new(more: &[(&str, &str)]) -> Self {
        let variables =
            [&[("ACCOUNT_PROFILE_FIELDS", FIELDS), ("SOCIALACCOUNT_STORE_TOKENS", "true")], more].concat();
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            settings: Settings::read(variables).unwrap().settings,
            keys: Keys::new(Secret::new("a-secret-key-of-at-least-32-characters")),
            random: Random::system(),
        }
    }

    fn way(&self) -> Inward<'_> {
        let now = Timestamp::from_millis(1_790_000_000_000);
        Inward {
            settings: &self.settings,
            keys: &self.keys,
            random: &self.random,
            now,
            superusers: true,
            mixed_ids: true,
        }
    }

    fn read(&self, portable: &PortableAccount) -> Result<Account, Vec<MigrationProblem>> {
        self.way().account(portable)
    }

    fn write(&self, account: &Account) -> PortableAccount {
        Outward { keys: Some(&self.keys) }.account(account).unwrap()
    }

    /// The problems of an account with these members, as they are told.
    fn problems(&self, members: &Value) -> Vec<String> {
        let mut account = json!({"id": "1"});
        account.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let problems = self.read(&serde_json::from_value(account).unwrap()).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }
}

fn time() -> impl Strategy<Value = Option<PortableTime>> {
    let millis = 1_000_000_000_000_i64..1_790_000_000_000;
    millis.prop_map(|millis| Some(PortableTime(Timestamp::from_millis(millis))))
}

fn secret(pattern: &'static str) -> impl Strategy<Value = PortableSecret> {
    pattern.prop_map(PortableSecret::new)
}

fn emails() -> impl Strategy<Value = Vec<PortableEmail>> {
    let email = ("[a-z]{1,8}", any::<bool>()).prop_map(|(name, verified)| PortableEmail {
        email: format!("{name}@example.com"),
        verified,
        primary: false,
        signup: Some(false),
    });
    let list = prop::collection::vec(email, 0..6);
    (list, any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(mut list, one, other)| {
        list.sort_by(|a, b| a.email.cmp(&b.email));
        list.dedup_by(|a, b| a.email == b.email);
        if !list.is_empty() {
            let (one, other) = (one.index(list.len()), other.index(list.len()));
            list[one].primary = true;
            list[other].signup = Some(true);
        }
        list
    })
}

fn factors() -> impl Strategy<Value = PortableAccount> {
    let totp = (1_i64..1000, secret("[A-Z2-7]{32}"), time(), time()).prop_map(
        |(id, secret, created_at, last_used_at)| PortableTotp {
            id: Some(id),
            secret,
            created_at,
            last_used_at,
        },
    );
    let codes = prop::collection::btree_set("[0-9]{8}", 0..10);
    let codes = (1000_i64..2000, codes, time(), time()).prop_map(|(id, codes, created_at, viewed_at)| {
        let unused = codes.into_iter().map(PortableSecret::new).collect();
        let total = Some(10);
        PortableRecoveryCodes { id: Some(id), unused, total, created_at, viewed_at, ..Default::default() }
    });
    let key = (any::<[u8; 16]>(), any::<[u8; 77]>(), any::<u32>(), any::<Option<bool>>(), time());
    let key = key.prop_map(|(id, key, sign_count, passwordless, created_at)| PortableCredential {
        id: Some(i64::from(u32::from_le_bytes([id[0], id[1], id[2], 1])) + 3000),
        name: "Key".into(),
        credential_id: data_encoding::BASE64URL_NOPAD.encode(&id),
        public_key: data_encoding::BASE64URL_NOPAD.encode(&key),
        sign_count,
        passwordless,
        created_at,
        last_used_at: None,
    });
    let keys = prop::collection::vec(key, 0..4);
    (prop::option::of(totp), prop::option::of(codes), keys).prop_map(
        |(totp, recovery_codes, mut webauthn)| {
            webauthn.sort_by_key(|key| key.created_at);
            PortableAccount { totp, recovery_codes, webauthn, ..PortableAccount::default() }
        },
    )
}

fn social() -> impl Strategy<Value = PortableSocialAccount> {
    let tokens = (secret("[a-z]{1,40}"), prop::option::of(secret("[a-z]{1,40}")), time()).prop_map(
        |(access_token, refresh_token, expires_at)| PortableTokens {
            access_token,
            refresh_token,
            expires_at,
        },
    );
    ("[a-z]{1,9}", "[0-9]{1,20}", any::<Option<String>>(), prop::option::of(tokens), time()).prop_map(
        |(provider, uid, display, tokens, created_at)| PortableSocialAccount {
            provider,
            uid,
            display,
            tokens,
            created_at,
        },
    )
}

fn portable() -> impl Strategy<Value = PortableAccount> {
    let own = ("[a-zA-Z0-9_-]{1,64}", prop::option::of("[a-z]{1,20}"), any::<[bool; 3]>(), time(), time());
    let more = (
        prop::option::of(Just(PortableSecret::new(HASH))),
        any::<Option<bool>>(),
        prop::option::of(social()),
    );
    (own, emails(), factors(), more).prop_map(|(own, emails, factors, (password, phone, social))| {
        let (id, username, [active, superuser, had_verified], created_at, last_login_at) = own;
        let profile = json!({"role": "editor", "level": 7, "terms": {"version": "0", "at": 1.5}});
        let unproved = factors.totp.iter().map(|totp| PortableUnproved {
            means: crate::domain::means::Means::Authenticator(totp.id.unwrap()),
            at: totp.created_at.unwrap(),
        });
        PortableAccount {
            id,
            username,
            active,
            superuser,
            password,
            had_verified,
            emails,
            phone: phone.map(|verified| PortablePhone { number: "+31612345678".into(), verified }),
            created_at,
            last_login_at,
            profile: serde_json::from_value(profile).unwrap(),
            private_metadata: [("note".to_owned(), json!({"a": [1, null]}))].into(),
            social_accounts: social.into_iter().collect(),
            unproved: unproved.collect(),
            ..factors
        }
    })
}

/// What was sealed twice differs.
fn without_seals(mut account: Account) -> Account {
    let blank = || Sealed("…".into());
    for authenticator in &mut account.authenticators {
        match &mut authenticator.factor {
            Factor::Totp(totp) => totp.secret = blank(),
            Factor::RecoveryCodes(codes) => {
                codes.unused.clear();
                codes.key = Some(blank());
                codes.shown = codes.shown.as_ref().map(|_| blank());
            }
            Factor::WebAuthn(_) => {}
        }
    }
    for social in &mut account.social_accounts {
        social.tokens = social.tokens.as_ref().map(|_| blank());
    }
    account
}

proptest! {
    #[test]
    fn what_goes_out_comes_in_again(portable in portable()) {
        for show_once in ["false", "true"] {
            let world = World::new(&[("MFA_RECOVERY_CODES_SHOW_ONCE", show_once)]);
            let account = world.read(&portable).unwrap();
            let out = world.write(&account);
            if show_once == "false" {
                prop_assert_eq!(&out, &portable);
            }
            let text = serde_json::to_string(&out).unwrap();
            let again: PortableAccount = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&again, &out);
            let back = world.read(&again).unwrap();
            prop_assert_eq!(world.write(&back), out);
            prop_assert_eq!(without_seals(back), without_seals(account));
        }
    }

    #[test]
    fn nothing_secret_leaves_without_keys(portable in portable()) {
        let world = World::new(&[]);
        let account = world.read(&portable).unwrap();
        let out = Outward { keys: None }.account(&account).unwrap();
        prop_assert!(out.password.is_none() && out.totp.is_none() && out.recovery_codes.is_none());
        prop_assert!(out.social_accounts.iter().all(|social| social.tokens.is_none()));
        prop_assert_eq!(world.read(&out), Err(vec![MigrationProblem::WithoutSecrets]));
    }

    #[test]
    fn no_line_panics(text in any::<String>(), id: u64, time: String) {
        let world = World::new(&[]);
        let account = json!({"id": id, "username": text, "email": text, "emails": [{"email": text}],
            "password": text, "phone": {"number": text}, "profile": {&text: text}, "totp": {"secret": text},
            "recovery_codes": {"unused": [text]}, "social_accounts": [{"provider": text, "uid": text}],
            "webauthn": [{"name": text, "credential_id": text, "public_key": text}]});
        let _ = world.read(&serde_json::from_value(account).unwrap());
        prop_assert!(serde_json::from_value::<PortableTime>(json!(time)).is_err());
    }
}

#[test]
fn each_problem_is_named() {
    let world = World::new(&[]);
    let address = |email: &str, primary: bool| json!({"email": email, "primary": primary});
    for (members, problem) in [
        (json!({"id": "a b"}), r#""a b" can't be an id: 1 to 64 letters, digits, - and _"#),
        (json!({"username": "a\u{1b}[2J"}), r#""a\u001b[2J" is not a valid username"#),
        (json!({"password": "!unusable"}), r#"the algorithm of the password hash is not known: "!unusable""#),
        (
            json!({"password": "$2b$15$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vgC"}),
            "the password hash costs too much: cost 15 of bcrypt, and at most 14 is possible",
        ),
        (json!({"email": "ann"}), r#""ann" is not a valid email address, or no mail can be sent to it"#),
        (
            json!({"emails": [address("ann", true)]}),
            r#""ann" is not a valid email address, or no mail can be sent to it"#,
        ),
        (
            json!({"emails": [address("ann@example.com", true), address("Ann@EXAMPLE.com", false)]}),
            r#"the email address "ann@example.com" stands there twice"#,
        ),
        (
            json!({"emails": [address("ann@example.com", true), address("bob@example.com", true)]}),
            "it has 2 primary email addresses, and at most 1 are possible",
        ),
        (
            json!({"phone": {"number": "0612345678"}}),
            r#""0612345678" is not a phone number such as +31612345678"#,
        ),
        (json!({"profile": {"rôle": 1}}), r#"profile: "rôle": ACCOUNT_PROFILE_FIELDS has no such field"#),
        (
            json!({"profile": {"level": "7"}}),
            r#"profile: "level": the value has another type than the field"#,
        ),
        (json!({"totp": {"secret": "not base32!"}}), "totp: the secret is not in base32"),
        (json!({"totp": {"secret": "MFRGG"}}), "totp: the secret has 3 bytes, and 10 to 128 are possible"),
        (
            json!({"recovery_codes": {"unused": ["1234-5678", "12345678"]}}),
            "recovery_codes: number 1 stands there twice",
        ),
        (
            json!({"recovery_codes": {"unused": ["-"]}}),
            "recovery_codes: number 1 has no letters or digits, or more than 64",
        ),
        (
            json!({"webauthn": [{"name": "Key", "credential_id": "!", "public_key": "AA"}]}),
            r#"webauthn: "Key": the credential id is not valid"#,
        ),
        (
            json!({"webauthn": [{"id": -1, "credential_id": "AA", "public_key": "AA"}]}),
            "id of an authenticator: -1",
        ),
        (json!({"social_accounts": [{"provider": "a b", "uid": "1"}]}), r#"provider: "a b""#),
        (json!({"social_accounts": [{"provider": "a", "uid": ""}]}), r#"uid: """#),
        (
            json!({"private_metadata": {"x": "y".repeat(9000)}}),
            "metadata: public and private metadata may have 8192 bytes in all, not 9010",
        ),
    ] {
        assert_eq!(world.problems(&members), [problem], "{members}");
    }
}

#[test]
fn there_is_no_more_than_an_account_may_have() {
    let world = World::new(&[]);
    let addresses = |verified: bool, count: usize| {
        let address =
            |number: usize| json!({"email": format!("a{number}@example.com"), "verified": verified});
        json!({"emails": (0..count).map(address).collect::<Vec<_>>()})
    };
    assert_eq!(world.problems(&addresses(true, 20)), [""; 0]);
    assert_eq!(
        world.problems(&addresses(true, 21)),
        ["it has 21 email addresses, and at most 20 are possible"]
    );
    assert_eq!(
        world.problems(&addresses(false, 11)),
        ["it has 11 email addresses, and at most 10 are possible"]
    );
    let social = |number: usize| json!({"provider": "a", "uid": number.to_string()});
    let socials = |count: usize| json!({"social_accounts": (0..count).map(social).collect::<Vec<_>>()});
    assert_eq!(world.problems(&socials(MOST_SOCIAL_ACCOUNTS)), [""; 0]);
    let problem = "it has 10000 provider accounts, and at most 25 are possible";
    assert_eq!(world.problems(&socials(10_000)), [problem]);
    let key = |number: usize| json!({"credential_id": format!("{number:04}"), "public_key": "AA"});
    let keys = |count: usize| json!({"webauthn": (0..count).map(key).collect::<Vec<_>>()});
    assert_eq!(world.problems(&keys(MOST_AUTHENTICATORS)), [""; 0]);
    assert_eq!(world.problems(&keys(21)), ["it has 21 second factors, and at most 20 are possible"]);
}

#[test]
fn an_unverified_primary_email_address_was_given_at_sign_up_unless_one_says_so() {
    let world = World::new(&[]);
    let given = |emails: Value| {
        let account = json!({"id": 1, "emails": emails});
        world.read(&serde_json::from_value(account).unwrap()).unwrap().signup_email
    };
    let (ann, bob) = ("ann@example.com", "bob@example.com");
    let usual = json!([{"email": bob}, {"email": ann, "primary": true}]);
    assert_eq!(given(usual).as_deref(), Some(ann));
    let said = json!([{"email": bob, "signup": true}, {"email": ann, "primary": true}]);
    assert_eq!(given(said).as_deref(), Some(bob));
    assert_eq!(given(json!([{"email": ann, "primary": true, "verified": true}])), None);
}

#[test]
fn ids_have_the_format_of_new_ones_unless_both_are_allowed() {
    for (format, number, text) in [
        ("uuid", Err(vec![MigrationProblem::IntegerId]), Ok(())),
        ("integer", Ok(()), Err(vec![MigrationProblem::TextId])),
    ] {
        let world = World::new(&[("ACCOUNT_ID_FORMAT", format)]);
        let way = Inward { mixed_ids: false, ..world.way() };
        let read = |way: &Inward<'_>, id: &str| {
            let portable = PortableAccount { id: id.into(), ..PortableAccount::default() };
            way.account(&portable).map(|_| ())
        };
        assert_eq!((read(&way, "42"), read(&way, "0042")), (number, text), "{format}");
        assert_eq!((read(&world.way(), "42"), read(&world.way(), "a")), (Ok(()), Ok(())));
    }
}

#[test]
fn who_is_an_administrator_the_operator_says() {
    let world = World::new(&[]);
    let portable = PortableAccount { id: "1".into(), superuser: true, ..PortableAccount::default() };
    assert!(world.read(&portable).unwrap().superuser);
    let way = Inward { superusers: false, ..world.way() };
    assert!(!way.account(&portable).unwrap().superuser);
}

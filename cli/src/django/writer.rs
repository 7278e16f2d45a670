//! Accounts as rows that `manage.py loaddata` takes.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use vestibule::domain::email;
use vestibule::migration::{
    PortableAccount, PortableCredential, PortableRecoveryCodes, PortableSecret, PortableSocialAccount,
    PortableTime,
};
use vestibule::random::Random;
use vestibule::settings::Settings;
use vestibule_webauthn::AcceptedRegistration;

use super::dump::{AUTHENTICATOR, EMAIL_ADDRESS, SOCIAL_ACCOUNT, SOCIAL_TOKEN};
use super::tally::Tally;
use crate::arguments::DjangoColumns;
use crate::export::Format;

/// Django's own user model, whose primary keys are integers and whose usernames are unique.
const AUTH_USER: &str = "auth.user";

/// Why an account cannot be written as rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Its id is no primary key.
    #[error(
        "the primary keys of auth.user are integers, so the id cannot stay; name another model by --user-model"
    )]
    Id,
    /// What a credential is for is not known.
    #[error("it has WebAuthn credentials, and rows of them need MFA_WEBAUTHN_RP_ID")]
    RpId,
    /// A credential is not one.
    #[error("its WebAuthn credential cannot be written: {0}")]
    Credential(String),
}

/// Writes the rows of accounts. Their own primary keys, except those of users, are numbered from 1: the ids of
/// authenticators are unique within an account only.
#[derive(Debug)]
pub struct DjangoRows<'a> {
    columns: &'a DjangoColumns,
    settings: &'a Settings,
    random: &'a Random,
    last: [u64; 4],
    /// What has no place in a row.
    tally: Tally,
}

impl<'a> DjangoRows<'a> {
    /// Writes users in these columns.
    pub fn new(columns: &'a DjangoColumns, settings: &'a Settings, random: &'a Random) -> Self {
        Self { columns, settings, random, last: [0; 4], tally: Tally::default() }
    }

    /// The rows of an account, the user first.
    ///
    /// # Errors
    /// Why it has none: nothing half an account is written.
    pub fn rows(&mut self, account: &PortableAccount) -> Result<Vec<Value>, RowError> {
        let user = key(&account.id);
        if self.columns.user_model.eq_ignore_ascii_case(AUTH_USER) && !user.is_u64() {
            return Err(RowError::Id);
        }
        let credentials = account.webauthn.iter().map(|credential| self.credential(credential));
        let credentials = credentials.collect::<Result<Vec<_>, _>>()?;
        let mut rows = vec![json!({
            "model": self.columns.user_model.to_ascii_lowercase(),
            "pk": user,
            "fields": self.user(account),
        })];
        for it in &account.emails {
            let fields = json!({
                "user": user, "email": email::shown(&it.email), "verified": it.verified, "primary": it.primary,
            });
            rows.push(self.row(EMAIL_ADDRESS, &fields).0);
        }
        let mut authenticator = |kind: &str, data: Value, created_at, last_used_at: Option<PortableTime>| {
            let created_at: Option<PortableTime> = created_at;
            let fields = json!({
                "user": user,
                "type": kind,
                "data": data,
                "created_at": created_at.or(account.created_at),
                "last_used_at": last_used_at,
            });
            rows.push(self.row(AUTHENTICATOR, &fields).0);
        };
        if let Some(totp) = &account.totp {
            authenticator("totp", json!({"secret": totp.secret}), totp.created_at, totp.last_used_at);
        }
        if let Some(codes) = account.recovery_codes.as_ref().filter(|codes| codes.hashes.is_none()) {
            authenticator("recovery_codes", code_data(codes), codes.created_at, codes.last_used_at);
        }
        for (credential, data) in account.webauthn.iter().zip(credentials) {
            authenticator("webauthn", data, credential.created_at, credential.last_used_at);
        }
        for social in &account.social_accounts {
            self.social_account(account, social, &user, &mut rows);
        }
        self.count(account);
        Ok(rows)
    }

    fn user(&self, account: &PortableAccount) -> Map<String, Value> {
        let columns = self.columns;
        let primary = account.emails.iter().find(|it| it.primary).map(|it| &it.email);
        let email = primary.or(account.email.as_ref()).map(|it| email::shown(it)).unwrap_or_default();
        let mut fields = Map::new();
        let mut set = |column: &str, value: Value| fields.insert(column.to_owned(), value);
        set("password", self.password(account).into());
        set("is_active", account.active.into());
        set("is_superuser", account.superuser.into());
        set("date_joined", json!(account.created_at));
        set("last_login", json!(account.last_login_at));
        set(&columns.email_field, email.into());
        let needs_name = columns.user_model.eq_ignore_ascii_case(AUTH_USER);
        let usual = needs_name.then(|| format!("user-{}", account.id));
        if let Some(username) = account.username.clone().or(usual) {
            set(&columns.username_field, username.into());
        }
        if let (Some(column), Some(phone)) = (&columns.phone_field, &account.phone) {
            set(column, phone.number.clone().into());
            if let Some(column) = &columns.phone_verified_field {
                set(column, phone.verified.into());
            }
        }
        for (column, field) in &columns.fields {
            if let Some(value) = account.profile.get(field) {
                set(column, value.clone());
            }
        }
        fields
    }

    /// A hash as Django stores it. Without one it stores an exclamation mark and random text.
    fn password(&self, account: &PortableAccount) -> String {
        match account.password.as_ref().and_then(|hash| django_hash(hash.expose())) {
            Some(hash) => hash,
            None => format!("!{}", self.random.secret()),
        }
    }

    fn credential(&self, from: &PortableCredential) -> Result<Value, RowError> {
        let rp_id = self.settings.mfa.webauthn_rp_id.as_deref().ok_or(RowError::RpId)?;
        let origin = format!("https://{rp_id}");
        let registration = AcceptedRegistration {
            sign_count: from.sign_count,
            discoverable: from.passwordless,
            ..AcceptedRegistration::new(rp_id, &origin, &from.credential_id, &from.public_key)
        };
        let credential = registration.write().map_err(|fault| RowError::Credential(fault.to_string()))?;
        Ok(json!({"name": from.name, "credential": credential}))
    }

    fn social_account(
        &mut self,
        account: &PortableAccount,
        social: &PortableSocialAccount,
        user: &Value,
        rows: &mut Vec<Value>,
    ) {
        let date_joined = social.created_at.or(account.created_at);
        let fields = json!({
            "user": user,
            "provider": social.provider,
            "uid": social.uid,
            "date_joined": date_joined,
            "last_login": account.last_login_at.or(date_joined),
            "extra_data": {},
        });
        let (row, pk) = self.row(SOCIAL_ACCOUNT, &fields);
        rows.push(row);
        if let Some(tokens) = &social.tokens {
            let fields = json!({
                "app": null,
                "account": pk,
                "token": tokens.access_token,
                "token_secret": tokens.refresh_token.as_ref().map_or("", PortableSecret::expose),
                "expires_at": tokens.expires_at,
            });
            rows.push(self.row(SOCIAL_TOKEN, &fields).0);
        }
    }

    /// A row with the next primary key of its model, and that key.
    fn row(&mut self, model: &'static str, fields: &Value) -> (Value, u64) {
        let models = [EMAIL_ADDRESS, AUTHENTICATOR, SOCIAL_ACCOUNT, SOCIAL_TOKEN];
        let counter = self.last.iter_mut().zip(models).find(|(_, other)| *other == model);
        let pk = counter.map_or(0, |(last, _)| {
            *last += 1;
            *last
        });
        (json!({"model": model, "pk": pk, "fields": fields}), pk)
    }

    fn count(&mut self, account: &PortableAccount) {
        let unreadable = account.password.as_ref().is_some_and(|hash| django_hash(hash.expose()).is_none());
        let hashed = account.recovery_codes.as_ref().is_some_and(|codes| codes.hashes.is_some());
        let phone = account.phone.is_some() && self.columns.phone_field.is_none();
        for (what, is_counted) in [
            (
                "a password with a hash that Django has no hasher for is left out: the user resets it",
                unreadable,
            ),
            (
                "recovery codes of which only hashes are stored are left out: the user generates new ones",
                hashed,
            ),
            ("a phone number is left out, without --phone-field", phone),
            ("public metadata is left out", !account.public_metadata.is_empty()),
            ("private metadata is left out", !account.private_metadata.is_empty()),
        ] {
            if is_counted {
                self.tally.add(what, 1);
            }
        }
        let is_mapped = |name: &String| self.columns.fields.iter().any(|(_, field)| field == name);
        for name in account.profile.keys().filter(|name| !is_mapped(name)) {
            self.tally.add(&format!("field {name} is left out, without --field"), 1);
        }
    }
}

impl Format for DjangoRows<'_> {
    fn account(&mut self, account: &PortableAccount, into: &mut dyn Write) -> io::Result<Result<(), String>> {
        let rows = match self.rows(account) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error.to_string())),
        };
        for row in rows {
            writeln!(into, "{row}")?;
        }
        Ok(Ok(()))
    }

    fn remarks(&self) -> Vec<(String, u64)> {
        self.tally.iter().map(|(what, count)| (what.to_owned(), count)).collect()
    }
}

/// An id as a primary key: a number if it is one.
fn key(id: &str) -> Value {
    let number = id.parse().ok().filter(|number: &u64| number.to_string() == id);
    number.map_or_else(|| id.into(), Value::from)
}

/// Codes that allauth takes as they are: it computes others from a seed, which does not move.
fn code_data(codes: &PortableRecoveryCodes) -> Value {
    let mut data = json!({"migrated_codes": codes.unused});
    if let (Some(time), Some(data)) = (codes.viewed_at, data.as_object_mut()) {
        data.insert("viewed_at".to_owned(), time.0.as_seconds().into());
    }
    data
}

/// A hash in Django's encoding; none if Django has no hasher for it.
fn django_hash(hash: &str) -> Option<String> {
    const HASHERS: [&str; 6] =
        ["argon2$", "bcrypt$", "bcrypt_sha256$", "pbkdf2_sha1$", "pbkdf2_sha256$", "scrypt$"];
    if HASHERS.iter().any(|hasher| hash.starts_with(hasher)) {
        Some(hash.to_owned())
    } else if hash.starts_with("$argon2") {
        Some(format!("argon2{hash}"))
    } else if ["$2a$", "$2b$", "$2y$"].iter().any(|variant| hash.starts_with(variant)) {
        Some(format!("bcrypt${hash}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use vestibule::migration::{PortableCodeHashes, PortableEmail, PortableTokens};

    use super::super::account::AccountReader;
    use super::super::dump::Dump;
    use super::super::samples::{columns, settings, testdata};
    use super::*;

    fn read(path: &std::path::Path) -> Vec<PortableAccount> {
        let (columns, settings) = (columns(), settings());
        let reader = AccountReader { columns: &columns, settings: &settings };
        let dump = Dump::open(path, &columns.user_model, &mut |finding| panic!("{finding}")).unwrap();
        let mut tally = Tally::default();
        dump.users().unwrap().map(|rows| reader.read(&rows.unwrap(), &mut tally).unwrap()).collect()
    }

    /// Without what is numbered from 1 again, the number of codes, as allauth counts those that are left, and the display
    /// names that providers tell at the next login.
    fn comparable(mut account: PortableAccount) -> PortableAccount {
        if let Some(totp) = &mut account.totp {
            totp.id = None;
        }
        if let Some(codes) = &mut account.recovery_codes {
            (codes.id, codes.total) = (None, None);
        }
        for credential in &mut account.webauthn {
            credential.id = None;
        }
        for social in &mut account.social_accounts {
            social.display = None;
        }
        account
    }

    #[test]
    fn accounts_of_the_real_allauth_are_the_same_after_the_way_back() {
        let accounts = read(&testdata("dump.jsonl"));
        let (columns, settings, random) = (columns(), settings(), Random::system());
        let mut writer = DjangoRows::new(&columns, &settings, &random);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for account in &accounts {
            for row in writer.rows(account).unwrap() {
                writeln!(file, "{row}").unwrap();
            }
        }
        let again: Vec<_> = read(file.path()).into_iter().map(comparable).collect();
        assert_eq!(again, accounts.into_iter().map(comparable).collect::<Vec<_>>());
        assert_eq!(writer.tally, Tally::default());
    }

    fn rows(account: &PortableAccount, model: &str) -> (Result<Vec<Value>, RowError>, Vec<String>) {
        let columns = DjangoColumns { user_model: model.to_owned(), phone_field: None, ..columns() };
        let (settings, random) = (settings(), Random::system());
        let mut writer = DjangoRows::new(&columns, &settings, &random);
        let rows = writer.rows(account);
        let left = writer.tally.iter().map(|(what, _)| what.to_owned()).collect();
        (rows, left)
    }

    #[test]
    fn users_are_rows_of_their_model() {
        let ann = PortableAccount { id: "42".to_owned(), active: true, ..PortableAccount::default() };
        let (written, _) = rows(&ann, "auth.User");
        let user = written.unwrap().remove(0);
        assert_eq!((&user["model"], &user["pk"]), (&json!("auth.user"), &json!(42)));
        let fields = &user["fields"];
        assert_eq!((&fields["username"], &fields["email"]), (&json!("user-42"), &json!("")));
        assert!(fields["password"].as_str().unwrap().starts_with('!'));
        let uuid = PortableAccount { id: "0199c1f0-7d1c-7e6a-8000-000000000001".to_owned(), ..ann };
        assert_eq!(rows(&uuid, "auth.user").0, Err(RowError::Id));
        let user = rows(&uuid, "shop.customer").0.unwrap().remove(0);
        assert_eq!((&user["pk"], user["fields"].get("username")), (&json!(uuid.id), None));
    }

    #[test]
    fn what_has_no_place_in_a_row_is_counted() {
        let hashes = PortableCodeHashes { key: PortableSecret::new("x"), unused: vec!["x".to_owned()] };
        let account = PortableAccount {
            id: "1".to_owned(),
            password: Some(PortableSecret::new("$pbkdf2-sha256$29000$c2FsdA$aGFzaA")),
            profile: [("plan".to_owned(), json!("pro"))].into(),
            private_metadata: [("note".to_owned(), json!("x"))].into(),
            recovery_codes: Some(PortableRecoveryCodes {
                hashes: Some(hashes),
                ..PortableRecoveryCodes::default()
            }),
            emails: vec![PortableEmail {
                email: "ann@xn--exmple-cua.de".to_owned(),
                ..PortableEmail::default()
            }],
            ..PortableAccount::default()
        };
        let (written, left) = rows(&account, "auth.user");
        let written = written.unwrap();
        assert_eq!(written.len(), 2, "{written:?}");
        assert_eq!(written[1]["fields"]["email"], json!("ann@exämple.de"));
        let expected =
            ["a password with a hash", "field plan", "private metadata", "recovery codes of which"];
        assert!(
            left.len() == 4 && left.iter().zip(expected).all(|(what, expected)| what.starts_with(expected)),
            "{left:?}"
        );
    }

    #[test]
    fn hashes_are_written_as_django_stores_them() {
        for (hash, expected) in [
            (
                "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
                Some("argon2$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
            ),
            (
                "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA",
                Some("argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA"),
            ),
            ("$2b$12$saltsaltsaltsaltsalte", Some("bcrypt$$2b$12$saltsaltsaltsaltsalte")),
            ("pbkdf2_sha256$1000$salt$hash", Some("pbkdf2_sha256$1000$salt$hash")),
            ("$pbkdf2-sha256$29000$c2FsdA$aGFzaA", None),
            ("md5$salt$hash", None),
        ] {
            assert_eq!(django_hash(hash).as_deref(), expected, "{hash}");
        }
    }

    #[test]
    fn tokens_follow_their_provider_account() {
        let social = |uid: &str, tokens| PortableSocialAccount {
            provider: "google".to_owned(),
            uid: uid.to_owned(),
            display: None,
            tokens,
            created_at: None,
        };
        let tokens = PortableTokens {
            access_token: PortableSecret::new("access"),
            refresh_token: None,
            expires_at: None,
        };
        let account = PortableAccount {
            id: "1".to_owned(),
            social_accounts: vec![social("a", None), social("b", Some(tokens))],
            ..PortableAccount::default()
        };
        let written = rows(&account, "auth.user").0.unwrap();
        let token = written.last().unwrap();
        assert_eq!((&token["model"], &token["fields"]["account"]), (&json!(SOCIAL_TOKEN), &json!(2)));
        assert_eq!(token["fields"]["token_secret"], json!(""));
    }
}

//! The rows of a user as an account in its portable form.

use data_encoding::BASE32_NOPAD;
use serde_json::Value;
use vestibule::domain::social::MAX_CLAIM_LENGTH;
use vestibule::domain::text::quoted;
use vestibule::domain::time::Timestamp;
use vestibule::migration::{
    PortableAccount, PortableCredential, PortableEmail, PortablePhone, PortableRecoveryCodes, PortableSecret,
    PortableSocialAccount, PortableTime, PortableTokens, PortableTotp,
};
use vestibule::secret::Secret;
use vestibule::settings::Settings;
use vestibule_webauthn::AcceptedRegistration;

use super::dump::UserRows;
use super::recovery_codes;
use super::row::{Finding, Row};
use super::tally::Tally;
use crate::arguments::DjangoColumns;

/// The columns of a user that have their place in an account, whatever the user model.
const ACCOUNT_COLUMNS: [&str; 5] = ["password", "is_active", "is_superuser", "date_joined", "last_login"];

/// What accounts are read by.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccountReader<'a> {
    pub(super) columns: &'a DjangoColumns,
    pub(super) settings: &'a Settings,
}

impl AccountReader<'_> {
    /// The account of a user, or all that is wrong with its rows. What has no place in an account is counted.
    pub(super) fn read(&self, rows: &UserRows, tally: &mut Tally) -> Result<PortableAccount, Vec<Finding>> {
        let mut draft = Draft { findings: rows.findings.clone(), ..Draft::default() };
        draft.take(|draft| self.user(&rows.user, &mut draft.account));
        for row in sorted(&rows.emails) {
            draft.take(|draft| email(row, &mut draft.account));
        }
        for row in sorted(&rows.authenticators) {
            draft.take(|draft| self.authenticator(row, draft));
        }
        for row in sorted(&rows.social_accounts) {
            draft.take(|draft| social_account(row, &rows.tokens, &mut draft.account));
        }
        let Draft { mut account, findings, notes } = draft;
        if account.emails.iter().any(|email| email.primary) {
            account.email = None;
        }
        if findings.is_empty() {
            for note in &notes {
                tally.add(note, 1);
            }
            self.count(rows, &account, tally);
            Ok(account)
        } else {
            Err(findings)
        }
    }

    fn user(&self, row: &Row, account: &mut PortableAccount) -> Result<(), Finding> {
        if !row.fields.contains_key("password") {
            return Err(row.finding("the model has no column password; name the user model by --user-model"));
        }
        account.id = row.key().unwrap_or_default();
        account.username = row.text(&self.columns.username_field)?.map(str::to_owned);
        account.email = row.text(&self.columns.email_field)?.map(str::to_owned);
        // Django's passwords that nothing matches begin with an exclamation mark.
        let password = row.text("password")?.filter(|hash| !hash.starts_with('!'));
        account.password = password.map(PortableSecret::new);
        account.active = row.flag("is_active", true)?;
        account.superuser = row.flag("is_superuser", false)?;
        account.created_at = row.time("date_joined")?.map(PortableTime);
        account.last_login_at = row.time("last_login")?.map(PortableTime);
        account.phone = self.phone(row)?;
        for (column, field) in &self.columns.fields {
            if let Some(value) = row.fields.get(column).filter(|value| !is_empty(value)) {
                account.profile.insert(field.clone(), value.clone());
            }
        }
        Ok(())
    }

    fn phone(&self, row: &Row) -> Result<Option<PortablePhone>, Finding> {
        let Some(column) = &self.columns.phone_field else { return Ok(None) };
        let Some(number) = row.text(column)?.map(str::to_owned) else { return Ok(None) };
        let verified = match &self.columns.phone_verified_field {
            Some(column) => row.flag(column, false)?,
            None => false,
        };
        Ok(Some(PortablePhone { number, verified }))
    }

    fn authenticator(&self, row: &Row, draft: &mut Draft) -> Result<(), Finding> {
        let account = &mut draft.account;
        let Some(Value::Object(data)) = row.fields.get("data") else {
            return Err(row.finding("data is not a JSON object"));
        };
        match row.text("type")? {
            Some("totp") if account.totp.is_none() => account.totp = Some(totp(row, data)?),
            Some("recovery_codes") if account.recovery_codes.is_none() => {
                account.recovery_codes = Some(self.recovery_codes(row, data)?);
            }
            Some("webauthn") => {
                let credential = self.credential(row, data, &mut draft.notes)?;
                draft.account.webauthn.push(credential);
            }
            Some(kind @ ("totp" | "recovery_codes")) => {
                return Err(row.finding(format!("it is the user's second of type {kind}")));
            }
            kind => {
                let kind = quoted(kind.unwrap_or_default());
                return Err(row.finding(format!("an authenticator of type {kind} is unknown")));
            }
        }
        Ok(())
    }

    fn recovery_codes(&self, row: &Row, data: &Members) -> Result<PortableRecoveryCodes, Finding> {
        let (unused, total) = match data.get("migrated_codes") {
            None | Some(Value::Null) => self.seeded(row, data)?,
            Some(Value::Array(codes)) => {
                let codes = codes.iter().map(|code| code.as_str().map(PortableSecret::new));
                let codes: Option<Vec<_>> = codes.collect();
                let codes = codes.ok_or_else(|| row.finding("a code of migrated_codes is not text"))?;
                let total = codes.len();
                (codes, total)
            }
            Some(_) => return Err(row.finding("migrated_codes is not a list")),
        };
        Ok(PortableRecoveryCodes {
            id: authenticator_id(row),
            unused,
            total: Some(total),
            created_at: row.time("created_at")?.map(PortableTime),
            last_used_at: row.time("last_used_at")?.map(PortableTime),
            viewed_at: data.get("viewed_at").and_then(seconds),
            ..PortableRecoveryCodes::default()
        })
    }

    /// The unused codes of a seed, and the number of all.
    fn seeded(&self, row: &Row, data: &Members) -> Result<(Vec<PortableSecret>, usize), Finding> {
        let seed = data.get("seed").and_then(Value::as_str).unwrap_or_default();
        if seed.is_empty() || !seed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(row.finding(ENCRYPTED));
        }
        let used = match data.get("used_mask") {
            None => 0,
            Some(mask) => {
                mask.as_u64().ok_or_else(|| row.finding("used_mask is not a whole number of 64 bits"))?
            }
        };
        let mfa = &self.settings.mfa;
        let codes =
            recovery_codes::of_seed(&Secret::new(seed), mfa.recovery_code_count, mfa.recovery_code_digits);
        let total = codes.len();
        let is_unused = |number: u32| used.checked_shr(number).unwrap_or(0) & 1 == 0;
        let unused = (0..).zip(codes).filter(|(number, _)| is_unused(*number));
        Ok((unused.map(|(_, code)| PortableSecret(code)).collect(), total))
    }

    fn credential(
        &self,
        row: &Row,
        data: &Members,
        notes: &mut Vec<String>,
    ) -> Result<PortableCredential, Finding> {
        let registration = data.get("credential").map(Value::to_string).unwrap_or_default();
        let registration = AcceptedRegistration::read(&registration)
            .map_err(|fault| row.finding(format!("its credential cannot be used: {fault}")))?;
        let origin = quoted(&registration.origin);
        match &self.settings.mfa.webauthn_rp_id {
            Some(rp_id) if !registration.is_for(rp_id) => {
                return Err(row.finding(format!(
                    "its credential, made at {origin}, is for another relying party than MFA_WEBAUTHN_RP_ID ({rp_id})"
                )));
            }
            Some(rp_id) if !registration.is_allowed(self.settings, rp_id) => {
                notes.push(format!(
                    "credential made at {origin}: MFA_WEBAUTHN_ORIGINS does not allow this origin"
                ));
            }
            Some(_) => {}
            None => notes
                .push("credential whose relying party id is not checked, without MFA_WEBAUTHN_RP_ID".into()),
        }
        Ok(PortableCredential {
            id: authenticator_id(row),
            name: data.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            credential_id: registration.credential_id,
            public_key: registration.public_key,
            sign_count: registration.sign_count,
            passwordless: registration.discoverable,
            created_at: row.time("created_at")?.map(PortableTime),
            last_used_at: row.time("last_used_at")?.map(PortableTime),
        })
    }

    fn count(&self, rows: &UserRows, account: &PortableAccount, tally: &mut Tally) {
        let columns = self.columns;
        let read = ACCOUNT_COLUMNS.iter().copied().chain(columns.names());
        let read: Vec<&str> = read.collect();
        for (column, value) in &rows.user.fields {
            if !read.contains(&column.as_str()) && !is_empty(value) {
                tally.add(&format!("column {} of the user model is not imported", quoted(column)), 1);
            }
        }
        let known = account.social_accounts.iter().filter(|social| social.tokens.is_some()).count();
        let tokens = rows.tokens.len().saturating_sub(known);
        if tokens > 0 {
            tally.add("only the latest token of a provider account is imported", tokens as u64);
        }
    }
}

/// An account in the making, what is wrong with it, and what is to be told of it.
#[derive(Default)]
struct Draft {
    account: PortableAccount,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Draft {
    fn take(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Finding>) {
        if let Err(finding) = step(self) {
            self.findings.push(finding);
        }
    }
}

type Members = serde_json::Map<String, Value>;

const ENCRYPTED: &str = "its secret is not as allauth generates it: if MFA_ADAPTER encrypts secrets, dump them decrypted, \
                         from a copy of the database";

fn email(row: &Row, account: &mut PortableAccount) -> Result<(), Finding> {
    let email = row.text("email")?.ok_or_else(|| row.finding("the email address is empty"))?.to_owned();
    let (verified, primary) = (row.flag("verified", false)?, row.flag("primary", false)?);
    account.emails.push(PortableEmail { email, verified, primary, ..PortableEmail::default() });
    Ok(())
}

fn totp(row: &Row, data: &Members) -> Result<PortableTotp, Finding> {
    let secret = data.get("secret").and_then(Value::as_str).unwrap_or_default();
    let bare = Secret::new(secret.trim_end_matches('=').to_ascii_uppercase());
    if bare.expose().is_empty() || BASE32_NOPAD.decode(bare.expose().as_bytes()).is_err() {
        return Err(row.finding(ENCRYPTED));
    }
    Ok(PortableTotp {
        id: authenticator_id(row),
        secret: PortableSecret::new(secret),
        created_at: row.time("created_at")?.map(PortableTime),
        last_used_at: row.time("last_used_at")?.map(PortableTime),
    })
}

fn social_account(row: &Row, tokens: &[Row], account: &mut PortableAccount) -> Result<(), Finding> {
    let text = |column: &str| {
        row.text(column)?.map(str::to_owned).ok_or_else(|| row.finding(format!("{column} is empty")))
    };
    let key = row.key();
    let mut latest: Option<(Option<Timestamp>, &Row)> = None;
    for token in sorted(tokens).into_iter().filter(|token| token.reference("account") == key) {
        let expires_at = token.time("expires_at")?;
        if latest.is_none_or(|(other, _)| other <= expires_at) {
            latest = Some((expires_at, token));
        }
    }
    let (provider, uid) = (text("provider")?, text("uid")?);
    let tokens = latest.map(|(expires_at, token)| tokens_of(token, expires_at)).transpose()?.flatten();
    let created_at = row.time("date_joined")?.map(PortableTime);
    account.social_accounts.push(PortableSocialAccount {
        provider,
        uid,
        display: display(row),
        tokens,
        created_at,
    });
    Ok(())
}

fn tokens_of(row: &Row, expires_at: Option<Timestamp>) -> Result<Option<PortableTokens>, Finding> {
    let secret = |column: &str| Ok(row.text(column)?.map(PortableSecret::new));
    let Some(access_token) = secret("token")? else { return Ok(None) };
    let refresh_token = secret("token_secret")?;
    Ok(Some(PortableTokens { access_token, refresh_token, expires_at: expires_at.map(PortableTime) }))
}

/// The members of `extra_data` that people know an account at a provider by, the best first. The next login through the
/// provider sets the display name as that provider has it.
const DISPLAYED: [&str; 8] =
    ["username", "login", "email", "mail", "name", "display_name", "displayName", "full_name"];

fn display(row: &Row) -> Option<String> {
    let data = match row.fields.get("extra_data")? {
        Value::Object(data) => data.clone(),
        // Early releases of allauth stored text.
        Value::String(text) => serde_json::from_str(text).ok()?,
        _ => return None,
    };
    let shown =
        |name: &&str| Some(data.get(*name)?.as_str()?.trim().to_owned()).filter(|text| !text.is_empty());
    DISPLAYED.iter().find_map(shown).map(|text| text.chars().take(MAX_CLAIM_LENGTH).collect())
}

/// The primary key of an authenticator, which is its id in the API.
fn authenticator_id(row: &Row) -> Option<i64> {
    row.pk.as_i64().filter(|id| *id > 0)
}

/// A time in seconds since 1970, as Python's `time.time()` tells it.
fn seconds(value: &Value) -> Option<PortableTime> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "it is below 10^14")]
    Some(PortableTime(Timestamp::from_millis((seconds * 1000.0) as i64)))
}

/// Whether a column says nothing: null, false, or empty text, list or object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// In the order of their primary keys, whatever that of the dump.
fn sorted(rows: &[Row]) -> Vec<&Row> {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_cached_key(|row| (row.pk.as_i64(), row.key()));
    sorted
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::dump::Dump;
    use super::super::samples::{columns, settings, testdata};
    use super::*;

    /// The accounts of a dump in the order of their ids, and what stays behind.
    fn accounts(path: &Path) -> (Vec<PortableAccount>, Tally) {
        let (columns, settings) = (columns(), settings());
        let reader = AccountReader { columns: &columns, settings: &settings };
        let dump = Dump::open(path, &columns.user_model, &mut |finding| panic!("{finding}"));
        let mut tally = Tally::default();
        let read = |rows| reader.read(&rows, &mut tally).unwrap();
        let mut accounts: Vec<_> = dump.unwrap().users().unwrap().map(Result::unwrap).map(read).collect();
        accounts.sort_by(|one, other| one.id.cmp(&other.id));
        (accounts, tally)
    }

    fn expected() -> Value {
        serde_json::from_str(&std::fs::read_to_string(testdata("expected.json")).unwrap()).unwrap()
    }

    #[test]
    fn accounts_of_the_real_allauth_are_read() {
        let (accounts, tally) = accounts(&testdata("dump.jsonl"));
        let [ann, bob, cid, dee, eve] = accounts.try_into().unwrap();
        assert_eq!((ann.id.as_str(), ann.username.as_deref(), ann.active), ("1", Some("ann"), true));
        assert!(ann.password.unwrap().expose().starts_with("pbkdf2_sha1$"));
        assert!(ann.last_login_at.is_some() && ann.created_at.is_some() && ann.email.is_none());
        let email = |email: &str, verified, primary| PortableEmail {
            email: email.to_owned(),
            verified,
            primary,
            ..PortableEmail::default()
        };
        assert_eq!(
            ann.emails,
            [email("ann@example.com", true, true), email("ann@work.example", false, false)]
        );
        assert_eq!(ann.profile, [("given_name".to_owned(), json!("Ann"))].into());
        let (totp, codes) = (ann.totp.unwrap(), ann.recovery_codes.unwrap());
        assert_eq!((json!(totp.secret), totp.id), (expected()["totp_secret"].clone(), Some(1)));
        assert_eq!((json!(codes.unused), codes.total), (expected()["unused_codes"].clone(), Some(10)));
        assert!(codes.viewed_at.unwrap() > ann.created_at.unwrap());
        let [key] = ann.webauthn.try_into().unwrap();
        assert_eq!(json!(key.credential_id), expected()["credential_id"]);
        assert_eq!((key.name.as_str(), key.sign_count, key.passwordless), ("Laptop", 1, Some(true)));

        assert!(bob.password.is_none());
        let [github, google] = [1, 0].map(|at| bob.social_accounts[at].clone());
        assert_eq!((google.provider.as_str(), google.uid.as_str()), ("google", "1000"));
        assert_eq!(
            (google.display.as_deref(), github.display.as_deref()),
            (Some("bob@gmail.example"), Some("bob7"))
        );
        let secret = |text: &str| PortableSecret::new(text);
        let tokens = google.tokens.unwrap();
        assert_eq!(
            (tokens.access_token, tokens.refresh_token.unwrap()),
            (secret("access"), secret("refresh"))
        );
        assert!(github.tokens.is_none());

        assert_eq!((cid.active, cid.emails), (false, vec![email("cid@example.com", false, true)]));
        assert_eq!(
            (dee.superuser, dee.email.as_deref(), dee.emails.len()),
            (true, Some("dee@example.com"), 0)
        );
        assert_eq!(dee.phone.unwrap(), PortablePhone { number: "+31612345678".to_owned(), verified: true });
        let codes = eve.recovery_codes.unwrap();
        assert_eq!((codes.unused, codes.total), (vec![secret("abcd-efgh"), secret("12345678")], Some(2)));
        assert_eq!(
            tally.iter().collect::<Vec<_>>(),
            [("column \"is_staff\" of the user model is not imported", 1)]
        );
    }

    fn lines() -> Vec<String> {
        let text = std::fs::read_to_string(testdata("dump.jsonl")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn accounts_do_not_depend_on_the_order_of_lines(lines in Just(lines()).prop_shuffle()) {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(lines.join("\n").as_bytes()).unwrap();
            prop_assert_eq!(accounts(file.path()), accounts(&testdata("dump.jsonl")));
        }
    }

    fn row(model: &str, fields: &Value) -> Row {
        serde_json::from_value(json!({"model": model, "pk": 7, "fields": fields})).unwrap()
    }

    fn user_with(authenticators: &[Value]) -> UserRows {
        UserRows {
            line: 1,
            user: row("refserver.user", &json!({"password": "!", "email": "ann@example.com"})),
            emails: Vec::new(),
            authenticators: authenticators.iter().map(|fields| row("mfa.authenticator", fields)).collect(),
            social_accounts: Vec::new(),
            tokens: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn refused(rows: &UserRows) -> Vec<String> {
        let (columns, settings) = (columns(), settings());
        let reader = AccountReader { columns: &columns, settings: &settings };
        let mut tally = Tally::default();
        let findings = reader.read(rows, &mut tally).unwrap_err();
        assert_eq!(tally, Tally::default(), "nothing is counted of an account that is not read");
        findings.iter().map(ToString::to_string).collect()
    }

    /// The row of a credential of the real django-allauth.
    fn registration() -> Value {
        let row = lines().into_iter().find(|row| row.contains("attestationObject")).unwrap();
        serde_json::from_str::<Value>(&row).unwrap()["fields"].clone()
    }

    /// An account without the second factor that it had would be open to who has the password.
    #[test]
    fn an_account_whose_authenticators_cannot_be_read_is_not_read_without_them() {
        let mut truncated = registration()["data"]["credential"].clone();
        truncated["response"]["attestationObject"] = json!("o2Nm");
        for (kind, data, reason) in [
            ("totp", json!({"secret": "gAAAAABl-x_y"}), "if MFA_ADAPTER encrypts"),
            ("totp", json!({}), "if MFA_ADAPTER encrypts"),
            ("totp", json!([]), "data is not a JSON object"),
            ("recovery_codes", json!({"seed": "gAAAAABl-x_y", "used_mask": 0}), "if MFA_ADAPTER encrypts"),
            ("recovery_codes", json!({"seed": "00", "used_mask": -1}), "used_mask"),
            ("recovery_codes", json!({"migrated_codes": [1]}), "migrated_codes"),
            ("webauthn", json!({"name": "x"}), "its credential cannot be used"),
            ("webauthn", json!({"credential": truncated}), "its credential cannot be used"),
            ("sms", json!({}), "of type \"sms\" is unknown"),
        ] {
            let findings = refused(&user_with(&[json!({"type": kind, "data": data})]));
            assert!(findings.len() == 1 && findings[0].contains(reason), "{kind}: {findings:?}");
        }
        let totp = json!({"type": "totp", "data": {"secret": "GEZDGNBVGY3TQOJQ"}});
        let findings = refused(&user_with(&[totp.clone(), totp]));
        assert_eq!(findings, ["mfa.authenticator \"7\": it is the user's second of type totp"]);
    }

    #[test]
    fn a_credential_for_another_relying_party_is_named_with_its_origin() {
        let mut other = settings();
        other.mfa.webauthn_rp_id = Some("example.org".to_owned());
        let columns = columns();
        let reader = AccountReader { columns: &columns, settings: &other };
        let findings = reader.read(&user_with(&[registration()]), &mut Tally::default()).unwrap_err();
        assert!(
            findings[0].reason.contains("made at \"https://app.example.com\", is for another"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_user_model_without_passwords_is_not_one() {
        let mut rows = user_with(&[]);
        rows.user = row("refserver.user", &json!({"email": "ann@example.com"}));
        assert!(refused(&rows)[0].contains("--user-model"));
    }
}

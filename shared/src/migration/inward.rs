//! An account from its portable form.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::{BASE32, BASE32_NOPAD};
use zeroize::Zeroizing;

use super::portable::{
    PortableAccount, PortableCredential, PortableRecoveryCodes, PortableSecret, PortableSocialAccount,
    PortableTime, PortableTokens, PortableTotp,
};
use super::problem::MigrationProblem;
use crate::domain::account::{Account, MOST_ADDRESSES, MOST_UNPROVEN_ADDRESSES, PasswordHash};
use crate::domain::account_id::AccountId;
use crate::domain::account_size::MOST_ACCOUNT_BYTES;
use crate::domain::authenticator::{
    Authenticator, Credential, CredentialKey, Factor, MAX_CREDENTIAL_NAME, MOST_AUTHENTICATORS,
    MOST_PUBLIC_KEY_BYTES, RecoveryCodes, Totp,
};
use crate::domain::code::{self, CodeHash};
use crate::domain::document::UnknownMembers;
use crate::domain::email::{self, EmailAddress};
use crate::domain::handle::MOST_CREDENTIAL_ID_BYTES;
use crate::domain::means::Unproved;
use crate::domain::phone::{self, Phone};
use crate::domain::profile::{MAX_PROFILE_BYTES, size};
use crate::domain::social::{
    MAX_CLAIM_LENGTH, MAX_UID_LENGTH, MOST_SOCIAL_ACCOUNTS, MOST_TOKEN_BYTES, SocialAccount, Tokens,
};
use crate::domain::text::{self, quoted};
use crate::domain::time::Timestamp;
use crate::domain::username;
use crate::flows::connect;
use crate::http::language;
use crate::operator;
use crate::password::check_hash;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{AccountIdFormat, ProfileField, ProfileFieldType, Settings};
use crate::signing::{CodeHasher, Keys, SealPurpose};

/// The fewest bits of a TOTP secret, in bytes: what authenticator apps of before RFC 6238 had.
const LEAST_SECRET_BYTES: usize = 10;
const MOST_SECRET_BYTES: usize = 128;
const MOST_CODES: usize = 100;
const MOST_CODE_LENGTH: usize = 64;
const MOST_PROVIDER_LENGTH: usize = 200;

/// The way in: what accounts are made with.
#[derive(Clone, Copy, Debug)]
pub struct Inward<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The keys that secrets are encrypted with.
    pub keys: &'a Keys,
    /// The source of randomness.
    pub random: &'a Random,
    /// The current time.
    pub now: Timestamp,
    /// Whether accounts may be marked as administrators.
    pub superusers: bool,
    /// Whether ids may have another format than new ones (`ACCOUNT_ID_FORMAT`).
    pub mixed_ids: bool,
}

impl Inward<'_> {
    /// The account that a portable one describes, or all that is wrong with it.
    pub fn account(&self, from: &PortableAccount) -> Result<Account, Vec<MigrationProblem>> {
        let id = AccountId::parse(&from.id).ok_or_else(|| vec![MigrationProblem::Id(quoted(&from.id))])?;
        let created_at = from.created_at.map_or(self.now, |time| time.0);
        let mut account = Account {
            username: from.username.clone().filter(|name| !name.is_empty()),
            active: from.active,
            superuser: from.superuser && self.superusers,
            password: from.password.as_ref().map(|hash| PasswordHash(hash.expose().to_owned())),
            had_verified: from.had_verified,
            stripped_at: time(from.stripped_at),
            last_login_at: time(from.last_login_at),
            profile: from.profile.clone(),
            public_metadata: from.public_metadata.clone(),
            private_metadata: from.private_metadata.clone(),
            ..Account::new(id, created_at)
        };
        let mut maker = Maker { way: self, created_at, problems: Vec::new() };
        maker.own(from, &account);
        maker.emails(from, &mut account);
        maker.phone(from, &mut account);
        maker.authenticators(from, &mut account);
        maker.social_accounts(from, &mut account);
        let unproved = from.unproved.iter().filter(|it| account.has(&it.means));
        let unproved = unproved.map(|it| Unproved {
            means: it.means.clone(),
            at: it.at.0,
            unknown: UnknownMembers::NONE,
        });
        account.unproved = unproved.collect::<Vec<_>>().into();
        let bytes = account.size();
        if bytes > MOST_ACCOUNT_BYTES {
            maker.problems.push(MigrationProblem::TooLarge(bytes, MOST_ACCOUNT_BYTES));
        }
        if maker.problems.is_empty() { Ok(account) } else { Err(maker.problems) }
    }
}

fn time(given: Option<PortableTime>) -> Option<Timestamp> {
    given.map(|time| time.0)
}

/// One account that is being made.
struct Maker<'a> {
    way: &'a Inward<'a>,
    created_at: Timestamp,
    problems: Vec<MigrationProblem>,
}

impl Maker<'_> {
    fn refuse(&mut self, problem: MigrationProblem) {
        self.problems.push(problem);
    }

    fn at_most(&mut self, what: &'static str, found: usize, most: usize) {
        if found > most {
            self.refuse(MigrationProblem::TooMany { what, found, most });
        }
    }

    /// What is the account's own, as it is.
    fn own(&mut self, from: &PortableAccount, account: &Account) {
        let format = self.way.settings.account.id_format;
        let is_integer = account.id.as_integer().is_some();
        if is_integer != (format == AccountIdFormat::Integer) && !self.way.mixed_ids {
            self.refuse(if is_integer { MigrationProblem::IntegerId } else { MigrationProblem::TextId });
        }
        if from.without_secrets {
            self.refuse(MigrationProblem::WithoutSecrets);
        }
        if let Some(Err(fault)) = account.password.as_ref().map(|hash| check_hash(&hash.0)) {
            self.refuse(fault.into());
        }
        if let Some(name) = account.username.as_deref().filter(|name| username::check(name, &[]).is_err()) {
            self.refuse(MigrationProblem::Username(quoted(name)));
        }
        for (name, value) in &account.profile {
            let reason = match self.way.settings.account.profile_fields.get(name) {
                None => Some("ACCOUNT_PROFILE_FIELDS has no such field".to_owned()),
                Some(field) => reason_against(field, value),
            };
            if let Some(reason) = reason {
                self.refuse(MigrationProblem::Value("profile", format!("{}: {reason}", quoted(name))));
            }
        }
        let bytes = size(&account.profile);
        if bytes > MAX_PROFILE_BYTES {
            let reason = format!("it has {bytes} bytes, and at most {MAX_PROFILE_BYTES} are possible");
            self.refuse(MigrationProblem::Value("profile", reason));
        }
        if let Err(reason) = operator::check_metadata(account) {
            self.refuse(MigrationProblem::Value("metadata", reason));
        }
    }

    fn email(&mut self, given: &str) -> Option<String> {
        let canonical = email::canonical(given);
        if canonical.is_none() {
            self.refuse(MigrationProblem::Email(quoted(given)));
        }
        canonical
    }

    fn emails(&mut self, from: &PortableAccount, account: &mut Account) {
        let is_proven = account.had_verified
            || from.emails.iter().any(|it| it.verified)
            || from.phone.as_ref().is_some_and(|phone| phone.verified);
        let most = if is_proven { MOST_ADDRESSES } else { MOST_UNPROVEN_ADDRESSES } as usize;
        self.at_most("email addresses", from.emails.len(), most);
        self.at_most("primary email addresses", from.emails.iter().filter(|it| it.primary).count(), 1);
        let given = from.emails.iter().filter(|it| it.signup == Some(true)).count();
        self.at_most("email addresses given at sign-up", given, 1);
        let says_which = from.emails.iter().any(|it| it.signup.is_some());
        for it in from.emails.iter().take(most) {
            let Some(email) = self.email(&it.email) else { continue };
            if account.emails.iter().any(|other| other.email == email) {
                self.refuse(MigrationProblem::Twice("email address", quoted(&email)));
            }
            let usual = it.primary && !it.verified && !says_which;
            if it.signup.unwrap_or(usual) {
                account.signup_email = Some(email.clone());
            }
            if it.primary {
                account.email = Some(email.clone());
            }
            let address = EmailAddress::new(email);
            account.emails.push(EmailAddress { verified: it.verified, primary: it.primary, ..address });
        }
        if let Some(given) = from.email.as_deref().filter(|given| !given.trim().is_empty()) {
            account.email = self.email(given);
        }
    }

    fn phone(&mut self, from: &PortableAccount, account: &mut Account) {
        let Some(given) = &from.phone else { return };
        if !phone::validate(&given.number) {
            self.refuse(MigrationProblem::Phone(quoted(&given.number)));
        }
        account.phone = Some(Phone::new(given.number.clone(), given.verified));
    }

    /// In the order of their creation, as an account has them.
    fn authenticators(&mut self, from: &PortableAccount, account: &mut Account) {
        let mut found: Vec<(Option<i64>, Authenticator)> = Vec::new();
        let mut add = |id, factor, created_at: Option<PortableTime>, last_used_at| {
            let created_at = created_at.map_or(self.created_at, |time| time.0);
            let last_used_at = time(last_used_at);
            found.push((id, Authenticator { last_used_at, ..Authenticator::new(0, factor, created_at) }));
        };
        let mut problems = Vec::new();
        if let Some(totp) = &from.totp {
            match self.way.totp(&account.id, totp) {
                Ok(factor) => add(totp.id, Factor::Totp(factor), totp.created_at, totp.last_used_at),
                Err(problem) => problems.push(problem),
            }
        }
        if let Some(codes) = &from.recovery_codes {
            match self.way.recovery_codes(&account.id, codes) {
                Ok(factor) => {
                    add(codes.id, Factor::RecoveryCodes(factor), codes.created_at, codes.last_used_at);
                }
                Err(problem) => problems.push(problem),
            }
        }
        for key in from.webauthn.iter().take(MOST_AUTHENTICATORS) {
            match credential(key) {
                Ok(factor) => add(key.id, Factor::WebAuthn(factor), key.created_at, key.last_used_at),
                Err(problem) => problems.push(problem),
            }
        }
        self.problems.extend(problems);
        let factors = from.webauthn.len() + usize::from(from.totp.is_some());
        self.at_most("second factors", factors, MOST_AUTHENTICATORS);
        found.sort_by_key(|(_, authenticator)| authenticator.created_at);
        // Those that have an id come first, so that none of them is given away.
        for id in found.iter().filter_map(|(id, _)| *id) {
            let times = found.iter().filter(|(other, _)| *other == Some(id)).count();
            if id <= 0 || id > MOST_AUTHENTICATOR_ID || times > 1 {
                self.refuse(MigrationProblem::Value("id of an authenticator", id.to_string()));
            }
        }
        let mut taken: BTreeSet<i64> = found.iter().filter_map(|(id, _)| *id).collect();
        for (id, authenticator) in found {
            let free = || std::iter::repeat_with(|| self.way.random.id()).find(|id| !taken.contains(id));
            let id = id.or_else(free).unwrap_or_default();
            taken.insert(id);
            account.authenticators.push(Authenticator { id, ..authenticator });
        }
        let mut known = BTreeSet::new();
        for (_, credential) in account.credentials() {
            if !known.insert(&credential.credential_id) {
                self.problems.push(MigrationProblem::Twice("credential", quoted(&credential.credential_id)));
            }
        }
    }

    fn social_accounts(&mut self, from: &PortableAccount, account: &mut Account) {
        self.at_most("provider accounts", from.social_accounts.len(), MOST_SOCIAL_ACCOUNTS);
        for social in from.social_accounts.iter().take(MOST_SOCIAL_ACCOUNTS) {
            let is_provider = |text: &str| {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                (1..=MOST_PROVIDER_LENGTH).contains(&text.len()) && text.chars().all(plain)
            };
            if !is_provider(&social.provider) {
                self.refuse(MigrationProblem::Value("provider", quoted(&social.provider)));
            }
            if !(1..=MAX_UID_LENGTH).contains(&text::length(&social.uid)) {
                self.refuse(MigrationProblem::Value("uid", quoted(&social.uid)));
            }
            if social.display.as_deref().is_some_and(|name| text::length(name) > MAX_CLAIM_LENGTH) {
                self.refuse(MigrationProblem::Value(
                    "display",
                    format!("more than {MAX_CLAIM_LENGTH} characters"),
                ));
            }
            if account.social_account(&social.provider, &social.uid).is_some() {
                let name = format!("{} {}", social.provider, social.uid);
                self.refuse(MigrationProblem::Twice("provider account", quoted(&name)));
            }
            account.social_accounts.push(self.social_account(&account.id, social));
        }
    }

    fn social_account(&mut self, id: &AccountId, from: &PortableSocialAccount) -> SocialAccount {
        let stored = from.tokens.as_ref().filter(|_| self.way.settings.socialaccount.store_tokens);
        let tokens = stored.map(tokens);
        if tokens.as_ref().is_some_and(|tokens| !tokens.can_be_kept()) {
            self.refuse(MigrationProblem::Value("tokens", format!("more than {MOST_TOKEN_BYTES} bytes")));
        }
        let place = connect::place(Some(id), &from.provider, &from.uid);
        let (keys, random) = (self.way.keys, self.way.random);
        SocialAccount {
            provider: from.provider.clone(),
            uid: from.uid.clone(),
            display: from.display.clone(),
            tokens: tokens.map(|tokens| connect::seal_tokens(keys, random, &place, &tokens)),
            connected_at: from.created_at.map_or(self.created_at, |time| time.0),
            unknown: UnknownMembers::NONE,
        }
    }
}

/// What JavaScript reads without a loss.
const MOST_AUTHENTICATOR_ID: i64 = (1 << 53) - 1;

impl Inward<'_> {
    fn seal(&self, purpose: SealPurpose, id: &AccountId, secret: &Secret) -> crate::secret::Sealed {
        self.keys.seal(purpose, self.random, id.as_str(), secret)
    }

    fn totp(&self, id: &AccountId, from: &PortableTotp) -> Result<Totp, MigrationProblem> {
        let plain = |c: &char| !c.is_whitespace() && *c != '-' && *c != '=';
        let text: Zeroizing<String> = from
            .secret
            .expose()
            .chars()
            .filter(plain)
            .map(|c| c.to_ascii_uppercase())
            .collect::<String>()
            .into();
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).map(Zeroizing::new);
        let bytes =
            bytes.map_err(|_| MigrationProblem::Value("totp", "the secret is not in base32".into()))?;
        if !(LEAST_SECRET_BYTES..=MOST_SECRET_BYTES).contains(&bytes.len()) {
            let reason = format!(
                "the secret has {} bytes, and {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} are possible",
                bytes.len()
            );
            return Err(MigrationProblem::Value("totp", reason));
        }
        Ok(Totp::new(self.seal(SealPurpose::TotpSecret, id, &Secret::new(BASE32.encode(&bytes)))))
    }

    fn recovery_codes(
        &self,
        id: &AccountId,
        from: &PortableRecoveryCodes,
    ) -> Result<RecoveryCodes, MigrationProblem> {
        let wrong = |reason: &str| MigrationProblem::Value("recovery_codes", reason.to_owned());
        let most = from.hashes.as_ref().map_or(0, |hashes| hashes.unused.len()).max(from.unused.len());
        if most.max(from.total.unwrap_or(most)) > MOST_CODES {
            return Err(MigrationProblem::TooMany { what: "recovery codes", found: most, most: MOST_CODES });
        }
        let (unused, key, shown): (Vec<CodeHash>, CodeHasher, Option<Secret>) = match &from.hashes {
            Some(_) if !from.unused.is_empty() => return Err(wrong("both codes and hashes are given")),
            Some(hashes) => {
                let maker = CodeHasher::read(&hashes.key.0).ok_or_else(|| wrong("the key is not valid"))?;
                let is_hash = |hash: &String| URL_SAFE_NO_PAD.decode(hash).is_ok_and(|hash| hash.len() == 32);
                if !hashes.unused.iter().all(is_hash) {
                    return Err(wrong("a hash is not valid"));
                }
                (hashes.unused.iter().cloned().map(CodeHash).collect(), maker, None)
            }
            None => {
                let hasher = Keys::new_code_hasher(self.random);
                let codes = normal_codes(&from.unused)?;
                let unused = codes.iter().map(|code| hasher.hash(id, code)).collect();
                let shown = (!self.settings.mfa.recovery_codes_show_once).then(|| codes.join("\n"));
                (unused, hasher, shown.map(Secret::new))
            }
        };
        Ok(RecoveryCodes {
            total: from.total.unwrap_or(unused.len()),
            unused,
            key: Some(self.seal(SealPurpose::RecoveryKey, id, &key.to_secret())),
            shown: shown.map(|shown| self.seal(SealPurpose::RecoveryCodes, id, &shown)),
            viewed_at: time(from.viewed_at),
            unknown: UnknownMembers::NONE,
        })
    }
}

/// The codes as answers are compared with them.
fn normal_codes(given: &[PortableSecret]) -> Result<Zeroizing<Vec<String>>, MigrationProblem> {
    let codes = Zeroizing::new(given.iter().map(|code| code::normalise(code.expose())).collect::<Vec<_>>());
    let wrong = |reason: String| Err(MigrationProblem::Value("recovery_codes", reason));
    for (number, code) in (1..).zip(codes.iter()) {
        if !(1..=MOST_CODE_LENGTH).contains(&text::length(code)) || code.chars().any(char::is_control) {
            return wrong(format!(
                "number {number} has no letters or digits, or more than {MOST_CODE_LENGTH}"
            ));
        }
        if codes.iter().filter(|other| *other == code).count() > 1 {
            return wrong(format!("number {number} stands there twice"));
        }
    }
    Ok(codes)
}

fn credential(from: &PortableCredential) -> Result<Credential, MigrationProblem> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let wrong =
        |reason: &str| MigrationProblem::Value("webauthn", format!("{}: {reason}", quoted(&from.name)));
    let id = bytes(&from.credential_id).filter(|id| (1..=MOST_CREDENTIAL_ID_BYTES).contains(&id.len()));
    let id = id.ok_or_else(|| wrong("the credential id is not valid"))?;
    let key = bytes(&from.public_key).filter(|key| (1..=MOST_PUBLIC_KEY_BYTES).contains(&key.len()));
    let key = key.ok_or_else(|| wrong("the public key is not valid"))?;
    if text::length(&from.name) > MAX_CREDENTIAL_NAME {
        return Err(wrong("the name is too long"));
    }
    Ok(Credential {
        name: from.name.clone(),
        credential_id: URL_SAFE_NO_PAD.encode(id),
        passwordless: from.passwordless,
        document: CredentialKey::new(URL_SAFE_NO_PAD.encode(key), from.sign_count).to_document(),
        unknown: UnknownMembers::NONE,
    })
}

fn tokens(from: &PortableTokens) -> Tokens {
    Tokens {
        access_token: from.access_token.0.clone(),
        refresh_token: from.refresh_token.as_ref().map(|token| token.0.clone()),
        expires_at: time(from.expires_at),
    }
}

/// Why a field can't have a value, as it is stored.
fn reason_against(field: &ProfileField, value: &serde_json::Value) -> Option<String> {
    let refusals = match &field.kind {
        ProfileFieldType::Boolean { .. } => value.is_boolean().then(Vec::new),
        ProfileFieldType::Consent(_) => {
            (value["version"].is_string() && value["at"].is_number()).then(Vec::new)
        }
        ProfileFieldType::Integer { .. } => value.as_i64().map(|number| field.kind.integer_refusals(number)),
        ProfileFieldType::Text { .. } | ProfileFieldType::Date { .. } | ProfileFieldType::Choice(_) => {
            value.as_str().map(|text| field.kind.text_refusals(text))
        }
    };
    match refusals {
        None => Some("the value has another type than the field".to_owned()),
        Some(refusals) => refusals.first().map(language::english),
    }
}

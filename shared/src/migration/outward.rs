//! The portable form of an account.

use super::portable::{
    PortableAccount, PortableCodeHashes, PortableCredential, PortableEmail, PortablePhone,
    PortableRecoveryCodes, PortableSecret, PortableSocialAccount, PortableTime, PortableTokens, PortableTotp,
    PortableUnproved,
};
use super::problem::MigrationProblem;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, Credential, CredentialKey, Factor, RecoveryCodes, Totp};
use crate::domain::document::UnknownMembers;
use crate::domain::social::SocialAccount;
use crate::domain::time::Timestamp;
use crate::flows::connect;
use crate::signing::{CodeHasher, Keys, SealPurpose, Unopened};

/// The way out.
#[derive(Clone, Debug)]
pub struct Outward<'a> {
    /// The keys that decrypt secrets; none to leave all secrets out.
    pub keys: Option<&'a Keys>,
}

impl Outward<'_> {
    /// The portable form of an account, or why it has none.
    pub fn account(&self, from: &Account) -> Result<PortableAccount, MigrationProblem> {
        if has_later_data(from) {
            return Err(MigrationProblem::LaterRelease);
        }
        let is_primary = |email: &String| from.emails.iter().any(|it| it.primary && it.email == *email);
        let mut account = PortableAccount {
            id: from.id.as_str().to_owned(),
            username: from.username.clone(),
            email: from.email.clone().filter(|email| !is_primary(email)),
            active: from.active,
            superuser: from.superuser,
            emails: emails(from),
            had_verified: from.had_verified,
            stripped_at: from.stripped_at.map(PortableTime),
            phone: from
                .phone
                .as_ref()
                .map(|phone| PortablePhone { number: phone.number.clone(), verified: phone.verified }),
            created_at: Some(PortableTime(from.created_at)),
            last_login_at: from.last_login_at.map(PortableTime),
            profile: from.profile.clone(),
            public_metadata: from.public_metadata.clone(),
            private_metadata: from.private_metadata.clone(),
            unproved: from
                .unproved
                .iter()
                .map(|it| PortableUnproved { means: it.means.clone(), at: PortableTime(it.at) })
                .collect(),
            without_secrets: self.keys.is_none(),
            ..PortableAccount::default()
        };
        for authenticator in &from.authenticators {
            self.authenticator(&mut account, &from.id, authenticator)?;
        }
        let socials = from.social_accounts.iter().map(|social| self.social_account(&from.id, social));
        account.social_accounts = socials.collect::<Result<_, _>>()?;
        if self.keys.is_some() {
            account.password = from.password.as_ref().map(|hash| PortableSecret::new(hash.0.as_str()));
        }
        Ok(account)
    }

    fn authenticator(
        &self,
        account: &mut PortableAccount,
        owner: &AccountId,
        from: &Authenticator,
    ) -> Result<(), MigrationProblem> {
        match (&from.factor, self.keys) {
            (Factor::WebAuthn(key), _) => account.webauthn.push(credential(from, key)?),
            (Factor::Totp(_) | Factor::RecoveryCodes(_), None) => {}
            (Factor::Totp(from_totp), Some(keys)) => {
                account.totp = Some(totp(keys, owner, from, from_totp)?);
            }
            (Factor::RecoveryCodes(codes), Some(keys)) => {
                account.recovery_codes = Some(recovery_codes(keys, owner, from, codes)?);
            }
        }
        Ok(())
    }

    fn social_account(
        &self,
        owner: &AccountId,
        from: &SocialAccount,
    ) -> Result<PortableSocialAccount, Unopened> {
        let place = connect::place(Some(owner), &from.provider, &from.uid);
        let sealed = self.keys.zip(from.tokens.as_ref());
        let tokens = sealed.map(|(keys, sealed)| connect::open_tokens(keys, &place, sealed)).transpose()?;
        Ok(PortableSocialAccount {
            provider: from.provider.clone(),
            uid: from.uid.clone(),
            display: from.display.clone(),
            tokens: tokens.map(|tokens| PortableTokens {
                access_token: PortableSecret(tokens.access_token),
                refresh_token: tokens.refresh_token.map(PortableSecret),
                expires_at: tokens.expires_at.map(PortableTime),
            }),
            created_at: Some(PortableTime(from.connected_at)),
        })
    }
}

/// Whether this release does not know all of it.
fn has_later_data(account: &Account) -> bool {
    account.unknown != UnknownMembers::NONE
        || !account.authenticators.unknown().is_empty()
        || !account.social_accounts.unknown().is_empty()
        || !account.unproved.unknown().is_empty()
}

fn emails(from: &Account) -> Vec<PortableEmail> {
    let portable = from.emails.iter().map(|it| PortableEmail {
        email: it.email.clone(),
        verified: it.verified,
        primary: it.primary,
        signup: Some(from.signup_email.as_ref() == Some(&it.email)),
    });
    portable.collect()
}

fn times(from: &Authenticator) -> (Option<PortableTime>, Option<PortableTime>) {
    let time = |time: Option<Timestamp>| time.map(PortableTime);
    (time(Some(from.created_at)), time(from.last_used_at))
}

fn totp(keys: &Keys, owner: &AccountId, from: &Authenticator, totp: &Totp) -> Result<PortableTotp, Unopened> {
    let secret = keys.open(SealPurpose::TotpSecret, owner.as_str(), &totp.secret)?;
    let (created_at, last_used_at) = times(from);
    Ok(PortableTotp { id: Some(from.id), secret: PortableSecret(secret), created_at, last_used_at })
}

/// The codes, or their hashes where only these are stored.
fn recovery_codes(
    keys: &Keys,
    owner: &AccountId,
    from: &Authenticator,
    codes: &RecoveryCodes,
) -> Result<PortableRecoveryCodes, MigrationProblem> {
    let open = |purpose, sealed| keys.open(purpose, owner.as_str(), sealed);
    let key = codes.key.as_ref().map(|sealed| open(SealPurpose::RecoveryKey, sealed)).transpose()?;
    let (created_at, last_used_at) = times(from);
    let portable = PortableRecoveryCodes {
        id: Some(from.id),
        total: Some(codes.total),
        viewed_at: codes.viewed_at.map(PortableTime),
        created_at,
        last_used_at,
        ..PortableRecoveryCodes::default()
    };
    if let Some(sealed) = &codes.shown {
        let hasher = key.as_ref().and_then(CodeHasher::read).unwrap_or_else(|| keys.code_hasher());
        let is_left = |code: &&str| codes.unused.iter().any(|hash| hasher.matches(owner, code, hash));
        let shown = open(SealPurpose::RecoveryCodes, sealed)?;
        let unused = shown.expose().lines().filter(is_left).map(PortableSecret::new).collect();
        return Ok(PortableRecoveryCodes { unused, ..portable });
    }
    let key = PortableSecret(key.ok_or(MigrationProblem::UnkeyedCodes)?);
    let unused = codes.unused.iter().map(|hash| hash.0.clone()).collect();
    Ok(PortableRecoveryCodes { hashes: Some(PortableCodeHashes { key, unused }), ..portable })
}

fn credential(from: &Authenticator, credential: &Credential) -> Result<PortableCredential, MigrationProblem> {
    let key = CredentialKey::from_document(&credential.document).ok_or(MigrationProblem::LaterRelease)?;
    let (created_at, last_used_at) = times(from);
    Ok(PortableCredential {
        id: Some(from.id),
        name: credential.name.clone(),
        credential_id: credential.credential_id.clone(),
        public_key: key.public_key,
        sign_count: key.sign_count,
        passwordless: credential.passwordless,
        created_at,
        last_used_at,
    })
}

//! The four steps in which Secrets Manager has a secret replaced. Each may be repeated: a step that was done does
//! nothing.

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use vestibule::jwt::{Jwt, KeyError, KeySet};
use vestibule::random::Random;
use vestibule::secret::Secret;
use vestibule::settings::JwtSettings;

use crate::generate::{GenerateError, generate};
use crate::vault::{CURRENT, PENDING, Vault, VaultError};

/// What Secrets Manager asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Step {
    /// Make the new version.
    #[serde(rename = "createSecret")]
    Create,
    /// Tell the service that the secret is for; there is none.
    #[serde(rename = "setSecret")]
    Set,
    /// See whether the new version can be used.
    #[serde(rename = "testSecret")]
    Test,
    /// Make the new version the current one.
    #[serde(rename = "finishSecret")]
    Finish,
}

/// Why a step failed; Secrets Manager tries the whole again later.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The secret can't be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No key can be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The new keys can't be used.
    #[error("the new keys: {0}")]
    Unusable(#[from] KeyError),
    /// There is no new version to go on with.
    #[error("the new version is missing, or holds no keys")]
    Missing,
}

/// Takes a step towards the version of this name.
pub async fn rotate(
    vault: &impl Vault,
    step: Step,
    version: &str,
    settings: &JwtSettings,
    random: &Random,
) -> Result<(), RotationError> {
    match step {
        Step::Create => create(vault, version, settings.algorithm, random).await,
        Step::Set => Ok(()),
        Step::Test => test(vault, version, settings).await,
        Step::Finish => finish(vault, version).await,
    }
}

async fn create(
    vault: &impl Vault,
    version: &str,
    algorithm: Algorithm,
    random: &Random,
) -> Result<(), RotationError> {
    if vault.read(PENDING, Some(version)).await?.is_some() {
        return Ok(());
    }
    let new = generate(algorithm, random)?;
    let set = match read(vault.read(CURRENT, None).await?) {
        Some(set) => set.rotated(new),
        // The template makes the secret with nothing of use in it, and operators empty it when keys may have leaked.
        None => KeySet { previous: None, current: generate(algorithm, random)?, next: new },
    };
    let content = serde_json::to_string(&set).map_err(|_| RotationError::Missing)?;
    Ok(vault.add(version, &Secret::new(content)).await?)
}

async fn test(vault: &impl Vault, version: &str, settings: &JwtSettings) -> Result<(), RotationError> {
    let set = read(vault.read(PENDING, Some(version)).await?).ok_or(RotationError::Missing)?;
    // Reading a key derives its public half, and so finds out whether it is one.
    Jwt::with_key_set(settings, &set)?;
    Ok(())
}

async fn finish(vault: &impl Vault, version: &str) -> Result<(), RotationError> {
    let versions = vault.versions().await?;
    let is_current = |labels: &&Vec<String>| labels.iter().any(|label| label == CURRENT);
    let current = versions.iter().find(|(_, labels)| is_current(labels)).map(|(version, _)| version.as_str());
    if current == Some(version) {
        return Ok(());
    }
    Ok(vault.promote(version, current).await?)
}

fn read(content: Option<Secret>) -> Option<KeySet> {
    serde_json::from_str(content?.expose()).ok()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::vault::Versions;
    use vestibule::aws::secret::SecretError;
    use vestibule::domain::session::TokenPair;
    use vestibule::domain::time::Timestamp;
    use vestibule::domain::token::SessionKey;
    use vestibule::jwt::TokenUse;
    use vestibule::settings::Settings;

    /// Versions of a secret, with their labels, as Secrets Manager keeps them.
    #[derive(Default)]
    struct InMemory(RefCell<Vec<(String, String, Vec<String>)>>);

    impl InMemory {
        fn new() -> Self {
            Self(RefCell::new(vec![("made".into(), "{}".into(), vec![CURRENT.into()])]))
        }

        fn current(&self) -> Option<KeySet> {
            let versions = self.0.borrow();
            let (_, content, _) =
                versions.iter().find(|(_, _, labels)| labels.contains(&CURRENT.to_owned())).unwrap();
            serde_json::from_str(content).ok()
        }
    }

    impl Vault for InMemory {
        async fn read(&self, label: &str, version: Option<&str>) -> Result<Option<Secret>, VaultError> {
            let versions = self.0.borrow();
            let found = versions.iter().find(|(name, _, labels)| {
                labels.iter().any(|known| known == label) && version.is_none_or(|version| name == version)
            });
            Ok(found.map(|(_, content, _)| Secret::new(content.clone())))
        }

        async fn add(&self, version: &str, content: &Secret) -> Result<(), VaultError> {
            let mut versions = self.0.borrow_mut();
            if versions.iter().any(|(name, ..)| name == version) {
                let (code, message) = ("ResourceExistsException".into(), String::new());
                return Err(SecretError::Refused { code, message }.into());
            }
            versions.iter_mut().for_each(|(_, _, labels)| labels.retain(|label| label != PENDING));
            versions.push((version.into(), content.expose().into(), vec![PENDING.into()]));
            Ok(())
        }

        async fn versions(&self) -> Result<Versions, VaultError> {
            Ok(self.0.borrow().iter().map(|(name, _, labels)| (name.clone(), labels.clone())).collect())
        }

        async fn promote(&self, version: &str, instead_of: Option<&str>) -> Result<(), VaultError> {
            for (name, _, labels) in self.0.borrow_mut().iter_mut() {
                if Some(name.as_str()) == instead_of {
                    labels.retain(|label| label != CURRENT);
                }
                if name == version {
                    labels.push(CURRENT.into());
                }
            }
            Ok(())
        }
    }

    fn settings(algorithm: &str) -> JwtSettings {
        let variables = [("HEADLESS_JWT_ALGORITHM".to_owned(), algorithm.to_owned())];
        Settings::read(variables).unwrap().settings.headless.jwt
    }

    const STEPS: [Step; 4] = [Step::Create, Step::Set, Step::Test, Step::Finish];

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn rotate_once(vault: &InMemory, version: &str, algorithm: &str) {
        for step in STEPS {
            // Twice: an answer may have been lost.
            for _ in 0..2 {
                run(rotate(vault, step, version, &settings(algorithm), &Random::system())).unwrap();
            }
        }
    }

    #[test]
    fn keys_move_up() {
        let vault = InMemory::new();
        assert!(vault.current().is_none());
        rotate_once(&vault, "first", "EdDSA");
        let first = vault.current().unwrap();
        assert!(first.previous.is_none());
        rotate_once(&vault, "second", "EdDSA");
        let second = vault.current().unwrap();
        assert_eq!(second.previous.unwrap().pem, first.current.pem);
        assert_eq!(second.current.pem, first.next.pem);
        assert_ne!(second.next.pem, first.next.pem);
    }

    /// What an operator does when keys may have leaked: they empty the secret, and have it rotated.
    #[test]
    fn an_emptied_secret_gets_other_keys_and_keeps_none() {
        let vault = InMemory::new();
        rotate_once(&vault, "first", "EdDSA");
        rotate_once(&vault, "second", "EdDSA");
        let leaked = vault.current().unwrap();
        run(vault.add("emptied", &Secret::new("{}"))).unwrap();
        run(vault.promote("emptied", Some("second"))).unwrap();
        assert!(vault.current().is_none());
        rotate_once(&vault, "third", "EdDSA");
        let new = Jwt::with_key_set(&settings("EdDSA"), &vault.current().unwrap()).unwrap();

        let pair = TokenPair::new("a".into(), "r".into(), Timestamp::from_millis(0));
        let session = SessionKey::parse("user", &"x".repeat(43)).unwrap();
        let published = serde_json::to_string(&new.published()).unwrap();
        for key in [leaked.previous.unwrap(), leaked.current, leaked.next] {
            let old = Jwt::with_private_key(&settings("EdDSA"), &Secret::new(key.pem)).unwrap();
            let stolen =
                old.issue(&pair, &session, "https://api.example.com", &serde_json::Map::new()).unwrap();
            assert!(new.read(stolen.access_token.expose(), TokenUse::Access).is_none());
            assert!(new.read(stolen.refresh_token.expose(), TokenUse::Refresh).is_none());
            let id = old.published().keys[0].common.key_id.clone().unwrap();
            assert!(!published.contains(&id));
        }
    }

    #[test]
    fn another_algorithm_comes_with_the_next_key() {
        let vault = InMemory::new();
        rotate_once(&vault, "first", "EdDSA");
        rotate_once(&vault, "second", "ES256");
        let set = vault.current().unwrap();
        assert_eq!((set.current.algorithm, set.next.algorithm), (Algorithm::EdDSA, Algorithm::ES256));
    }

    #[test]
    fn what_can_t_be_used_does_not_come_into_use() {
        let vault = InMemory::new();
        run(vault.add("bad", &Secret::new("{}"))).unwrap();
        let tested = run(rotate(&vault, Step::Test, "bad", &settings("EdDSA"), &Random::system()));
        assert!(matches!(tested, Err(RotationError::Missing)), "{tested:?}");
        assert!(vault.current().is_none());
    }

    #[test]
    fn steps_are_named_as_secrets_manager_names_them() {
        let names = ["createSecret", "setSecret", "testSecret", "finishSecret"];
        let read = names.map(|name| serde_json::from_value::<Step>(name.into()).unwrap());
        assert_eq!(read, STEPS);
    }
}

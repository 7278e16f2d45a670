//! The settings of social login: which app is meant, and its client secret.

use serde_json::Value;

use super::declared::Socialaccount;
use super::provider::ProviderApp;
use crate::secret::Secret;

impl Socialaccount {
    /// The apps that people can see, in their order.
    pub fn shown(&self) -> impl Iterator<Item = &ProviderApp> {
        self.providers.iter().filter(|app| !app.hidden)
    }

    /// The app that the API calls so, be it hidden; of several one that is not.
    pub fn app(&self, id: &str) -> Option<&ProviderApp> {
        let is_it = |app: &&ProviderApp| app.id == id;
        self.shown().find(is_it).or_else(|| self.providers.iter().find(is_it))
    }

    /// The app that the API calls so, or that is of this kind, with this client id: hidden ones as well, whose tokens are
    /// those of other clients.
    pub fn app_of_client(&self, name: &str, client_id: &str) -> Option<&ProviderApp> {
        let is_it = |app: &&ProviderApp| {
            (app.id == name || app.provider == name) && app.client_id.as_deref() == Some(client_id)
        };
        self.shown().find(is_it).or_else(|| self.providers.iter().find(is_it))
    }

    /// Takes over the client secrets, as `SOCIALACCOUNT_PROVIDERS_SECRET_ARN` has them: an object with the id of each
    /// app, or its client id.
    ///
    /// # Errors
    /// It has another shape, or names an app that is not there. The text tells no secret.
    pub(crate) fn learn(&mut self, secrets: &Secret) -> Result<(), String> {
        let Ok(Value::Object(secrets)) = serde_json::from_str(secrets.expose()) else {
            return Err("the secret must be an object of apps and their secrets".to_owned());
        };
        for (name, value) in secrets {
            let is_it = |app: &&mut ProviderApp| app.id == name || app.client_id.as_ref() == Some(&name);
            let apps: Vec<_> = self.providers.iter_mut().filter(is_it).collect();
            if apps.is_empty() {
                return Err(format!("the secret has {name:?}, and SOCIALACCOUNT_PROVIDERS has no such app"));
            }
            for app in apps {
                if !app.learn(&value) {
                    return Err(format!("the secret must have a text or an object as {name:?}"));
                }
            }
        }
        Ok(())
    }
}

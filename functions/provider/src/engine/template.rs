//! Templates of addresses, parameters and headers: text with words in braces.
//!
//! The words are `client_id`, `client_secret`, `key`, `redirect_uri`, `scope`, `state`, `code`, `device_id`,
//! `access_token` and `appsecret_proof`; a pointer into an answer, such as `{token/user/id}`, `{profile/id}` and
//! `{before/app_access_token}`; the words of the declaration; and otherwise the option of that name in the app's
//! settings. In addresses their values are encoded, unless a `+` says that they are part of the address itself.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use serde_json::Value;
use vestibule::settings::ProviderApp;

use super::error::ProviderError;
use crate::providers::ProviderDeclaration;
use crate::providers::declaration::{Condition, Params};
use crate::providers::expression;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What templates can name, as far as it is known.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub app: &'a ProviderApp,
    pub provider: &'a ProviderDeclaration,
    pub client_secret: Option<&'a str>,
    pub scope: &'a [String],
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub code: &'a str,
    pub device_id: &'a str,
    pub access_token: &'a str,
    pub before: &'a Value,
    pub token: &'a Value,
    pub profile: &'a Value,
}

impl<'a> Known<'a> {
    /// What is known of an app before anything happens.
    pub const fn of(app: &'a ProviderApp, provider: &'a ProviderDeclaration) -> Self {
        const NOTHING: &Value = &Value::Null;
        Self {
            app,
            provider,
            client_secret: None,
            scope: &[],
            redirect_uri: "",
            state: "",
            code: "",
            device_id: "",
            access_token: "",
            before: NOTHING,
            token: NOTHING,
            profile: NOTHING,
        }
    }

    /// The id of the client that this API is there. Of several, the first.
    pub fn client_id(&self) -> &'a str {
        self.client_ids().next().unwrap_or_default()
    }

    /// The ids of all clients that it answers for.
    pub fn client_ids(&self) -> impl Iterator<Item = &'a str> {
        let all = self.app.client_id.as_deref().unwrap_or_default();
        let several = self.provider.several_clients;
        all.split(move |sign| several && sign == ',').map(str::trim).filter(|id| !id.is_empty())
    }

    /// An option of the app, as text: lists with commas between.
    pub fn option(&self, name: &str) -> Option<String> {
        let given = self.app.option(name).and_then(option_text);
        let usual =
            || self.provider.options.iter().find(|(known, _)| *known == name).and_then(|(_, usual)| *usual);
        given.or_else(|| usual().map(str::to_owned))
    }

    /// An address.
    pub fn address(&self, template: &str) -> Result<String, ProviderError> {
        let missing = ProviderError::Incomplete("what the next request needs");
        self.fill(template, true)?.filter(|address| !address.is_empty()).ok_or(missing)
    }

    /// A text; none where there is nothing to fill it with.
    pub fn text(&self, template: &str) -> Result<Option<String>, ProviderError> {
        Ok(self.fill(template, false)?.filter(|text| !text.is_empty()))
    }

    /// Parameters, without those that come to nothing.
    pub fn params(&self, params: Params) -> Result<Vec<(String, String)>, ProviderError> {
        let filled = params.iter().map(|(name, template)| Ok((*name, self.text(template)?)));
        let filled = filled.collect::<Result<Vec<_>, ProviderError>>()?;
        Ok(filled.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect())
    }

    fn fill(&self, template: &str, encoded: bool) -> Result<Option<String>, ProviderError> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            let plain = name.strip_prefix('+');
            let Some(value) = self.word(plain.unwrap_or(name))? else { return Ok(None) };
            match plain {
                // What follows begins with a slash.
                Some(_) => filled.push_str(value.trim_end_matches('/')),
                None if encoded => filled.extend(utf8_percent_encode(&value, RESERVED)),
                None => filled.push_str(&value),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(Some(filled))
    }

    fn word(&self, name: &str) -> Result<Option<String>, ProviderError> {
        let known = match name {
            "client_id" => Some(self.client_id()),
            "client_secret" => self.client_secret,
            "key" => Some(self.app.key.as_deref().ok_or_else(|| ProviderError::Setting("key".to_owned()))?),
            "redirect_uri" => Some(self.redirect_uri),
            "state" => Some(self.state),
            "code" => Some(self.code),
            "device_id" => Some(self.device_id),
            "access_token" => Some(self.access_token),
            "scope" => return Ok(Some(self.scope.join(self.provider.delimiter))),
            "appsecret_proof" => {
                return Ok(self.client_secret.map(|secret| proof(secret, self.access_token)));
            }
            _ => return self.other(name),
        };
        Ok(known.map(str::to_owned))
    }

    fn other(&self, name: &str) -> Result<Option<String>, ProviderError> {
        for (root, data) in [("token", self.token), ("profile", self.profile), ("before", self.before)] {
            if let Some(pointer) = name.strip_prefix(root).filter(|pointer| pointer.starts_with('/')) {
                return Ok(expression::text(pointer, data, &|name| self.named(name)));
            }
        }
        self.own(name)
    }

    /// A word of the declaration, or an option of the app.
    fn own(&self, name: &str) -> Result<Option<String>, ProviderError> {
        if let Some(word) = self.provider.words.iter().find(|word| word.word == name) {
            return self.fill(if self.holds(word.when) { word.then } else { word.otherwise }, false);
        }
        self.option(name).map(Some).ok_or_else(|| ProviderError::Setting(name.to_owned()))
    }

    /// The same, for expressions.
    pub fn named(&self, name: &str) -> Option<String> {
        self.own(name).ok().flatten()
    }

    fn holds(&self, when: Condition) -> bool {
        match when {
            Condition::Given(option) => self.app.option(option).is_some(),
            Condition::Is(option, wanted) => self.option(option).is_some_and(|given| given == wanted),
            Condition::Scope(scope) => self.has_scope(scope),
        }
    }

    /// Whether this is among what is asked for.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|asked| asked == scope)
    }
}

/// Parameters as a query or a form, with `%20` for a space: not all services know `+`.
pub(super) fn encoded(params: &[(String, String)]) -> String {
    let encoded = |text| utf8_percent_encode(text, RESERVED);
    let pairs = params.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn option_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => Some(items.iter().filter_map(option_text).collect::<Vec<_>>().join(",")),
        Value::Bool(switch) => Some(switch.to_string()),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Object(_) => expression::plain(value),
    }
}

/// Shows Facebook that a request is made by who knows the app's secret: HMAC-SHA256 of the token, in hexadecimal.
fn proof(secret: &str, token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, token.as_bytes());
    tag.as_ref().iter().fold(String::new(), |hexadecimal, byte| hexadecimal + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::testing::app;
    use crate::providers::declaration::{Word, provider};

    const PROVIDER: ProviderDeclaration = ProviderDeclaration {
        options: &[("server", Some("https://usual.example")), ("needed", None), ("fields", Some("id,name"))],
        words: &[
            Word {
                word: "api",
                when: Condition::Given("server"),
                then: "{+server}/api",
                otherwise: "https://api.example",
            },
            Word {
                word: "host",
                when: Condition::Is("mode", "live"),
                then: "live.example",
                otherwise: "test.example",
            },
            Word { word: "mail", when: Condition::Scope("email"), then: "yes", otherwise: "no" },
        ],
        ..provider(vestibule::settings::known_providers::GITHUB)
    };

    fn filled(settings: &Value, template: &str) -> Result<String, ProviderError> {
        let app = app("github", json!({"client_id": "me & you", "secret": "s3cret", "settings": settings}));
        let known = Known {
            scope: &["a".to_owned(), "email".to_owned()],
            access_token: "to/ken",
            client_secret: Some("s3cret"),
            token: &json!({"user": {"id": 7}, "host": "https://api.example/"}),
            ..Known::of(&app, &PROVIDER)
        };
        known.address(template)
    }

    #[test]
    fn words_are_filled_in_and_encoded() {
        for (template, expected) in [
            ("https://a.example/?id={client_id}", "https://a.example/?id=me%20%26%20you"),
            ("{+server}/user", "https://usual.example/user"),
            ("{api}", "https%3A%2F%2Fapi.example"),
            ("{+api}/user", "https://api.example/user"),
            ("https://{+host}/{mail}", "https://test.example/yes"),
            ("{+token/host}/users/{token/user/id}", "https://api.example/users/7"),
            ("https://a.example/{access_token}", "https://a.example/to%2Fken"),
            (
                "https://a.example/?fields={fields}&scope={scope}",
                "https://a.example/?fields=id%2Cname&scope=a%20email",
            ),
        ] {
            assert_eq!(filled(&json!({}), template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn settings_stand_before_what_is_usual() {
        let settings =
            json!({"server": "https://own.example/git/", "mode": "live", "fields": ["id", "mail"]});
        for (template, expected) in [
            ("{+server}/user", "https://own.example/git/user"),
            ("{+api}/user", "https://own.example/git/api/user"),
            ("https://{+host}/{fields}", "https://live.example/id%2Cmail"),
        ] {
            assert_eq!(filled(&settings, template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(filled(&json!({}), "{+needed}/x"), Err(ProviderError::Setting("needed".to_owned())));
        assert_eq!(filled(&json!({}), "{+token/nothing}/x").unwrap_err().name(), "incomplete");
        assert_eq!(filled(&json!({}), "x{key}"), Err(ProviderError::Setting("key".to_owned())));
    }

    #[test]
    fn a_proof_is_what_facebook_documents() {
        // printf token | openssl dgst -sha256 -hmac secret
        assert_eq!(
            proof("secret", "token"),
            "e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a"
        );
    }
}

//! `docs/providers.md`, written from the declarations.

use std::fmt::Write as _;

use super::declaration::{Condition, ProviderDeclaration, Verified};
use super::{all, find};

const INTRODUCTION: &str = r#"<!-- Written by `make docs` from functions/provider/src/providers. Change it there. -->

# Providers

The supported providers, with allauth's ids. `SOCIALACCOUNT_PROVIDERS` enables and configures them, in allauth's format:

```json
{
    "github": {
        "APP": {"client_id": "…", "secret": "…"}
    },
    "microsoft": {
        "TENANT": "organizations",
        "APP": {"client_id": "…", "secret": "…"}
    },
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "keycloak",
                "name": "Example",
                "client_id": "…",
                "secret": "…",
                "settings": {"server_url": "https://id.example.com/realms/example"}
            }
        ]
    }
}
```

The redirect URI to register at the provider is `https://<your API>/accounts/<id>/login/callback/`, for OpenID Connect
`https://<your API>/accounts/oidc/<provider_id>/login/callback/`, and for `amazon_cognito` and `twentythreeandme`
`https://<your API>/accounts/amazon-cognito/login/callback/` and `https://<your API>/accounts/23andme/login/callback/`.

Every app takes these settings: in lower case in its `settings`, or in upper case for all apps of its provider.

| Setting | Meaning |
| --- | --- |
| `SCOPE` | The scope to request instead of the default: a list. |
| `AUTH_PARAMS` | Additional parameters of the authorization request: an object. It can't replace security parameters such as `state`. |
| `OAUTH_PKCE_ENABLED` | Whether PKCE is used (RFC 7636, S256). |
| `VERIFIED_EMAIL` | The email addresses that count as verified whatever the provider reports: `true` for all, or a list of domains. |
| `EMAIL_AUTHENTICATION` | Whether a verified email address reported by the provider logs in to the account that has it. |

Further settings of a provider are in its row of the table below. They, too, can be in upper case for all its apps, or
in lower case in the `settings` of one.

## OpenID Connect

Any certified OpenID Provider works with `openid_connect` and its URL: Keycloak, Authelia, Authentik, Zitadel, Ory,
Okta, Auth0, Microsoft Entra ID, GitLab and so on.

| Setting | Meaning |
| --- | --- |
| `server_url` | The URL of the provider, or of its discovery document. |
| `uid_field` | The claim that identifies the account permanently; `sub` by default. |
| `fetch_userinfo` | Whether the UserInfo endpoint is requested; true by default. If false, only the claims of the id token are used. |
| `token_auth_method` | `client_secret_basic` or `client_secret_post`; by default one that the provider supports. |
| `trusted_audiences` | Additional audiences that an id token without `azp` may have besides this client: a list. |
| `openid_configuration_overrides` | Corrections of the discovery document: an object. |
| `id_token_signed_response_alg` | The algorithm that the app is registered with, and then the only one accepted. `HS256`, with the client secret as key, is accepted only if it is given here. |

The document's `issuer` must be the URL that its own URL begins with. If not, as with Azure AD B2C, give the right
`issuer` in `openid_configuration_overrides`. Signed or encrypted UserInfo responses are not supported: disable
`fetch_userinfo` then.

LinkedIn supports neither PKCE nor nonces, refuses a client that uses PKCE, and announces no authentication method. It
needs the `server_url` `https://www.linkedin.com/oauth` and two more settings:

```json
{
    "provider_id": "linkedin",
    "name": "LinkedIn",
    "client_id": "…",
    "secret": "…",
    "settings": {
        "server_url": "https://www.linkedin.com/oauth",
        "token_auth_method": "client_secret_post",
        "oauth_pkce_enabled": false
    }
}
```

The `state` is bound to the browser's session and used once there too. The protection against authorization code
injection (RFC 9700, section 4.5) is missing, so leave PKCE enabled for providers that support it.

## What is checked

Of an id token: the signature, by a key that the provider publishes (RS256, RS384, RS512, PS256, PS384, PS512, ES256,
ES384 or EdDSA with Ed25519), `iss`, `aud`, `azp`, `exp`, `iat`, `nbf` (with 30 seconds of clock skew), `nonce`,
`at_hash`, and that the UserInfo has the same subject. allauth does not verify the signature of a token that it receives
from the token endpoint. A missing nonce is accepted while PKCE is on, or with `OAUTH_PKCE_ENABLED` set to false for an
app that has a secret; a wrong nonce never is. A token with several audiences and no `azp` is accepted from the token
endpoint, or if all other audiences are among `trusted_audiences`.

Documents are read leniently where that is safe: `sub` may be a number, `null` and empty members count as missing, a
single value as a list. An email address is verified only by `true` or `"true"`.

Of a response: that it arrives within `SOCIALACCOUNT_REQUESTS_TIMEOUT`, has at most a megabyte, is no redirect, and
comes over TLS from a public IP address, unless `SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES` is on. The certificate
authorities are those of the system; `SSL_CERT_FILE` sets others.

The log names each error: `expired`, `wrong_audience`, `wrong_nonce` and so on. Clients only learn that the login
failed.

"#;

const TABLE: &str = r"
## All providers

The scope in brackets is requested in addition with `SOCIALACCOUNT_QUERY_EMAIL`. *Verified* tells which email addresses
count as verified.

";

const MISSING: &str = r"
## Unsupported providers of allauth

| Id | Reason |
| --- | --- |
| `saml` | SAML is not supported. |
| `openid`, `steam` | OpenID 2.0 is superseded, and not supported. |
| `500px`, `discogs`, `evernote`, `flickr`, `openstreetmap`, `trello`, `tumblr`, `twitter`, `vimeo`, `xing` | They use OAuth 1.0a. Tumblr, Twitter and Vimeo are supported with OAuth 2.0: `tumblr_oauth2`, `twitter_oauth2`, `vimeo_oauth2`. |
| `pocket` | Uses a protocol of its own; the service has ended. |
| `telegram` | Uses a widget with a signature of its own, which needs an HTML page of the API. |
| `draugiem`, `mailru`, `odnoklassniki` | Their requests are signed with MD5. |
| `agave`, `bitly`, `drip`, `exist`, `hubic`, `jupyterhub`, `klaviyo`, `mailcow` | They have no permanent identifier: allauth uses a time, an email address, a username or an organisation, which another person can have later. |
| `shopify` | Every shop has a host name of its own, which allauth takes from the query; the headless API has no parameter for it. |

## Where this differs from allauth

- Edx and Reddit accounts are identified by an id, not by a username.
- PKCE is on for the providers that are known to support it, not only for those that insist.
- The scope for Google includes `openid`, without which it guarantees no id token.
- Access tokens are sent in a header, not in the URL, if the provider supports that.
- Data beyond the profile, such as a pledge at Patreon, is not fetched.
";

/// All providers, as Markdown.
pub(super) fn document() -> String {
    let mut text = INTRODUCTION.trim_end().to_owned();
    text.push('\n');
    text.push_str(TABLE);
    row(
        &mut text,
        &[
            "Provider",
            "Id",
            "Default scope",
            "Identifier",
            "Verified",
            "PKCE",
            "Tokens",
            "Settings and notes",
        ],
    );
    row(&mut text, &["---"; 8]);
    for provider in all() {
        row(
            &mut text,
            &[
                provider.name,
                &code(provider.id),
                &scope(provider),
                &identifier(provider),
                verified(provider),
                yes(provider.pkce),
                yes(provider.takes_tokens()),
                &notes(provider),
            ],
        );
    }
    text.push_str(MISSING);
    text
}

const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "" }
}

fn scope(provider: &ProviderDeclaration) -> String {
    // One whose scope depends on a setting says so in its words.
    let depends = provider.words.iter().find(|word| provider.scope == format!("{{{}}}", word.word));
    let usual = depends.map_or(provider.scope, |word| word.otherwise);
    let mut scopes: Vec<_> = usual.split(' ').filter(|scope| !scope.is_empty()).map(code).collect();
    scopes.extend(
        provider.email_scope.split(' ').filter(|scope| !scope.is_empty()).map(|it| format!("({})", code(it))),
    );
    scopes.join(" ")
}

fn identifier(provider: &ProviderDeclaration) -> String {
    let first = provider.uid.split(" | ").next().unwrap_or_default();
    let plain = first.replace("/$uid_field", "/sub").replace("{/", "{").replace("~1", "/");
    code(plain.strip_prefix('/').unwrap_or(&plain))
}

const fn verified(provider: &ProviderDeclaration) -> &'static str {
    match (provider.verified, &provider.emails) {
        (Verified::Always, _) => "all",
        (Verified::Never, None) => "none",
        (Verified::If(_), _) | (Verified::Never, Some(_)) => "as reported",
        (Verified::Only(_), _) => "all; it reports no others",
    }
}

fn notes(provider: &ProviderDeclaration) -> String {
    let mut notes = String::new();
    for (option, usual) in provider.options {
        let name = code(&option.to_uppercase());
        // Writing to a string cannot fail.
        let _ = match usual {
            Some(usual) => write!(notes, "{name}: {} by default. ", code(usual)),
            None => write!(notes, "{name} is required. "),
        };
    }
    for word in provider.words {
        if let Condition::Given(option) = word.when
            && !provider.options.iter().any(|(known, _)| *known == option)
        {
            let _ = write!(notes, "{} is optional. ", code(&option.to_uppercase()));
        }
    }
    notes.push_str(provider.note);
    notes.trim_end().to_owned()
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// `make docs` runs this test with UPDATE=1.
#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, document()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == document(), "docs/providers.md is stale: run `make docs` and commit it");
}

#[test]
fn the_document_tells_of_every_provider_and_of_every_one_that_is_missing() {
    let document = document();
    for provider in all() {
        assert!(document.contains(&format!("| {} | `{}` |", provider.name, provider.id)), "{}", provider.id);
    }
    for missing in ["saml", "steam", "telegram", "shopify", "mailru", "odnoklassniki", "draugiem", "trello"] {
        assert!(find(missing).is_none() && document.contains(&format!("`{missing}`")), "{missing}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for section in document.split("\n\n").filter(|section| section.starts_with("| ")) {
        let header = section.lines().next().map(columns);
        assert!(section.lines().all(|line| Some(columns(line)) == header), "{section}");
    }
}

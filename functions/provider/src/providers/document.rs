//! `docs/providers.md`, written from the declarations.

use std::fmt::Write as _;

use super::declaration::{Provider, Verified, When};
use super::{all, find};

const INTRODUCTION: &str = r#"<!-- Written by `make docs` from functions/provider/src/providers. Change it there. -->

# Providers

The services that people can log in through, under allauth's ids. `SOCIALACCOUNT_PROVIDERS` says which of them are there,
in allauth's shape:

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

The callback to register at the service is `https://<your API>/accounts/<id>/login/callback/`, for OpenID Connect
`https://<your API>/accounts/oidc/<provider_id>/login/callback/`, and for `amazon_cognito` and `twentythreeandme`
`https://<your API>/accounts/amazon-cognito/login/callback/` and `https://<your API>/accounts/23andme/login/callback/`.

Every app takes these settings: in lower case in its `settings`, or in upper case for all apps of its provider.

| Setting | Meaning |
| --- | --- |
| `SCOPE` | What is asked for, instead of the usual: a list. |
| `AUTH_PARAMS` | What else is said when a browser is sent there: an object. It replaces nothing that makes the login safe. |
| `OAUTH_PKCE_ENABLED` | Whether the code is bound to who asked for it (RFC 7636, S256). |
| `VERIFIED_EMAIL` | Which addresses count as verified whatever the service says: true, or a list of domains. |
| `EMAIL_AUTHENTICATION` | Whether a verified address from there logs in to the account that has it. |

What else a provider takes stands in its row, and again can be in upper case for all its apps, or in lower case in the
`settings` of one.

## OpenID Connect

Any certified service works by `openid_connect`, with nothing but its address: Keycloak, Authelia, Authentik, Zitadel,
Ory, Okta, Auth0, Microsoft Entra ID, GitLab and so on.

| Setting | Meaning |
| --- | --- |
| `server_url` | Where the service is, or its discovery document. |
| `uid_field` | The claim that names the account for good; `sub` unless given. |
| `fetch_userinfo` | Whether the userinfo is asked for; true unless given. If not, what the id token says must do. |
| `token_auth_method` | `client_secret_basic` or `client_secret_post`; what the service supports unless given. |
| `trusted_audiences` | Other audiences that an id token may have besides this client without naming the client as `azp`: a list. |
| `openid_configuration_overrides` | Members of the discovery document that are wrong: an object. |
| `id_token_signed_response_alg` | The algorithm this app is registered with, and the only one it then takes. `HS256`, with the secret as its key, is taken only where it is given here. |

The document must name the issuer that its address begins with. Where it does not, as with Azure AD B2C, say with
`openid_configuration_overrides` which `issuer` is right. Userinfo that is signed or encrypted cannot be read: leave it
alone with `fetch_userinfo`.

LinkedIn knows neither PKCE nor nonces, refuses a client that uses PKCE, and announces no authentication method. It takes the `server_url`
`https://www.linkedin.com/oauth` and two settings more:

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

The `state` is bound to the browser's session and used once there too. What is missing is the protection of a code that is stolen on its way
(RFC 9700, section 4.5), so leave PKCE on wherever a service takes it.

## What is checked

Of an id token: the signature, by a key that the service publishes (RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384
or EdDSA with Ed25519), `iss`, `aud`, `azp`, `exp`, `iat`, `nbf` (30 seconds are allowed between the clocks), `nonce`,
`at_hash`, and that the userinfo is about the same person. allauth does not look at the signature of a token that it gets
itself. A service that repeats no nonce is believed while PKCE is on, or where `OAUTH_PKCE_ENABLED` is set to false for an app that
has a secret; a wrong nonce never is. A token with several audiences and no `azp` is believed where the service gives it for a code, or all other
audiences are among `trusted_audiences`.

Documents are read leniently where that is safe: `sub` may be a number, members that are `null` or empty are missing, one text
may stand for a list. An email address is verified where the service says `true` or `"true"`, and nothing else.

Of an answer: that it comes within `SOCIALACCOUNT_REQUESTS_TIMEOUT`, is no longer than a megabyte, redirects nowhere, and
comes over TLS from a public address, unless `SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES` is on. The certificate authorities
are those of the system; `SSL_CERT_FILE` names others.

Whatever is wrong is in the log, by name: `expired`, `wrong_audience`, `wrong_nonce` and so on. Clients are only told that
it did not work.

"#;

const TABLE: &str = r"
## All providers

The scope in brackets is asked for as well where `SOCIALACCOUNT_QUERY_EMAIL` is on. *Verified* says which addresses count
as verified.

";

const MISSING: &str = r"
## Those of allauth that are not there

| Id | Reason |
| --- | --- |
| `saml` | SAML is another protocol. |
| `openid`, `steam` | OpenID 2.0 is another protocol, and superseded. |
| `500px`, `discogs`, `evernote`, `flickr`, `openstreetmap`, `trello`, `tumblr`, `twitter`, `vimeo`, `xing` | They speak OAuth 1.0a. Tumblr, Twitter and Vimeo are there by OAuth 2.0: `tumblr_oauth2`, `twitter_oauth2`, `vimeo_oauth2`. |
| `pocket` | Speaks a protocol of its own; the service has ended. |
| `telegram` | Signs what its widget sends in a way of its own, which needs a page of the API. |
| `draugiem`, `mailru`, `odnoklassniki` | Their requests are signed with MD5. |
| `agave`, `bitly`, `drip`, `exist`, `hubic`, `jupyterhub`, `klaviyo`, `mailcow` | They identify nobody for good: what allauth takes for the identifier is a time, an email address, a username or an organisation, which another person can come to have. |
| `shopify` | Every shop has an address of its own, which allauth takes from the query; the headless API has no place for it. |

## Where this differs from allauth

- Edx and Reddit name people by an id rather than by a username.
- PKCE is on for the providers that are known to support it, not only for those that insist.
- Google is asked for `openid` as well, without which it promises no id token.
- Access tokens go in a header wherever the provider takes that, not in the address.
- What the provider says beyond who somebody is, such as a pledge at Patreon, is not fetched.
";

/// All providers, as Markdown.
pub(super) fn document() -> String {
    let mut text = INTRODUCTION.trim_end().to_owned();
    text.push('\n');
    text.push_str(TABLE);
    row(
        &mut text,
        &["Provider", "Id", "Usual scope", "Identifier", "Verified", "PKCE", "Tokens", "Settings and notes"],
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

fn scope(provider: &Provider) -> String {
    // One whose scope depends on a setting says so in its words.
    let depends = provider.words.iter().find(|word| provider.scope == format!("{{{}}}", word.word));
    let usual = depends.map_or(provider.scope, |word| word.otherwise);
    let mut scopes: Vec<_> = usual.split(' ').filter(|scope| !scope.is_empty()).map(code).collect();
    scopes.extend(
        provider.email_scope.split(' ').filter(|scope| !scope.is_empty()).map(|it| format!("({})", code(it))),
    );
    scopes.join(" ")
}

fn identifier(provider: &Provider) -> String {
    let first = provider.uid.split(" | ").next().unwrap_or_default();
    let plain = first.replace("/$uid_field", "/sub").replace("{/", "{").replace("~1", "/");
    code(plain.strip_prefix('/').unwrap_or(&plain))
}

const fn verified(provider: &Provider) -> &'static str {
    match (provider.verified, &provider.emails) {
        (Verified::Always, _) => "all",
        (Verified::Never, None) => "none",
        (Verified::If(_), _) | (Verified::Never, Some(_)) => "as it says",
        (Verified::Only(_), _) => "all; it gives no others",
    }
}

fn notes(provider: &Provider) -> String {
    let mut notes = String::new();
    for (option, usual) in provider.options {
        let name = code(&option.to_uppercase());
        // Writing to a string cannot fail.
        let _ = match usual {
            Some(usual) => write!(notes, "{name}: {} unless given. ", code(usual)),
            None => write!(notes, "{name} must be given. "),
        };
    }
    for word in provider.words {
        if let When::Given(option) = word.when
            && !provider.options.iter().any(|(known, _)| *known == option)
        {
            let _ = write!(notes, "{} can be given. ", code(&option.to_uppercase()));
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

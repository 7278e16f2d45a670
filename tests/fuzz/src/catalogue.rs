//! All targets, and what is not fuzzed on purpose.

use crate::targets::{dumps, identifiers, keys, operators, providers, requests, services, stored, webauthn};

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// What its input is.
    pub input: &'static str,
    /// The properties that it asserts, besides that nothing panics.
    pub asserts: &'static str,
    /// The files whose parsers it reaches.
    pub files: &'static [&'static str],
    /// Runs it on an input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "json",
        input: "The JSON of a request",
        asserts: "`serde_json` reads the same, but for what Python reads beyond RFC 8259",
        files: &["shared/src/http/input/json.rs"],
        run: requests::json,
    },
    Target {
        name: "form",
        input: "A body with every kind of field, and fields of the site's own",
        asserts: "What is accepted is canonical: cleaned again, it is the same",
        files: &[
            "shared/src/http/input/field.rs",
            "shared/src/http/input/profile.rs",
            "shared/src/domain/phone.rs",
        ],
        run: requests::form,
    },
    Target {
        name: "request",
        input: "Method, path, headers and body of a request: cookies, forms, multipart, proxies' headers, `Accept-Language`",
        asserts: "The client's IP address is one, or the gateway's; the origin is configured; forms are bounded",
        files: &[
            "shared/src/http/call.rs",
            "shared/src/http/cookie.rs",
            "shared/src/http/csrf.rs",
            "shared/src/http/form.rs",
            "shared/src/http/language.rs",
            "shared/src/texts.rs",
        ],
        run: requests::request,
    },
    Target {
        name: "landing",
        input: "The URL that a browser is to return to",
        asserts: "A browser that follows an accepted one reaches a configured host",
        files: &["functions/provider/src/landing.rs"],
        run: requests::landing,
    },
    Target {
        name: "email",
        input: "An email address",
        asserts: "One canonical form, in lower-case ASCII; the form shown leads back to it",
        files: &["shared/src/domain/email.rs"],
        run: identifiers::email,
    },
    Target {
        name: "username",
        input: "A username",
        asserts: "Its key is canonical, and blocked if it is reserved",
        files: &["shared/src/domain/username.rs"],
        run: identifiers::username,
    },
    Target {
        name: "token",
        input: "A session token, account id, user handle, invitation key, code or language",
        asserts: "What is accepted is written as it was read",
        files: &[
            "shared/src/domain/account_id.rs",
            "shared/src/domain/code.rs",
            "shared/src/domain/invitation.rs",
            "shared/src/domain/language.rs",
            "shared/src/domain/token.rs",
        ],
        run: identifiers::token,
    },
    Target {
        name: "link_key",
        input: "The key of a link, or changes to one",
        asserts: "Only a key as it was issued is accepted",
        files: &["shared/src/signing.rs"],
        run: keys::link,
    },
    Target {
        name: "sealed",
        input: "A ciphertext of the table, or changes to one",
        asserts: "Only a ciphertext as it was made is decrypted, at its place and for its purpose",
        files: &["shared/src/signing.rs", "shared/src/outbox.rs"],
        run: keys::sealed,
    },
    Target {
        name: "access_token",
        input: "Header and claims of a token, which the target signs, or a whole token",
        asserts: "What is accepted is signed with the one algorithm, and read as `jsonwebtoken` reads it",
        files: &["shared/src/jwt.rs"],
        run: keys::access_token,
    },
    Target {
        name: "private_key",
        input: "A private key in PEM form, or a set of them as a secret holds it",
        asserts: "An accepted key verifies what it signs",
        files: &["shared/src/app.rs", "shared/src/jwt/keys.rs"],
        run: keys::private_key,
    },
    Target {
        name: "secret_key",
        input: "The secret that holds `SECRET_KEY`",
        asserts: "What is accepted is read back as it is written",
        files: &["shared/src/secret_key.rs"],
        run: keys::secret_key,
    },
    Target {
        name: "password_hash",
        input: "A password hash: Django's, PHC strings, modular crypt format",
        asserts: "No accepted hash verifies two passwords",
        files: &["shared/src/password/stored.rs"],
        run: keys::password_hash,
    },
    Target {
        name: "webauthn_registration",
        input: "The JSON of a registration",
        asserts: "An accepted registration is written and read back",
        files: &[
            "functions/webauthn/src/ceremony/accepted.rs",
            "functions/webauthn/src/ceremony/response.rs",
        ],
        run: webauthn::registration,
    },
    Target {
        name: "webauthn_attestation",
        input: "An attestation object (CBOR), with authenticator data and a COSE key",
        asserts: "An accepted key and credential id are in it, bounded, and read back as they are written",
        files: &[
            "functions/webauthn/src/ceremony/authenticator_data.rs",
            "functions/webauthn/src/ceremony/encoding.rs",
            "functions/webauthn/src/ceremony/public_key.rs",
        ],
        run: webauthn::attestation,
    },
    Target {
        name: "webauthn_assertion",
        input: "Client data, authenticator data and signature of an authentication; the target may sign them",
        asserts: "What is accepted has challenge, origin, relying party and a signature that the key made",
        files: &[
            "functions/webauthn/src/ceremony/client_data.rs",
            "functions/webauthn/src/ceremony/response.rs",
        ],
        run: webauthn::assertion,
    },
    Target {
        name: "id_token",
        input: "Header and claims of an id token, which the target signs, or a whole token",
        asserts: "What is accepted has the issuer, the audience, the algorithm and an expiry to come",
        files: &[
            "functions/provider/src/engine/id_token.rs",
            "functions/provider/src/providers/expression.rs",
        ],
        run: providers::id_token,
    },
    Target {
        name: "key_set",
        input: "The key set of a provider",
        asserts: "A token is accepted only if the set has its key",
        files: &["functions/provider/src/engine/keys.rs"],
        run: providers::key_set,
    },
    Target {
        name: "provider",
        input: "Discovery document, token response and user info of a provider, each a whole HTTP response",
        asserts: "An identity has a uid within bounds, and canonical email addresses",
        files: &[
            "functions/provider/src/engine.rs",
            "functions/provider/src/engine/conversation.rs",
            "functions/provider/src/engine/documents.rs",
            "functions/provider/src/engine/profile.rs",
        ],
        run: providers::exchange,
    },
    Target {
        name: "http_response",
        input: "An HTTP response of another service, compressed or not",
        asserts: "A response is no redirect, and at most 1 MiB",
        files: &["shared/src/outside/http_client.rs"],
        run: services::http_response,
    },
    Target {
        name: "captcha",
        input: "The response of the bot check",
        asserts: "A token passes only for a page of the frontend",
        files: &["shared/src/outside/captcha.rs"],
        run: services::captcha,
    },
    Target {
        name: "hook",
        input: "The answer of the site's own hook",
        asserts: "A refusal has a code and a message within bounds",
        files: &["shared/src/domain/hook.rs"],
        run: services::hook,
    },
    Target {
        name: "settings",
        input: "Settings as variables, one a line, or a settings file",
        asserts: "An error names a setting, and shows no secret",
        files: &[
            "shared/src/settings/file.rs",
            "shared/src/settings/kind.rs",
            "shared/src/settings/source.rs",
            "shared/src/settings/rate.rs",
            "shared/src/settings/choice.rs",
            "shared/src/settings/webhook.rs",
        ],
        run: operators::settings,
    },
    Target {
        name: "catalogue",
        input: "An operator's texts in a language",
        asserts: "Every error has a text in it",
        files: &["shared/src/texts/catalogue.rs"],
        run: operators::catalogue,
    },
    Target {
        name: "operation",
        input: "A request to the operators' API",
        asserts: "What is accepted is read back as it is written; a refusal repeats no value",
        files: &["shared/src/operator/api.rs", "shared/src/operator/request.rs"],
        run: operators::operation,
    },
    Target {
        name: "age_recipient",
        input: "A public key of age",
        asserts: "No key with one other character is accepted",
        files: &["cli/src/age.rs"],
        run: operators::age_recipient,
    },
    Target {
        name: "accounts",
        input: "A file of accounts to import (JSON lines)",
        asserts: "An imported account is exported, and the export is imported as the same account",
        files: &[
            "cli/src/import/jsonl.rs",
            "shared/src/migration/portable.rs",
            "shared/src/migration/inward.rs",
        ],
        run: dumps::accounts,
    },
    Target {
        name: "django",
        input: "A dump of a Django project (JSON lines)",
        asserts: "As for `accounts`",
        files: &["cli/src/django/account.rs", "cli/src/django/dump.rs", "cli/src/django/row.rs"],
        run: dumps::django,
    },
    Target {
        name: "breached",
        input: "A filter of breached passwords, with the right checksum, or a list to build one of",
        asserts: "What is accepted is read back as it is written, and has every password of the list",
        files: &["cli/src/breached.rs", "shared/src/breached.rs"],
        run: dumps::breached,
    },
    Target {
        name: "stored",
        input: "An account or a session as the table holds it",
        asserts: "What is read is written back, members of later releases included",
        files: &[
            "shared/src/domain/account.rs",
            "shared/src/domain/document.rs",
            "shared/src/domain/session.rs",
            "shared/src/domain/authenticator.rs",
            "shared/src/domain/stage.rs",
            "shared/src/store/item.rs",
        ],
        run: stored::document,
    },
];

/// Files with parsers that no target reaches, and why.
pub const EXEMPT: &[(&str, &str)] = &[
    ("cli/src/data_dir.rs", "The local stack's own file."),
    ("cli/src/database.rs", "The local stack: nothing of it is deployed."),
    ("cli/src/functions.rs", "The local stack."),
    ("cli/src/gateway/", "The local stack."),
    ("cli/src/iam/", "The local stack."),
    ("cli/src/import/function.rs", "The response of Vestibule itself."),
    ("cli/src/import/place.rs", "A file of the command itself."),
    ("cli/src/inbox/", "The local stack."),
    ("cli/src/console.rs", "The console is the operator's, and passes on what `operation` reads."),
    ("cli/src/operator_api.rs", "The response of Vestibule itself."),
    ("cli/src/proxy.rs", "The template's own value."),
    ("cli/src/repeats.rs", "The local stack."),
    ("cli/src/template", "The template of Vestibule itself."),
    ("cli/src/user.rs", "The operator's command line."),
    ("functions/config/src/specification.rs", "The description, which is part of the program."),
    (
        "functions/keys/src/rotation.rs",
        "The secret that this function writes; `private_key` reads one as it is used.",
    ),
    ("functions/mail/src/lambda.rs", "Events of AWS."),
    ("functions/pretraffic/src/version.rs", "The response of Vestibule itself."),
    ("functions/probe/src/login.rs", "The response of Vestibule itself."),
    ("functions/provider/src/callback.rs", "It rewrites a parameter of a redirect; `provider` reads that."),
    ("functions/provider/src/engine/secret.rs", "The operator's private key."),
    ("shared/src/aws/", "Responses of AWS."),
    ("shared/src/flows/", "What Vestibule itself has encrypted or signed."),
    ("shared/src/migration/api.rs", "A list of what `accounts` reads one by one."),
    ("shared/src/operator/read.rs", "A key of the table in base64url, which DynamoDB judges."),
    ("shared/src/settings/socialaccount.rs", "The operator's secret."),
    ("shared/src/store/load.rs", "A word of the table."),
];

/// The target that the variable `TARGET` names.
pub fn chosen() -> Target {
    let name = std::env::var("TARGET").unwrap_or_default();
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let found = TARGETS.iter().find(|target| target.name == name);
    *found.unwrap_or_else(|| panic!("TARGET={name}: must be one of {}", names.join(", ")))
}

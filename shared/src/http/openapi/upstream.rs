//! The names that schemas have in upstream's description of its API (`docs/headless/openapi-specification` of
//! django-allauth): clients that have generated types from that one keep them.

use serde_json::{Map, Value, json};

use crate::domain::social::Process;

const SCHEMAS: &str = "#/components/schemas/";

/// Schemas that are named otherwise here.
const NAMES: &[(&str, &str)] = &[
    ("Account", "AccountConfiguration"),
    ("MfaAuthenticateInput", "MFAAuthenticate"),
    ("ConfigResponse", "ConfigurationResponse"),
    ("ConfirmLoginCodeInput", "ConfirmLoginCode"),
    ("Creation", "WebAuthnCredentialCreationOptions"),
    ("EmailVerificationResponse", "EmailVerificationInfo"),
    ("EndSessionsInput", "EndSessions"),
    ("LogInInput", "Login"),
    ("LogInWithProviderTokenInput", "ProviderToken"),
    ("Mfa", "MFAConfiguration"),
    ("PhoneNumberListResponse", "PhoneNumbersResponse"),
    ("PhoneNumberListResponse202", "PhoneNumberChangeResponse"),
    ("ReauthenticateInput", "Reauthenticate"),
    ("ReauthenticationRequiredResponse", "ReauthenticationResponse"),
    ("RecoveryCodes", "SensitiveRecoveryCodesAuthenticator"),
    ("RedirectToProviderInput", "ProviderRedirect"),
    ("RefusedInput", "ErrorResponse"),
    ("Request", "WebAuthnCredentialRequestOptions"),
    ("RequestLoginCodeInput", "RequestLoginCode"),
    ("RequestPasswordResetInput", "RequestPassword"),
    ("RequestReauthenticationCodeInput", "RequestReauthenticationCode"),
    ("ResetPasswordInput", "ResetPassword"),
    ("SessionMeta", "BaseAuthenticationMeta"),
    ("SignUpWithPasskeyInput", "PasskeySignup"),
    ("SignUpInput", "Signup"),
    ("SignUpWithProviderInput", "ProviderSignup"),
    ("SocialAccount", "ProviderAccount"),
    ("Socialaccount", "SocialAccountConfiguration"),
    ("Status403", "ForbiddenResponse"),
    ("Status409", "ConflictResponse"),
    ("TrustBrowserInput", "MFATrust"),
    ("UnauthenticatedResponse", "AuthenticationResponse"),
    ("UnauthenticatedMeta", "AuthenticationMeta"),
    ("Usersessions", "UserSessionsConfiguration"),
    ("VerifyEmailInput", "VerifyEmail"),
    ("VerifyPhoneInput", "VerifyPhone"),
];

/// A value of one type that upstream names wherever it stands.
struct Scalar {
    name: &'static str,
    text: &'static str,
    kind: &'static str,
    /// The properties that hold it, in any schema or in this one.
    properties: &'static [&'static str],
    only_in: &'static [&'static str],
    /// All values there are, if they are few.
    values: &'static [&'static str],
}

const fn text(name: &'static str, text: &'static str, properties: &'static [&'static str]) -> Scalar {
    Scalar { name, text, kind: "string", properties, only_in: &[], values: &[] }
}

/// The first that fits counts.
const SCALARS: &[Scalar] = &[
    text("Email", "An email address.", &["email"]),
    text("Phone", "A phone number in E.164 format.", &["phone"]),
    text("Username", "A username.", &["username"]),
    text("Password", "A password.", &["password"]),
    Scalar {
        only_in: &["MFAAuthenticate"],
        ..text("AuthenticatorCode", "A TOTP code (RFC 6238) or a recovery code.", &["code"])
    },
    Scalar { only_in: &["ConfirmLoginCode", "VerifyPhone"], ..text("Code", "A one-time code.", &["code"]) },
    text("ProviderID", "The id of a provider.", &["provider"]),
    text("ProviderAccountID", "The id of an account at its provider.", &["uid"]),
    text("ClientID", "The client id of an OAuth 2.0 or OpenID Connect provider.", &["client_id"]),
    Scalar {
        values: &[Process::Login.name(), Process::Connect.name()],
        ..text("Process", "`login`, or `connect` for a user who is logged in.", &["process"])
    },
    text("AccessToken", "An access token.", &["access_token"]),
    text("RefreshToken", "A refresh token.", &["refresh_token"]),
    Scalar {
        kind: "integer",
        only_in: &["WebAuthnAuthenticator"],
        ..text("AuthenticatorID", "The id of an authenticator.", &["id"])
    },
    Scalar {
        kind: "number",
        ..text(
            "Timestamp",
            "Seconds since 1970-01-01T00:00:00Z (Unix time), with fractions.",
            &["at", "created_at", "last_seen_at", "last_used_at"],
        )
    },
];

/// Lists: the schema and the property that hold one, and its name.
const LISTS: &[(&str, &str, &str)] = &[
    ("AuthenticatorListResponse", "data", "AuthenticatorList"),
    ("SocialAccountConfiguration", "providers", "ProviderList"),
];

/// What several schemas have in common: its name, its properties, and the schemas.
const BASES: &[(&str, &[&str], &[&str])] = &[
    (
        "BaseAuthenticator",
        &["created_at", "last_used_at"],
        &["RecoveryCodesAuthenticator", "TOTPAuthenticator", "WebAuthnAuthenticator"],
    ),
    ("BaseSignup", &["email", "phone", "username"], &["PasskeySignup", "Signup"]),
];

/// Gives the schemas of a description the names that upstream's has.
pub(super) fn name(document: &mut Value) {
    rename(document);
    let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else { return };
    *schemas = std::mem::take(schemas)
        .into_iter()
        .map(|(name, schema)| (upstream_name(&name).map_or(name, str::to_owned), schema))
        .collect();
    for (name, schema) in schemas.iter_mut() {
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.iter_mut().for_each(|(property, value)| name_scalar(name, property, value));
        }
    }
    for scalar in SCALARS {
        let mut schema = json!({"type": scalar.kind, "description": scalar.text});
        if !scalar.values.is_empty() {
            schema["enum"] = json!(scalar.values);
        }
        schemas.insert(scalar.name.to_owned(), schema);
    }
    let nullable = json!({"anyOf": [reference("Timestamp"), {"type": "null"}]});
    schemas.insert("OptionalTimestamp".to_owned(), nullable);
    for (schema, property, name) in LISTS {
        let Some(list) = schemas.get_mut(*schema).and_then(|it| it["properties"].get_mut(*property)) else {
            continue;
        };
        let items = list.take();
        *list = reference(name);
        schemas.insert((*name).to_owned(), items);
    }
    for (base, shared, derived) in BASES {
        if let Some(common) =
            derived.iter().filter_map(|name| take_base(schemas.get_mut(*name)?, base, shared)).last()
        {
            schemas.insert((*base).to_owned(), common);
        }
    }
}

fn upstream_name(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(ours, _)| *ours == name).map(|(_, theirs)| *theirs)
}

/// Renames where schemas are referred to.
fn rename(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get_mut("$ref")
                && let Some(theirs) = path.strip_prefix(SCHEMAS).and_then(upstream_name)
            {
                *path = format!("{SCHEMAS}{theirs}");
            }
            members.values_mut().for_each(rename);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Refers to the named scalar in place of a type; what else the property says stands beside it.
fn name_scalar(schema: &str, property: &str, value: &mut Value) {
    let Value::Object(members) = value else { return };
    let kind = members.get("type").cloned().unwrap_or_default();
    let Some(scalar) = SCALARS.iter().find(|scalar| {
        let is_here = scalar.only_in.is_empty() || scalar.only_in.contains(&schema);
        let is_kind = kind == scalar.kind || kind == json!([scalar.kind, "null"]);
        is_here && is_kind && scalar.properties.contains(&property)
    }) else {
        return;
    };
    let name = match (kind.is_array(), scalar.name) {
        (false, name) => name,
        (true, "Timestamp") => "OptionalTimestamp",
        (true, _) => return,
    };
    members.remove("type");
    // It says how wide the number is, which the name says as well.
    if scalar.kind != "string" {
        members.remove("format");
    }
    members.insert("$ref".to_owned(), format!("{SCHEMAS}{name}").into());
}

/// Moves shared properties out of a schema, which then refers to the base that has them. Returns that base.
fn take_base(schema: &mut Value, base: &str, shared: &[&str]) -> Option<Value> {
    let Value::Object(members) = schema else { return None };
    let properties = members.get_mut("properties")?.as_object_mut()?;
    let common: Map<String, Value> =
        shared.iter().filter_map(|name| Some(((*name).to_owned(), properties.remove(*name)?))).collect();
    let (inherited, own): (Vec<Value>, Vec<Value>) = members
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .partition(|name| shared.iter().any(|shared| name == shared));
    let description = members.remove("description");
    members.insert("required".to_owned(), own.into());
    let rest = schema.take();
    *schema = json!({"allOf": [reference(base), rest]});
    if let Some(description) = description {
        schema["description"] = description;
    }
    Some(json!({"type": "object", "properties": common, "required": inherited}))
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{SCHEMAS}{name}")})
}

//! What a client is asked: `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON` (5.4,
//! 5.5), for `navigator.credentials.create` and `get`.

use schemars::JsonSchema;
use serde::Serialize;

use super::encoding::encode;
use super::party::Party;
use super::public_key::OFFERED;

/// Whom a key is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CredentialUser<'a> {
    /// What the authenticator keeps with the key, and gives back: 1 to 64 bytes.
    pub(crate) handle: &'a [u8],
    /// What people know the account by.
    pub(crate) name: &'a str,
    /// What people are shown as its name.
    pub(crate) display_name: &'a str,
}

/// The options of `navigator.credentials.create()`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreationOptions {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON()`.
    public_key: PublicKeyCreation,
}

/// `PublicKeyCredentialCreationOptionsJSON` of Web Authentication.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PublicKeyCreation {
    rp: RelyingParty,
    user: UserEntity,
    /// The challenge, in Base64url.
    challenge: String,
    pub_key_cred_params: Vec<CredentialParameters>,
    /// The credentials that the account has already.
    exclude_credentials: Vec<CredentialDescriptor>,
    authenticator_selection: AuthenticatorSelection,
    extensions: Extensions,
}

/// The relying party.
#[derive(Serialize, JsonSchema)]
struct RelyingParty {
    /// The id of the relying party: a domain.
    id: String,
    name: String,
}

/// The user account that the credential is for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserEntity {
    /// The user handle, in Base64url.
    id: String,
    name: String,
    display_name: String,
}

/// A signature algorithm.
#[derive(Serialize, JsonSchema)]
struct CredentialParameters {
    #[serde(rename = "type")]
    kind: KeyType,
    /// The COSE algorithm identifier.
    alg: i64,
}

/// A credential.
#[derive(Serialize, JsonSchema)]
struct CredentialDescriptor {
    #[serde(rename = "type")]
    kind: KeyType,
    /// The credential id, in Base64url.
    id: String,
}

#[derive(Serialize, JsonSchema)]
enum KeyType {
    #[serde(rename = "public-key")]
    PublicKey,
}

/// The requirements for the authenticator.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AuthenticatorSelection {
    resident_key: ResidentKey,
    require_resident_key: bool,
    /// `required`, `preferred` or `discouraged`.
    user_verification: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ResidentKey {
    Required,
    Discouraged,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    cred_props: bool,
}

/// The options of `navigator.credentials.get()`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestOptions {
    /// For `PublicKeyCredential.parseRequestOptionsFromJSON()`.
    public_key: PublicKeyRequest,
}

/// `PublicKeyCredentialRequestOptionsJSON` of Web Authentication.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    /// The challenge, in Base64url.
    challenge: String,
    /// The id of the relying party: a domain.
    rp_id: String,
    /// The accepted credentials; empty: any discoverable credential.
    allow_credentials: Vec<CredentialDescriptor>,
    /// `required`, `preferred` or `discouraged`.
    user_verification: String,
}

/// Asks for a new key, other than those known by their ids in base64url; one that can be found without its id, if it is
/// to do without a password.
pub(crate) fn creation(
    party: &Party,
    user: CredentialUser<'_>,
    challenge: &[u8],
    known: &[&str],
    passwordless: bool,
    user_verification: &str,
) -> CreationOptions {
    CreationOptions {
        public_key: PublicKeyCreation {
            rp: RelyingParty { id: party.id.clone(), name: party.name.clone() },
            user: UserEntity {
                id: encode(user.handle),
                name: user.name.to_owned(),
                display_name: user.display_name.to_owned(),
            },
            challenge: encode(challenge),
            pub_key_cred_params: OFFERED
                .map(|alg| CredentialParameters { kind: KeyType::PublicKey, alg })
                .into(),
            exclude_credentials: descriptors(known),
            authenticator_selection: AuthenticatorSelection {
                resident_key: if passwordless { ResidentKey::Required } else { ResidentKey::Discouraged },
                require_resident_key: passwordless,
                user_verification: user_verification.to_owned(),
            },
            extensions: Extensions { cred_props: true },
        },
    }
}

/// Asks for a signature by one of these keys; with none, by any that the authenticator has for this party.
pub(crate) fn request(
    party: &Party,
    challenge: &[u8],
    allowed: &[&str],
    user_verification: &str,
) -> RequestOptions {
    RequestOptions {
        public_key: PublicKeyRequest {
            challenge: encode(challenge),
            rp_id: party.id.clone(),
            allow_credentials: descriptors(allowed),
            user_verification: user_verification.to_owned(),
        },
    }
}

fn descriptors(ids: &[&str]) -> Vec<CredentialDescriptor> {
    ids.iter().map(|id| CredentialDescriptor { kind: KeyType::PublicKey, id: (*id).to_owned() }).collect()
}

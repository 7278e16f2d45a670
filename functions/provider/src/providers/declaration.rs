//! What can be said of a provider: where it is, what it is asked, and how its answers are read.
//!
//! Addresses and parameters are templates (`engine/template.rs`), what is read from answers are expressions
//! (see [`expression`](super::expression)). A declaration holds nothing that only one provider needs if it can be said
//! with these.

use vestibule::settings::KnownProvider;

/// Names and templates of parameters, in their order. A parameter whose template comes to nothing is left out.
pub type Params = &'static [(&'static str, &'static str)];

/// The parameters of an authorization request (RFC 6749, section 4.1.1).
pub const AUTHORIZE: Params = &[
    ("client_id", "{client_id}"),
    ("redirect_uri", "{redirect_uri}"),
    ("scope", "{scope}"),
    ("response_type", "code"),
    ("state", "{state}"),
];

/// The parameters of a token request (RFC 6749, sections 2.3.1 and 4.1.3).
pub const EXCHANGE: Params = &[
    ("grant_type", "authorization_code"),
    ("code", "{code}"),
    ("redirect_uri", "{redirect_uri}"),
    ("client_id", "{client_id}"),
    ("client_secret", "{client_secret}"),
];

/// A service that people can log in through.
#[derive(Clone, Copy, Debug)]
pub struct ProviderDeclaration {
    /// allauth's id of it.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Whether several ids of clients can be given, with commas between, as for Apple's apps; the first one is used.
    pub several_clients: bool,
    /// What the client proves itself with.
    pub secret: Secrets,
    /// Options of the app's settings that its templates use, with what holds where they are not given; none for those
    /// that must be.
    pub options: &'static [(&'static str, Option<&'static str>)],
    /// Words of its templates that depend on an option.
    pub words: &'static [Word],

    /// Where the browser is sent; empty where a discovery document says it.
    pub authorize: &'static str,
    /// What it is sent there with.
    pub authorize_params: Params,
    /// And besides, unless `AUTH_PARAMS` says otherwise.
    pub auth_params: Params,
    /// What is asked for, between spaces.
    pub scope: &'static str,
    /// What is asked for besides where the email address is wanted (`SOCIALACCOUNT_QUERY_EMAIL`).
    pub email_scope: &'static str,
    /// What it wants between scopes.
    pub delimiter: &'static str,
    /// Whether it binds the code to who asked for it (RFC 7636, S256).
    pub pkce: bool,
    /// What it calls the code that the browser comes back with.
    pub code: &'static str,

    /// What has to be fetched in the name of the app before the exchange.
    pub before: Option<Fetch>,
    /// Where the code is exchanged; empty where a discovery document says it.
    pub token: &'static str,
    /// How.
    pub token_by: By,
    /// With what.
    pub token_params: Params,
    /// Whether id and secret of the client go into a header of their own (`client_secret_basic`).
    pub basic_auth: bool,
    /// Where in the answer the access token is.
    pub access_token: &'static str,
    /// Where in the answer the refresh token is.
    pub refresh_token: &'static str,
    /// Where in the answer it says how many seconds the access token is good for.
    pub expires_in: &'static str,

    /// Headers of all requests.
    pub headers: Params,
    /// Where the profile is fetched from, one after the other. Where there is nothing, the answer to the exchange is it.
    pub profile: &'static [Fetch],
    /// Id tokens, where it gives any.
    pub id_token: Option<IdTokens>,
    /// How it is asked whom an access token is for that a client presents; none where such tokens are not taken.
    pub inspection: Option<Fetch>,

    /// What names the account for good.
    pub uid: &'static str,
    /// The address.
    pub email: &'static str,
    /// Whether it vouches for it.
    pub verified: Verified,
    /// More addresses.
    pub emails: Option<Addresses>,
    /// What they are called there.
    pub username: &'static str,
    /// Their whole name.
    pub full_name: &'static str,
    /// Their first name.
    pub first_name: &'static str,
    /// Their last name.
    pub last_name: &'static str,
    /// The URL of their picture.
    pub picture: &'static str,
    /// Their locale.
    pub locale: &'static str,
    /// Their phone number.
    pub phone: &'static str,
    /// What they would know the account by; empty for the usual: the first that is there of username, address and name.
    pub display: &'static str,
    /// Where the usual is looked for.
    pub user: &'static str,

    /// What an operator has to know.
    pub note: &'static str,
}

impl ProviderDeclaration {
    /// Whether a client can present a token that it got there by itself.
    pub const fn takes_tokens(&self) -> bool {
        self.id_token.is_some() || self.inspection.is_some()
    }
}

/// What a client proves itself with.
#[derive(Clone, Copy, Debug)]
pub enum Secrets {
    /// The secret itself.
    Plain,
    /// A token that is signed with a key of its own (ES256) for this audience. The app's `key` is its issuer, its `secret`
    /// the id of the key, and its `certificate_key` the key in PEM.
    Signed(&'static str),
}

/// A word that depends on an option.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// What it depends on.
    pub when: Condition,
    /// What it is then: a template.
    pub then: &'static str,
    /// What it is otherwise: a template.
    pub otherwise: &'static str,
}

/// A condition.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// The option is given.
    Given(&'static str),
    /// The option is this text, or as JSON this.
    Is(&'static str, &'static str),
    /// This is among what is asked for.
    Scope(&'static str),
}

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// With its parameters in the address.
    Get,
    /// With its parameters as a form.
    Form,
    /// With its parameters as an object of JSON.
    Json,
}

/// How a request says that it may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// By the access token, with this word before it.
    Token(&'static str),
    /// In a way that is in its address, its parameters or its headers.
    Inside,
}

/// A request for a part of the profile.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// Where.
    pub url: &'static str,
    /// How.
    pub by: By,
    /// With what.
    pub params: Params,
    /// In whose name.
    pub authorization: Authorization,
    /// More headers.
    pub headers: Params,
    /// When it is made at all.
    pub only: Only,
    /// Whether the service may refuse it.
    pub optional: bool,
    /// What must be in its answer: a pointer, and a template of the text there.
    pub expect: Params,
    /// Which part of its answer counts: a pointer.
    pub part: &'static str,
    /// Where in the profile that goes: under this name, or, where it is empty, in the place of the profile.
    pub into: &'static str,
}

/// When a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Always.
    Always,
    /// Where the email address is wanted (`SOCIALACCOUNT_QUERY_EMAIL`).
    ForEmail,
    /// Where the profile lacks this.
    Lacking(&'static str),
    /// Where this is among what is asked for.
    Scope(&'static str),
    /// Where it is not.
    NoScope(&'static str),
}

/// A provider's id tokens.
#[derive(Clone, Copy, Debug)]
pub struct IdTokens {
    /// Who makes them: a template; empty where a discovery document says it.
    pub issuer: &'static str,
    /// Where the keys are that they are signed with: a template; empty where a discovery document says it.
    pub keys: &'static str,
    /// Whether the exchange gives one.
    pub exchanged: bool,
    /// Whether their claims are the profile. Otherwise they only prove whose it is.
    pub is_profile: bool,
    /// Names of claims in the profile, where they differ.
    pub renamed: Params,
}

/// Whether a provider vouches for an address.
#[derive(Clone, Copy, Debug)]
pub enum Verified {
    /// It does not say, or what it says means something else.
    Never,
    /// It gives no others.
    Always,
    /// Where this is true, or `pointer = text` holds.
    If(&'static str),
    /// The same, and the others are not even read.
    Only(&'static str),
}

/// A list of addresses.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Where it is.
    pub at: &'static str,
    /// Where in one of them the address is.
    pub email: &'static str,
    /// Where in one of them it says whether it is verified.
    pub verified: &'static str,
    /// Where in one of them it says whether it is the primary one; empty where none is.
    pub primary: &'static str,
}

/// A service that follows the standard in everything, and tells nothing: for declarations to begin with.
pub const fn provider(known: KnownProvider) -> ProviderDeclaration {
    ProviderDeclaration {
        id: known.id,
        name: known.name,
        several_clients: false,
        secret: Secrets::Plain,
        options: &[],
        words: &[],
        authorize: "",
        authorize_params: AUTHORIZE,
        auth_params: &[],
        scope: "",
        email_scope: "",
        delimiter: " ",
        pkce: false,
        code: "code",
        before: None,
        token: "",
        token_by: By::Form,
        token_params: EXCHANGE,
        basic_auth: false,
        access_token: "/access_token",
        refresh_token: "/refresh_token",
        expires_in: "/expires_in",
        headers: &[],
        profile: &[],
        id_token: None,
        inspection: None,
        uid: "/id",
        email: "",
        verified: Verified::Never,
        emails: None,
        username: "",
        full_name: "",
        first_name: "",
        last_name: "",
        // The claims of OpenID Connect Core 1.0, section 5.1, which many others have as well.
        picture: "/picture | /avatar_url",
        locale: "/locale",
        phone: "",
        display: "",
        user: "",
        note: "",
    }
}

/// A profile that is fetched in the usual way (RFC 6750, section 2.1).
pub const fn get(url: &'static str) -> Fetch {
    Fetch {
        url,
        by: By::Get,
        params: &[],
        authorization: Authorization::Token("Bearer"),
        headers: &[],
        only: Only::Always,
        optional: false,
        expect: &[],
        part: "",
        into: "",
    }
}

/// One whose access token is in its address, its parameters or its headers.
pub const fn get_inside(url: &'static str) -> Fetch {
    Fetch { authorization: Authorization::Inside, ..get(url) }
}

//! Providers, E to L.

use crate::providers::declaration::{
    Addresses, Authorization, By, Fetch, IdTokens, Only, Provider, Verified, When, Word, get, get_inside,
    provider,
};

pub const PROVIDERS: &[Provider] = &[
    Provider {
        authorize: "https://api.edmodo.com/oauth/authorize",
        token: "https://api.edmodo.com/oauth/token",
        profile: &[get_inside("https://api.edmodo.com/users/me?access_token={access_token}")],
        scope: "basic",
        email: "/email",
        first_name: "/first_name",
        last_name: "/last_name",
        ..provider("edmodo", "Edmodo")
    },
    Provider {
        options: &[("edx_url", Some("https://edx.org"))],
        authorize: "{+edx_url}/oauth2/authorize/",
        token: "{+edx_url}/oauth2/access_token",
        profile: &[
            get("{+edx_url}/api/user/v1/me"),
            Fetch { only: Only::Lacking("/id"), ..get("{+edx_url}/api/user/v1/accounts/{profile/username}") },
        ],
        scope: "profile",
        // Names can pass to others.
        uid: "/id",
        email: "/email",
        username: "/username",
        full_name: "/name",
        ..provider("edx", "Edx")
    },
    Provider {
        authorize: "https://www.eventbrite.com/oauth/authorize",
        token: "https://www.eventbrite.com/oauth/token",
        profile: &[get("https://www.eventbriteapi.com/v3/users/me/")],
        emails: Some(Addresses {
            at: "/emails",
            email: "/email",
            verified: "/verified",
            primary: "/primary",
        }),
        full_name: "/name",
        first_name: "/first_name",
        last_name: "/last_name",
        display: "/emails/0/email",
        ..provider("eventbrite", "Eventbrite")
    },
    Provider {
        authorize: "https://login.eveonline.com/oauth/authorize",
        token: "https://login.eveonline.com/oauth/token",
        profile: &[get("https://login.eveonline.com/oauth/verify")],
        uid: "/CharacterOwnerHash",
        full_name: "/CharacterName",
        display: "/CharacterName | /CharacterID",
        ..provider("eveonline", "EVE Online")
    },
    Provider {
        options: &[
            ("version", Some("v19.0")),
            (
                "fields",
                Some("id,email,name,first_name,last_name,verified,locale,timezone,link,gender,updated_time"),
            ),
        ],
        words: &[
            Word {
                word: "dialog",
                when: When::Given("authorize_url"),
                then: "{+authorize_url}",
                otherwise: "https://www.facebook.com/{version}/dialog/oauth",
            },
            Word {
                word: "graph",
                when: When::Given("graph_api_url"),
                then: "{+graph_api_url}",
                otherwise: "https://graph.facebook.com/{version}",
            },
        ],
        authorize: "{+dialog}",
        token: "{+graph}/oauth/access_token",
        token_by: By::Get,
        profile: &[Fetch {
            params: &[
                ("fields", "{fields}"),
                ("access_token", "{access_token}"),
                ("appsecret_proof", "{appsecret_proof}"),
            ],
            ..get_inside("{+graph}/me")
        }],
        // Limited Login, which Facebook's SDK for iOS falls back to.
        id_token: Some(IdTokens {
            issuer: "https://www.facebook.com",
            keys: "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
            exchanged: false,
            is_profile: true,
            renamed: &[
                ("sub", "id"),
                ("given_name", "first_name"),
                ("family_name", "last_name"),
                ("user_link", "link"),
            ],
        }),
        inspection: Some(Fetch {
            params: &[("input_token", "{access_token}"), ("access_token", "{client_id}|{client_secret}")],
            expect: &[("/data/is_valid", "true"), ("/data/app_id", "{client_id}")],
            ..get_inside("{+graph}/debug_token")
        }),
        delimiter: ",",
        email_scope: "email",
        email: "/email",
        username: "/username",
        full_name: "/name",
        first_name: "/first_name",
        last_name: "/last_name",
        ..provider("facebook", "Facebook")
    },
    Provider {
        options: &[("host", Some("cloud.feedly.com"))],
        authorize: "https://{+host}/v3/auth/auth",
        token: "https://{+host}/v3/auth/token",
        profile: &[Fetch {
            authorization: Authorization::Token("OAuth"),
            ..get("https://{+host}/v3/profile")
        }],
        scope: "https://cloud.feedly.com/subscriptions",
        email: "/email",
        first_name: "/givenName",
        last_name: "/familyName",
        ..provider("feedly", "Feedly")
    },
    Provider {
        options: &[("authorize_url", Some("https://open.feishu.cn/open-apis/authen/v1/index"))],
        authorize: "{+authorize_url}",
        authorize_params: &[
            ("app_id", "{client_id}"),
            ("redirect_uri", "{redirect_uri}"),
            ("scope", "{scope}"),
            ("response_type", "code"),
            ("state", "{state}"),
        ],
        before: Some(Fetch {
            by: By::Form,
            params: &[("app_id", "{client_id}"), ("app_secret", "{client_secret}")],
            ..get_inside("https://open.feishu.cn/open-apis/auth/v3/app_access_token/internal/")
        }),
        token: "https://open.feishu.cn/open-apis/authen/v1/access_token",
        token_by: By::Json,
        token_params: &[
            ("grant_type", "authorization_code"),
            ("code", "{code}"),
            ("app_access_token", "{before/app_access_token}"),
        ],
        access_token: "/data/access_token",
        refresh_token: "/data/refresh_token",
        expires_in: "/data/expires_in",
        profile: &[Fetch {
            expect: &[("/code", "0")],
            part: "/data",
            ..get("https://open.feishu.cn/open-apis/authen/v1/user_info")
        }],
        uid: "/open_id",
        username: "/name",
        full_name: "/name",
        ..provider("feishu", "feishu")
    },
    Provider {
        authorize: "https://www.figma.com/oauth",
        token: "https://www.figma.com/api/oauth/token",
        profile: &[get("https://api.figma.com/v1/me")],
        pkce: true,
        email: "/email",
        full_name: "/handle",
        ..provider("figma", "Figma")
    },
    Provider {
        authorize: "https://foursquare.com/oauth2/authenticate",
        token: "https://foursquare.com/oauth2/access_token",
        profile: &[Fetch {
            params: &[("oauth_token", "{access_token}"), ("v", "20140116")],
            part: "/response/user",
            ..get_inside("https://api.foursquare.com/v2/users/self")
        }],
        email: "/contact/email",
        first_name: "/firstname | /firstName",
        last_name: "/lastname | /lastName",
        display: "/contact/email",
        ..provider("foursquare", "Foursquare")
    },
    Provider {
        authorize: "https://auth.frontierstore.net/auth",
        token: "https://auth.frontierstore.net/token",
        profile: &[get("https://auth.frontierstore.net/me")],
        scope: "auth capi",
        uid: "/customer_id",
        email: "/email",
        verified: Verified::Always,
        username: "/email",
        first_name: "/firstname",
        last_name: "/lastname",
        ..provider("frontier", "Frontier")
    },
    Provider {
        options: &[
            ("oauth_endpoint", Some("https://oauth.accounts.firefox.com/v1")),
            ("profile_endpoint", Some("https://profile.accounts.firefox.com/v1")),
        ],
        authorize: "{+oauth_endpoint}/authorization",
        token: "{+oauth_endpoint}/token",
        profile: &[get("{+profile_endpoint}/profile")],
        scope: "profile",
        uid: "/uid",
        email: "/email",
        ..provider("fxa", "Firefox Accounts")
    },
    Provider {
        options: &[("gitea_url", Some("https://gitea.com"))],
        authorize: "{+gitea_url}/login/oauth/authorize",
        token: "{+gitea_url}/login/oauth/access_token",
        profile: &[Fetch { authorization: Authorization::Token("token"), ..get("{+gitea_url}/api/v1/user") }],
        pkce: true,
        email: "/email",
        username: "/login",
        full_name: "/name",
        display: "/username | /login",
        ..provider("gitea", "Gitea")
    },
    Provider {
        options: &[("github_url", Some("https://github.com"))],
        words: &[Word {
            word: "api",
            when: When::Given("github_url"),
            then: "{+github_url}/api/v3",
            otherwise: "https://api.github.com",
        }],
        authorize: "{+github_url}/login/oauth/authorize",
        token: "{+github_url}/login/oauth/access_token",
        profile: &[
            get("{+api}/user"),
            // It answers 404 to apps that may not know.
            Fetch { only: Only::ForEmail, optional: true, into: "emails", ..get("{+api}/user/emails") },
        ],
        email_scope: "user:email",
        pkce: true,
        email: "/email",
        emails: Some(Addresses {
            at: "/emails",
            email: "/email",
            verified: "/verified",
            primary: "/primary",
        }),
        username: "/login",
        full_name: "/name",
        ..provider("github", "GitHub")
    },
    Provider {
        options: &[("gitlab_url", Some("https://gitlab.com"))],
        authorize: "{+gitlab_url}/oauth/authorize",
        token: "{+gitlab_url}/oauth/token",
        profile: &[get("{+gitlab_url}/api/v4/user")],
        scope: "read_user",
        pkce: true,
        email: "/email",
        username: "/username",
        full_name: "/name",
        ..provider("gitlab", "GitLab")
    },
    Provider {
        authorize: "https://auth.globus.org/v2/oauth2/authorize",
        token: "https://auth.globus.org/v2/oauth2/token",
        profile: &[get("https://auth.globus.org/v2/oauth2/userinfo")],
        scope: "openid profile offline_access",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        username: "/preferred_username",
        full_name: "/name",
        ..provider("globus", "Globus")
    },
    Provider {
        options: &[
            ("authorize_url", Some("https://accounts.google.com/o/oauth2/v2/auth")),
            ("access_token_url", Some("https://oauth2.googleapis.com/token")),
            ("identity_url", Some("https://www.googleapis.com/oauth2/v2/userinfo")),
            ("certs_url", Some("https://www.googleapis.com/oauth2/v3/certs")),
            ("id_token_issuer", Some("https://accounts.google.com")),
        ],
        authorize: "{+authorize_url}",
        token: "{+access_token_url}",
        profile: &[get("{+identity_url}")],
        id_token: Some(IdTokens {
            issuer: "{id_token_issuer}",
            keys: "{+certs_url}",
            exchanged: true,
            is_profile: true,
            renamed: &[],
        }),
        // Without `openid` Google promises neither an id token nor a nonce in it.
        scope: "openid profile",
        email_scope: "email",
        pkce: true,
        uid: "/sub | /id",
        email: "/email",
        verified: Verified::If("/email_verified | /verified_email"),
        first_name: "/given_name",
        last_name: "/family_name",
        note: "`CERTS_URL` is where the keys are as a JWK set, not as certificates.",
        ..provider("google", "Google")
    },
    Provider {
        options: &[("gumroad_url", Some("https://gumroad.com"))],
        authorize: "{+gumroad_url}/oauth/authorize",
        token: "{+gumroad_url}/oauth/token",
        profile: &[Fetch {
            part: "/user",
            ..get_inside("https://api.gumroad.com/v2/user?access_token={access_token}")
        }],
        scope: "edit_products",
        uid: "/user_id",
        email: "/email",
        username: "/url ~after(https://gumroad.com/)",
        full_name: "/name",
        ..provider("gumroad", "Gumroad")
    },
    Provider {
        authorize: "https://app.hubspot.com/oauth/authorize",
        token: "https://api.hubapi.com/oauth/v1/token",
        profile: &[get_inside("https://api.hubapi.com/oauth/v1/access-tokens/{access_token}")],
        scope: "oauth",
        uid: "/user_id",
        email: "/user",
        verified: Verified::Always,
        display: "/user",
        ..provider("hubspot", "Hubspot")
    },
    Provider {
        authorize: "https://api.instagram.com/oauth/authorize",
        token: "https://api.instagram.com/oauth/access_token",
        profile: &[get_inside(
            "https://graph.instagram.com/me?fields=id,username&access_token={access_token}",
        )],
        scope: "user_profile",
        username: "/username",
        ..provider("instagram", "Instagram")
    },
    Provider {
        authorize: "https://kauth.kakao.com/oauth/authorize",
        token: "https://kauth.kakao.com/oauth/token",
        profile: &[get("https://kapi.kakao.com/v2/user/me")],
        email: "/kakao_account/email",
        verified: Verified::If("/kakao_account/is_email_verified"),
        username: "/kakao_account/profile/nickname",
        user: "/kakao_account",
        ..provider("kakao", "Kakao")
    },
    Provider {
        options: &[("lemonldap_url", None)],
        authorize: "{+lemonldap_url}/oauth2/authorize",
        token: "{+lemonldap_url}/oauth2/token",
        profile: &[Fetch { by: By::Form, ..get("{+lemonldap_url}/oauth2/userinfo") }],
        scope: "openid profile email",
        uid: "/sub",
        email: "/email",
        username: "/preferred_username",
        full_name: "/name",
        ..provider("lemonldap", "LemonLDAP::NG")
    },
    Provider {
        options: &[("api_url", Some("https://lichess.org"))],
        authorize: "{+api_url}/oauth",
        token: "{+api_url}/api/token",
        profile: &[
            get("{+api_url}/api/account"),
            Fetch {
                only: Only::ForEmail,
                part: "/email",
                into: "email",
                ..get("{+api_url}/api/account/email")
            },
        ],
        email_scope: "email:read",
        pkce: true,
        email: "/email",
        username: "/username",
        first_name: "/profile/firstName",
        last_name: "/profile/lastName",
        ..provider("lichess", "Lichess")
    },
    Provider {
        authorize: "https://access.line.me/oauth2/v2.1/authorize",
        token: "https://api.line.me/oauth2/v2.1/token",
        profile: &[
            Fetch { only: Only::NoScope("email"), ..get("https://api.line.me/v2/profile") },
            Fetch {
                only: Only::Scope("email"),
                by: By::Form,
                params: &[("client_id", "{client_id}"), ("id_token", "{token/id_token}")],
                ..get_inside("https://api.line.me/oauth2/v2.1/verify")
            },
        ],
        pkce: true,
        uid: "/userId | /sub",
        email: "/email",
        username: "/email | /userId | /sub",
        full_name: "/name",
        first_name: "/first_name",
        last_name: "/last_name",
        note: "`SCOPE` must be given, as LINE has no default; with `openid` and `email` it reports the email address.",
        ..provider("line", "Line")
    },
    Provider {
        options: &[("profile_fields", Some("id,firstName,lastName"))],
        authorize: "https://www.linkedin.com/oauth/v2/authorization",
        token: "https://www.linkedin.com/oauth/v2/accessToken",
        profile: &[
            Fetch {
                params: &[("projection", "({profile_fields})")],
                ..get("https://api.linkedin.com/v2/me")
            },
            Fetch {
                only: Only::ForEmail,
                optional: true,
                params: &[("q", "members"), ("projection", "(elements*(handle~))")],
                part: "/elements/0/handle~0/emailAddress",
                into: "email",
                ..get("https://api.linkedin.com/v2/emailAddress")
            },
        ],
        scope: "r_liteprofile",
        email_scope: "r_emailaddress",
        email: "/email",
        first_name: "/firstName/localized/* | /firstName",
        last_name: "/lastName/localized/* | /lastName",
        display: "{/firstName/localized/*} {/lastName/localized/*} | {/firstName} {/lastName}",
        note: "For apps from before August 2023. Newer ones speak OpenID Connect: see above.",
        ..provider("linkedin_oauth2", "LinkedIn")
    },
];

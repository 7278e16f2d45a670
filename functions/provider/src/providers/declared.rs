//! The declarations, one a provider, in the order of their ids.

use vestibule::settings::{KnownProvider, OPENID_CONNECT, known_providers as known};

use super::declaration::{
    Addresses, Authorization, By, Condition, Fetch, IdTokens, Only, ProviderDeclaration, Secrets, Verified,
    Word, get, get_inside, provider,
};

/// All of them.
pub const PROVIDERS: &[ProviderDeclaration] = &[
    ProviderDeclaration {
        authorize: "https://www.amazon.com/ap/oa",
        token: "https://api.amazon.com/auth/o2/token",
        profile: &[get("https://api.amazon.com/user/profile")],
        scope: "profile",
        uid: "/user_id | /Profile/CustomerId",
        email: "/email | /Profile/PrimaryEmail",
        full_name: "/name | /Profile/Name",
        display: "/email | /Profile/PrimaryEmail | /Profile/Name",
        ..provider(known::AMAZON)
    },
    ProviderDeclaration {
        options: &[("domain", None)],
        authorize: "{+domain}/oauth2/authorize",
        token: "{+domain}/oauth2/token",
        profile: &[get("{+domain}/oauth2/userInfo")],
        scope: "openid profile email",
        pkce: true,
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/email_verified"),
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider(known::AMAZON_COGNITO)
    },
    ProviderDeclaration {
        several_clients: true,
        secret: Secrets::Signed("https://appleid.apple.com"),
        authorize: "https://appleid.apple.com/auth/authorize",
        authorize_params: &[
            ("client_id", "{client_id}"),
            ("redirect_uri", "{redirect_uri}"),
            ("response_mode", "form_post"),
            ("scope", "{scope}"),
            ("response_type", "code id_token"),
            ("state", "{state}"),
        ],
        token: "https://appleid.apple.com/auth/token",
        id_token: Some(IdTokens {
            issuer: "https://appleid.apple.com",
            keys: "https://appleid.apple.com/auth/keys",
            exchanged: true,
            is_profile: true,
            renamed: &[],
        }),
        scope: "name",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/email_verified"),
        first_name: "/name/firstName",
        last_name: "/name/lastName",
        display: "/email ~unless-ends(@privaterelay.appleid.com) | {/name/firstName} {/name/lastName} | \
                  /name/firstName | /name/lastName",
        note: "`client_id` may be several, with commas between; the first one is used. `secret` is the id of the key, \
               `key` the team, and `certificate_key` in `settings` the key itself.",
        ..provider(known::APPLE)
    },
    ProviderDeclaration {
        authorize: "https://app.asana.com/-/oauth_authorize",
        token: "https://app.asana.com/-/oauth_token",
        profile: &[Fetch { part: "/data", ..get("https://app.asana.com/api/1.0/users/me") }],
        uid: "/gid | /id",
        email: "/email",
        full_name: "/name",
        ..provider(known::ASANA)
    },
    ProviderDeclaration {
        authorize: "https://auth.atlassian.com/authorize",
        auth_params: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
        token: "https://api.atlassian.com/oauth/token",
        profile: &[get("https://api.atlassian.com/me")],
        scope: "read:me",
        uid: "/account_id",
        email: "/email",
        verified: Verified::If("/email_verified"),
        username: "/nickname",
        full_name: "/name",
        ..provider(known::ATLASSIAN)
    },
    ProviderDeclaration {
        options: &[("auth0_url", None)],
        authorize: "{+auth0_url}/authorize",
        token: "{+auth0_url}/oauth/token",
        profile: &[get("{+auth0_url}/userinfo")],
        scope: "openid profile email",
        pkce: true,
        uid: "/sub",
        email: "/email",
        username: "/username",
        full_name: "/name",
        ..provider(known::AUTH0)
    },
    ProviderDeclaration {
        options: &[("provider_url", Some("https://connect.authentiq.io"))],
        authorize: "{+provider_url}/authorize",
        token: "{+provider_url}/token",
        profile: &[get("{+provider_url}/userinfo")],
        scope: "openid aq:name aq:push",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/email_verified"),
        username: "/preferred_username | /given_name",
        full_name: "/name",
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider(known::AUTHENTIQ)
    },
    ProviderDeclaration {
        authorize: "https://openapi.baidu.com/oauth/2.0/authorize",
        token: "https://openapi.baidu.com/oauth/2.0/token",
        profile: &[get_inside(
            "https://openapi.baidu.com/rest/2.0/passport/users/getLoggedInUser?access_token={access_token}",
        )],
        uid: "/uid",
        username: "/uid",
        full_name: "/uname",
        display: "/uname",
        ..provider(known::BAIDU)
    },
    ProviderDeclaration {
        authorize: "https://launchpad.37signals.com/authorization/new",
        auth_params: &[("type", "web_server")],
        token: "https://launchpad.37signals.com/authorization/token?type=web_server",
        profile: &[get("https://launchpad.37signals.com/authorization.json")],
        uid: "/identity/id",
        email: "/identity/email_address",
        username: "/identity/email_address",
        full_name: "{/identity/first_name} {/identity/last_name}",
        first_name: "/identity/first_name",
        last_name: "/identity/last_name",
        user: "/identity",
        ..provider(known::BASECAMP)
    },
    ProviderDeclaration {
        options: &[("region", Some("us"))],
        words: &[
            Word {
                word: "host",
                when: Condition::Is("region", "cn"),
                then: "oauth.battlenet.com.cn",
                otherwise: "oauth.battle.net",
            },
            // The accounts of China are others, and can have the same numbers.
            Word { word: "suffix", when: Condition::Is("region", "cn"), then: "-cn", otherwise: "" },
        ],
        authorize: "https://{+host}/authorize",
        token: "https://{+host}/token",
        profile: &[get("https://{+host}/userinfo")],
        uid: "{/id}{suffix}",
        username: "/battletag",
        display: "/battletag",
        note: "The settings determine the region; allauth lets a browser choose.",
        ..provider(known::BATTLENET)
    },
    ProviderDeclaration {
        authorize: "https://bitbucket.org/site/oauth2/authorize",
        token: "https://bitbucket.org/site/oauth2/access_token",
        profile: &[
            get("https://api.bitbucket.org/2.0/user"),
            Fetch {
                only: Only::ForEmail,
                optional: true,
                part: "/values",
                into: "emails",
                ..get("https://api.bitbucket.org/2.0/user/emails")
            },
        ],
        uid: "/account_id",
        email: "/emails/[is_primary]/email | /emails/0/email | /email",
        username: "/username",
        full_name: "/display_name",
        display: "/username | /emails/[is_primary]/email | /emails/0/email",
        ..provider(known::BITBUCKET_OAUTH2)
    },
    ProviderDeclaration {
        authorize: "https://account.box.com/api/oauth2/authorize",
        token: "https://api.box.com/oauth2/token",
        profile: &[get("https://api.box.com/2.0/users/me")],
        email: "/email",
        full_name: "/display_name",
        ..provider(known::BOX)
    },
    ProviderDeclaration {
        authorize: "https://cilogon.org/authorize",
        token: "https://cilogon.org/oauth2/token",
        profile: &[get("https://cilogon.org/oauth2/userinfo")],
        scope: "openid profile org.cilogon.userinfo",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/verified_email"),
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider(known::CILOGON)
    },
    ProviderDeclaration {
        authorize: "https://clever.com/oauth/authorize",
        token: "https://clever.com/oauth/tokens",
        profile: &[
            get("https://api.clever.com/v3.0/me"),
            get("https://api.clever.com/v3.0/users/{profile/data/id}"),
        ],
        scope: "read:district_admins read:districts read:resources read:school_admins read:schools read:sections \
                read:student_contacts read:students read:teachers read:user_id",
        uid: "/data/id",
        email: "/data/email",
        username: "/data/roles/*/credentials/district_username",
        first_name: "/data/name/first",
        last_name: "/data/name/last",
        user: "/data",
        ..provider(known::CLEVER)
    },
    ProviderDeclaration {
        authorize: "https://www.coinbase.com/oauth/authorize",
        token: "https://www.coinbase.com/oauth/token",
        profile: &[get("https://api.coinbase.com/v2/user")],
        scope: "wallet:user:email",
        uid: "/id | /data/id",
        email: "/email | /data/email",
        display: "/username | /email | /data/username | /data/email | /data/name",
        ..provider(known::COINBASE)
    },
    ProviderDeclaration {
        authorize: "https://auth.dataporten.no/oauth/authorization",
        token: "https://auth.dataporten.no/oauth/token",
        profile: &[Fetch {
            expect: &[("/audience", "{client_id}")],
            part: "/user",
            ..get("https://auth.dataporten.no/userinfo")
        }],
        uid: "/userid",
        email: "/email",
        username: "/userid_sec/[^feide:] ~after(:) ~before(@) | /email ~before(@)",
        full_name: "/name",
        ..provider(known::DATAPORTEN)
    },
    ProviderDeclaration {
        authorize: "https://apis.daum.net/oauth2/authorize",
        token: "https://apis.daum.net/oauth2/token",
        profile: &[Fetch {
            part: "/result",
            ..get_inside("https://apis.daum.net/user/v1/show.json?access_token={access_token}")
        }],
        ..provider(known::DAUM)
    },
    ProviderDeclaration {
        authorize: "https://cloud.digitalocean.com/v1/oauth/authorize",
        token: "https://cloud.digitalocean.com/v1/oauth/token",
        profile: &[get("https://api.digitalocean.com/v2/account")],
        uid: "/account/uuid",
        email: "/account/email",
        user: "/account",
        ..provider(known::DIGITALOCEAN)
    },
    ProviderDeclaration {
        authorize: "https://login.dingtalk.com/oauth2/auth",
        code: "authCode",
        token: "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
        token_by: By::Json,
        token_params: &[
            ("clientId", "{client_id}"),
            ("clientSecret", "{client_secret}"),
            ("code", "{code}"),
            ("grantType", "authorization_code"),
        ],
        access_token: "/accessToken",
        refresh_token: "/refreshToken",
        expires_in: "/expireIn",
        profile: &[Fetch {
            headers: &[("x-acs-dingtalk-access-token", "{access_token}")],
            ..get_inside("https://api.dingtalk.com/v1.0/contact/users/me")
        }],
        scope: "openid corpid",
        uid: "/openId",
        username: "/nick",
        full_name: "/nick",
        display: "/nick",
        ..provider(known::DINGTALK)
    },
    ProviderDeclaration {
        authorize: "https://discord.com/api/oauth2/authorize",
        token: "https://discord.com/api/oauth2/token",
        profile: &[get("https://discord.com/api/users/@me")],
        scope: "email identify",
        pkce: true,
        email: "/email",
        verified: Verified::If("/verified"),
        username: "/username",
        full_name: "/username",
        display: "{/username}#{/discriminator ~digits(4)} | /global_name | /username",
        ..provider(known::DISCORD)
    },
    ProviderDeclaration {
        authorize: "https://disqus.com/api/oauth/2.0/authorize/",
        token: "https://disqus.com/api/oauth/2.0/access_token/",
        profile: &[Fetch {
            params: &[
                ("access_token", "{access_token}"),
                ("api_key", "{client_id}"),
                ("api_secret", "{client_secret}"),
            ],
            part: "/response",
            ..get_inside("https://disqus.com/api/3.0/users/details.json")
        }],
        scope: "read",
        email_scope: "email",
        delimiter: ",",
        email: "/email",
        verified: Verified::Always,
        username: "/username",
        full_name: "/name",
        ..provider(known::DISQUS)
    },
    ProviderDeclaration {
        authorize: "https://www.douban.com/service/auth2/auth",
        token: "https://www.douban.com/service/auth2/token",
        profile: &[get("https://api.douban.com/v2/user/~me")],
        username: "/id",
        first_name: "/name",
        ..provider(known::DOUBAN)
    },
    ProviderDeclaration {
        authorize: "https://auth.doximity.com/oauth/authorize",
        token: "https://auth.doximity.com/oauth/token",
        profile: &[get("https://www.doximity.com/api/v1/users/current")],
        scope: "basic email",
        email: "/email",
        username: "/email",
        full_name: "/full_name",
        first_name: "/firstname",
        last_name: "/lastname",
        ..provider(known::DOXIMITY)
    },
    ProviderDeclaration {
        authorize: "https://www.dropbox.com/oauth2/authorize",
        token: "https://api.dropbox.com/oauth2/token",
        profile: &[Fetch { by: By::Form, ..get("https://api.dropbox.com/2/users/get_current_account") }],
        pkce: true,
        uid: "/account_id",
        email: "/email",
        full_name: "/name/display_name",
        ..provider(known::DROPBOX)
    },
    ProviderDeclaration {
        words: &[Word {
            word: "host",
            when: Condition::Is("environment", "sandbox"),
            then: "uat.dwolla.com",
            otherwise: "www.dwolla.com",
        }],
        options: &[("environment", Some("production"))],
        authorize: "https://{+host}/oauth/v2/authenticate",
        token: "https://{+host}/oauth/v2/token",
        profile: &[Fetch {
            authorization: Authorization::Token("Bearer"),
            headers: &[("accept", "application/vnd.dwolla.v1.hal+json")],
            ..get("{+token/_links/account/href}")
        }],
        delimiter: "|",
        full_name: "/name",
        ..provider(known::DWOLLA)
    },
    ProviderDeclaration {
        authorize: "https://api.edmodo.com/oauth/authorize",
        token: "https://api.edmodo.com/oauth/token",
        profile: &[get_inside("https://api.edmodo.com/users/me?access_token={access_token}")],
        scope: "basic",
        email: "/email",
        first_name: "/first_name",
        last_name: "/last_name",
        ..provider(known::EDMODO)
    },
    ProviderDeclaration {
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
        ..provider(known::EDX)
    },
    ProviderDeclaration {
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
        ..provider(known::EVENTBRITE)
    },
    ProviderDeclaration {
        authorize: "https://login.eveonline.com/oauth/authorize",
        token: "https://login.eveonline.com/oauth/token",
        profile: &[get("https://login.eveonline.com/oauth/verify")],
        uid: "/CharacterOwnerHash",
        full_name: "/CharacterName",
        display: "/CharacterName | /CharacterID",
        ..provider(known::EVEONLINE)
    },
    ProviderDeclaration {
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
                when: Condition::Given("authorize_url"),
                then: "{+authorize_url}",
                otherwise: "https://www.facebook.com/{version}/dialog/oauth",
            },
            Word {
                word: "graph",
                when: Condition::Given("graph_api_url"),
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
        ..provider(known::FACEBOOK)
    },
    ProviderDeclaration {
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
        ..provider(known::FEEDLY)
    },
    ProviderDeclaration {
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
        ..provider(known::FEISHU)
    },
    ProviderDeclaration {
        authorize: "https://www.figma.com/oauth",
        token: "https://www.figma.com/api/oauth/token",
        profile: &[get("https://api.figma.com/v1/me")],
        pkce: true,
        email: "/email",
        full_name: "/handle",
        ..provider(known::FIGMA)
    },
    ProviderDeclaration {
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
        ..provider(known::FOURSQUARE)
    },
    ProviderDeclaration {
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
        ..provider(known::FRONTIER)
    },
    ProviderDeclaration {
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
        ..provider(known::FXA)
    },
    ProviderDeclaration {
        options: &[("gitea_url", Some("https://gitea.com"))],
        authorize: "{+gitea_url}/login/oauth/authorize",
        token: "{+gitea_url}/login/oauth/access_token",
        profile: &[Fetch { authorization: Authorization::Token("token"), ..get("{+gitea_url}/api/v1/user") }],
        pkce: true,
        email: "/email",
        username: "/login",
        full_name: "/name",
        display: "/username | /login",
        ..provider(known::GITEA)
    },
    ProviderDeclaration {
        options: &[("github_url", Some("https://github.com"))],
        words: &[Word {
            word: "api",
            when: Condition::Given("github_url"),
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
        ..provider(known::GITHUB)
    },
    ProviderDeclaration {
        options: &[("gitlab_url", Some("https://gitlab.com"))],
        authorize: "{+gitlab_url}/oauth/authorize",
        token: "{+gitlab_url}/oauth/token",
        profile: &[get("{+gitlab_url}/api/v4/user")],
        scope: "read_user",
        pkce: true,
        email: "/email",
        username: "/username",
        full_name: "/name",
        ..provider(known::GITLAB)
    },
    ProviderDeclaration {
        authorize: "https://auth.globus.org/v2/oauth2/authorize",
        token: "https://auth.globus.org/v2/oauth2/token",
        profile: &[get("https://auth.globus.org/v2/oauth2/userinfo")],
        scope: "openid profile offline_access",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        username: "/preferred_username",
        full_name: "/name",
        ..provider(known::GLOBUS)
    },
    ProviderDeclaration {
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
        ..provider(known::GOOGLE)
    },
    ProviderDeclaration {
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
        ..provider(known::GUMROAD)
    },
    ProviderDeclaration {
        authorize: "https://app.hubspot.com/oauth/authorize",
        token: "https://api.hubapi.com/oauth/v1/token",
        profile: &[get_inside("https://api.hubapi.com/oauth/v1/access-tokens/{access_token}")],
        scope: "oauth",
        uid: "/user_id",
        email: "/user",
        verified: Verified::Always,
        display: "/user",
        ..provider(known::HUBSPOT)
    },
    ProviderDeclaration {
        authorize: "https://api.instagram.com/oauth/authorize",
        token: "https://api.instagram.com/oauth/access_token",
        profile: &[get_inside(
            "https://graph.instagram.com/me?fields=id,username&access_token={access_token}",
        )],
        scope: "user_profile",
        username: "/username",
        ..provider(known::INSTAGRAM)
    },
    ProviderDeclaration {
        authorize: "https://kauth.kakao.com/oauth/authorize",
        token: "https://kauth.kakao.com/oauth/token",
        profile: &[get("https://kapi.kakao.com/v2/user/me")],
        email: "/kakao_account/email",
        verified: Verified::If("/kakao_account/is_email_verified"),
        username: "/kakao_account/profile/nickname",
        user: "/kakao_account",
        ..provider(known::KAKAO)
    },
    ProviderDeclaration {
        options: &[("lemonldap_url", None)],
        authorize: "{+lemonldap_url}/oauth2/authorize",
        token: "{+lemonldap_url}/oauth2/token",
        profile: &[Fetch { by: By::Form, ..get("{+lemonldap_url}/oauth2/userinfo") }],
        scope: "openid profile email",
        uid: "/sub",
        email: "/email",
        username: "/preferred_username",
        full_name: "/name",
        ..provider(known::LEMONLDAP)
    },
    ProviderDeclaration {
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
        ..provider(known::LICHESS)
    },
    ProviderDeclaration {
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
        ..provider(known::LINE)
    },
    ProviderDeclaration {
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
        ..provider(known::LINKEDIN_OAUTH2)
    },
    ProviderDeclaration {
        authorize: "https://login.mailchimp.com/oauth2/authorize",
        token: "https://login.mailchimp.com/oauth2/token",
        profile: &[Fetch {
            authorization: Authorization::Token("OAuth"),
            ..get("https://login.mailchimp.com/oauth2/metadata")
        }],
        uid: "/user_id",
        display: "/login/login_email | /login/email",
        ..provider(known::MAILCHIMP)
    },
    ProviderDeclaration {
        options: &[
            ("rest_api", Some("https://meta.wikimedia.org/w/rest.php")),
            ("user_agent", Some("Vestibule")),
        ],
        authorize: "{+rest_api}/oauth2/authorize",
        token: "{+rest_api}/oauth2/access_token",
        headers: &[("user-agent", "{user_agent}")],
        profile: &[get("{+rest_api}/oauth2/resource/profile")],
        uid: "/sub",
        email: "/email",
        verified: Verified::Only("/confirmed_email"),
        username: "/username",
        full_name: "/realname",
        note: "`USER_AGENT` should name your service, as Wikimedia asks.",
        ..provider(known::MEDIAWIKI)
    },
    ProviderDeclaration {
        authorize: "https://secure.meetup.com/oauth2/authorize",
        token: "https://secure.meetup.com/oauth2/access",
        profile: &[get("https://api.meetup.com/2/member/self")],
        email: "/email",
        full_name: "/name",
        ..provider(known::MEETUP)
    },
    ProviderDeclaration {
        options: &[
            ("tenant", Some("common")),
            ("login_url", Some("https://login.microsoftonline.com")),
            ("graph_url", Some("https://graph.microsoft.com")),
        ],
        authorize: "{+login_url}/{tenant}/oauth2/v2.0/authorize",
        token: "{+login_url}/{tenant}/oauth2/v2.0/token",
        profile: &[get(
            "{+graph_url}/v1.0/me?$select=businessPhones,displayName,givenName,id,jobTitle,mail,mobilePhone,\
             officeLocation,preferredLanguage,surname,userPrincipalName,mailNickname,companyName",
        )],
        scope: "User.Read",
        pkce: true,
        email: "/mail | /userPrincipalName",
        username: "/mailNickname",
        first_name: "/givenName",
        last_name: "/surname",
        note: "The operator of a tenant can set any email address: leave `VERIFIED_EMAIL` alone unless `TENANT` is \
               your own.",
        ..provider(known::MICROSOFT)
    },
    ProviderDeclaration {
        authorize: "https://miro.com/oauth/authorize",
        token: "https://api.miro.com/v1/oauth/token",
        profile: &[get("https://api.miro.com/v1/users/me")],
        scope: "identity:read",
        email: "/email",
        verified: Verified::If("/state = registered"),
        full_name: "/name",
        ..provider(known::MIRO)
    },
    ProviderDeclaration {
        authorize: "https://nid.naver.com/oauth2.0/authorize",
        token: "https://nid.naver.com/oauth2.0/token",
        profile: &[Fetch { part: "/response", ..get("https://openapi.naver.com/v1/nid/me") }],
        email: "/email",
        verified: Verified::Always,
        ..provider(known::NAVER)
    },
    ProviderDeclaration {
        options: &[("netiq_url", None), ("uid_field", Some("sub"))],
        authorize: "{+netiq_url}/nidp/oauth/nam/authz",
        token: "{+netiq_url}/nidp/oauth/nam/token",
        profile: &[get("{+netiq_url}/nidp/oauth/nam/userinfo")],
        scope: "openid profile email",
        uid: "/$uid_field",
        email: "/email",
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider(known::NETIQ)
    },
    ProviderDeclaration {
        options: &[("server", None)],
        authorize: "{+server}/apps/oauth2/authorize",
        token: "{+server}/apps/oauth2/api/v1/token",
        profile: &[Fetch {
            headers: &[("ocs-apirequest", "true")],
            part: "/ocs/data",
            ..get("{+server}/ocs/v1.php/cloud/users/{token/user_id}?format=json")
        }],
        scope: "read",
        email: "/email",
        username: "/displayname",
        ..provider(known::NEXTCLOUD)
    },
    ProviderDeclaration {
        authorize: "https://api.notion.com/v1/oauth/authorize",
        authorize_params: &[
            ("client_id", "{client_id}"),
            ("scope", "{scope}"),
            ("response_type", "code"),
            ("owner", "user"),
            ("state", "{state}"),
        ],
        token: "https://api.notion.com/v1/oauth/token",
        token_by: By::Json,
        token_params: &[("code", "{code}"), ("grant_type", "authorization_code")],
        basic_auth: true,
        uid: "user-{/owner/user/id}_workspace-{/workspace_id}",
        email: "/owner/user/person/email",
        full_name: "/owner/user/name",
        picture: "/owner/user/avatar_url",
        display: "{/owner/user/name} ({/workspace_name})",
        user: "/owner/user",
        ..provider(known::NOTION)
    },
    ProviderDeclaration {
        options: &[("okta_base_url", None), ("uid_field", Some("sub"))],
        authorize: "https://{+okta_base_url}/oauth2/v1/authorize",
        token: "https://{+okta_base_url}/oauth2/v1/token",
        profile: &[get("https://{+okta_base_url}/oauth2/v1/userinfo")],
        scope: "openid profile email offline_access",
        pkce: true,
        uid: "/$uid_field",
        email: "/email",
        verified: Verified::If("/email_verified"),
        username: "/preferred_username ~before(@)",
        first_name: "/given_name",
        last_name: "/family_name",
        note: "`OKTA_BASE_URL` is a host name, without `https://`.",
        ..provider(known::OKTA)
    },
    ProviderDeclaration {
        options: &[("uid_field", Some("sub"))],
        profile: &[get("")],
        id_token: Some(IdTokens { issuer: "", keys: "", exchanged: true, is_profile: false, renamed: &[] }),
        scope: "openid profile email",
        pkce: true,
        uid: "/$uid_field",
        email: "/email",
        verified: Verified::If("/email_verified"),
        username: "/preferred_username",
        full_name: "/name",
        first_name: "/given_name",
        last_name: "/family_name",
        note: "See above.",
        ..provider(KnownProvider { id: OPENID_CONNECT, name: "OpenID Connect", takes_tokens: true })
    },
    ProviderDeclaration {
        options: &[("base_domain", Some("orcid.org")), ("member_api", Some("false"))],
        words: &[
            Word { word: "api", when: Condition::Is("member_api", "true"), then: "api", otherwise: "pub" },
            Word {
                word: "member_token",
                when: Condition::Is("member_api", "true"),
                then: "{access_token}",
                otherwise: "",
            },
        ],
        authorize: "https://{+base_domain}/oauth/authorize",
        token: "https://{api}.{+base_domain}/oauth/token",
        profile: &[Fetch {
            params: &[("access_token", "{member_token}")],
            headers: &[("accept", "application/orcid+json")],
            ..get_inside("https://{api}.{+base_domain}/v3.0/{token/orcid}/record")
        }],
        scope: "/authenticate",
        uid: "/orcid-identifier/path",
        email: "/person/emails/email/0/email",
        first_name: "/person/name/given-names/value",
        last_name: "/person/name/family-name/value",
        ..provider(known::ORCID)
    },
    ProviderDeclaration {
        options: &[("version", Some("v1"))],
        words: &[
            Word {
                word: "scopes",
                when: Condition::Is("version", "v2"),
                then: "identity identity[email] campaigns campaigns.members",
                otherwise: "pledges-to-me users my-campaign",
            },
            Word {
                word: "me",
                when: Condition::Is("version", "v2"),
                then: "v2/identity?fields%5Buser%5D=email,first_name,full_name,last_name,vanity",
                otherwise: "api/current_user",
            },
        ],
        authorize: "https://www.patreon.com/oauth2/authorize",
        token: "https://www.patreon.com/api/oauth2/token",
        profile: &[Fetch { part: "/data", ..get("https://www.patreon.com/api/oauth2/{+me}") }],
        scope: "{scopes}",
        email: "/attributes/email",
        full_name: "/attributes/full_name",
        first_name: "/attributes/first_name",
        last_name: "/attributes/last_name",
        display: "/attributes/email",
        note: "With `v2` other scopes are usual: `identity`, `identity[email]`, `campaigns` and `campaigns.members`.",
        ..provider(known::PATREON)
    },
    ProviderDeclaration {
        options: &[("mode", Some("sandbox"))],
        words: &[Word {
            word: "host",
            when: Condition::Is("mode", "live"),
            then: "paypal.com",
            otherwise: "sandbox.paypal.com",
        }],
        authorize: "https://www.{+host}/webapps/auth/protocol/openidconnect/v1/authorize",
        token: "https://api.{+host}/v1/identity/openidconnect/tokenservice",
        profile: &[get("https://api.{+host}/v1/identity/openidconnect/userinfo?schema=openid")],
        scope: "openid email",
        uid: "/user_id",
        email: "/email",
        first_name: "/given_name",
        last_name: "/family_name",
        note: "`MODE` is `live` for real accounts.",
        ..provider(known::PAYPAL)
    },
    ProviderDeclaration {
        options: &[("pinterest_url", Some("api.pinterest.com")), ("api_version", Some("v5"))],
        authorize: "https://www.pinterest.com/oauth/",
        token: "https://{+pinterest_url}/{api_version}/oauth/token",
        basic_auth: true,
        profile: &[get("https://{+pinterest_url}/{api_version}/user_account")],
        scope: "user_accounts:read",
        username: "/username",
        ..provider(known::PINTEREST)
    },
    ProviderDeclaration {
        authorize: "https://login.questrade.com/oauth2/authorize",
        token: "https://login.questrade.com/oauth2/token",
        profile: &[get("{+token/api_server}/v1/accounts")],
        uid: "/userId",
        ..provider(known::QUESTRADE)
    },
    ProviderDeclaration {
        options: &[("sandbox", Some("false"))],
        words: &[Word {
            word: "host",
            when: Condition::Is("sandbox", "true"),
            then: "sandbox-accounts.platform.intuit.com",
            otherwise: "accounts.platform.intuit.com",
        }],
        authorize: "https://appcenter.intuit.com/connect/oauth2",
        token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        profile: &[get("https://{+host}/v1/openid_connect/userinfo")],
        scope: "openid com.intuit.quickbooks.accounting profile phone",
        email_scope: "email",
        uid: "/sub",
        email: "/email",
        first_name: "/givenName",
        last_name: "/familyName",
        ..provider(known::QUICKBOOKS)
    },
    ProviderDeclaration {
        options: &[("user_agent", Some("Vestibule"))],
        authorize: "https://www.reddit.com/api/v1/authorize",
        token: "https://www.reddit.com/api/v1/access_token",
        basic_auth: true,
        headers: &[("user-agent", "{user_agent}")],
        profile: &[get("https://oauth.reddit.com/api/v1/me")],
        scope: "identity",
        uid: "/id",
        username: "/name",
        note: "`USER_AGENT` should name your service, or Reddit limits it.",
        ..provider(known::REDDIT)
    },
    ProviderDeclaration {
        authorize: "https://www.robinhood.com/oauth2/authorize/",
        token: "https://api.robinhood.com/oauth2/token/",
        profile: &[get("https://api.robinhood.com/user/id/")],
        scope: "read",
        username: "/username",
        ..provider(known::ROBINHOOD)
    },
    ProviderDeclaration {
        authorize: "{+key}/services/oauth2/authorize",
        token: "{+key}/services/oauth2/token",
        profile: &[get("{+key}/services/oauth2/userinfo")],
        scope: "id openid",
        pkce: true,
        uid: "/user_id",
        email: "/email",
        verified: Verified::If("/email_verified"),
        username: "/preferred_username",
        first_name: "/given_name",
        last_name: "/family_name",
        note: "The app's `key` is where Salesforce is: `https://login.salesforce.com` or your own domain there.",
        ..provider(known::SALESFORCE)
    },
    ProviderDeclaration {
        options: &[
            ("subdomain", Some("secure")),
            ("apicp", Some("sharefile.com")),
            ("default_url", Some("https://secure.sharefile.com")),
        ],
        authorize: "{+default_url}/oauth/authorize",
        token: "https://{subdomain}.{+apicp}/oauth/token",
        profile: &[get("https://{subdomain}.sf-api.com/sf/v3/Users")],
        uid: "/Id",
        email: "/Email",
        username: "/Username",
        full_name: "/FullName",
        ..provider(known::SHAREFILE)
    },
    ProviderDeclaration {
        authorize: "https://slack.com/openid/connect/authorize",
        token: "https://slack.com/api/openid.connect.token",
        profile: &[Fetch {
            expect: &[("/ok", "true")],
            ..get("https://slack.com/api/openid.connect.userInfo")
        }],
        scope: "openid profile email",
        uid: "{/https:~1~1slack.com~1team_id}_{/https:~1~1slack.com~1user_id} | {/team/id}_{/user/id}",
        email: "/email | /user/email",
        verified: Verified::If("/email_verified"),
        full_name: "/user/name",
        ..provider(known::SLACK)
    },
    ProviderDeclaration {
        options: &[("query", Some("{ me { externalId displayName } }"))],
        authorize: "https://accounts.snapchat.com/accounts/oauth2/auth",
        token: "https://accounts.snapchat.com/accounts/oauth2/token",
        profile: &[Fetch {
            by: By::Json,
            params: &[("query", "{query}")],
            ..get("https://api.snapkit.com/v1/me")
        }],
        scope: "https://auth.snapchat.com/oauth2/api/user.external_id \
                https://auth.snapchat.com/oauth2/api/user.display_name",
        uid: "/data/me/externalId",
        full_name: "/data/me/displayName",
        user: "/data/me",
        ..provider(known::SNAPCHAT)
    },
    ProviderDeclaration {
        authorize: "https://soundcloud.com/connect",
        token: "https://api.soundcloud.com/oauth2/token",
        profile: &[Fetch {
            authorization: Authorization::Token("OAuth"),
            ..get("https://api.soundcloud.com/me.json")
        }],
        uid: "/urn",
        email: "/email",
        username: "/username",
        full_name: "/full_name",
        ..provider(known::SOUNDCLOUD)
    },
    ProviderDeclaration {
        authorize: "https://accounts.spotify.com/authorize",
        token: "https://accounts.spotify.com/api/token",
        profile: &[get("https://api.spotify.com/v1/me")],
        email_scope: "user-read-email",
        pkce: true,
        email: "/email",
        full_name: "/display_name",
        ..provider(known::SPOTIFY)
    },
    ProviderDeclaration {
        options: &[("site", Some("stackoverflow"))],
        authorize: "https://stackexchange.com/oauth",
        token: "https://stackexchange.com/oauth/access_token",
        profile: &[Fetch {
            params: &[("access_token", "{access_token}"), ("key", "{key}"), ("site", "{site}")],
            part: "/items/0",
            ..get_inside("https://api.stackexchange.com/2.1/me")
        }],
        uid: "/account_id",
        username: "/display_name",
        ..provider(known::STACKEXCHANGE)
    },
    ProviderDeclaration {
        authorize: "https://api.stocktwits.com/api/2/oauth/authorize",
        token: "https://api.stocktwits.com/api/2/oauth/token",
        profile: &[get_inside("https://api.stocktwits.com/api/2/streams/user/{token/user_id}.json")],
        delimiter: ",",
        uid: "/user/id",
        full_name: "/user/name",
        user: "/user",
        ..provider(known::STOCKTWITS)
    },
    ProviderDeclaration {
        authorize: "https://www.strava.com/oauth/authorize",
        token: "https://www.strava.com/oauth/token",
        profile: &[get("https://www.strava.com/api/v3/athlete")],
        scope: "read,activity:read",
        email: "/email",
        username: "/username",
        full_name: "{/firstname} {/lastname} | /firstname | /lastname",
        first_name: "/firstname",
        last_name: "/lastname",
        ..provider(known::STRAVA)
    },
    ProviderDeclaration {
        authorize: "https://connect.stripe.com/oauth/authorize",
        token: "https://connect.stripe.com/oauth/token",
        profile: &[get("https://api.stripe.com/v1/accounts/{token/stripe_user_id}")],
        scope: "read_only",
        email: "/email",
        full_name: "/display_name",
        display: "{/email} ({/business_name}) | /email",
        ..provider(known::STRIPE)
    },
    ProviderDeclaration {
        words: &[Word {
            word: "more_fields",
            when: Condition::Scope("user.info.profile"),
            then: ",username,profile_deep_link",
            otherwise: "",
        }],
        authorize: "https://www.tiktok.com/v2/auth/authorize/",
        authorize_params: &[
            ("client_key", "{client_id}"),
            ("redirect_uri", "{redirect_uri}"),
            ("scope", "{scope}"),
            ("response_type", "code"),
            ("state", "{state}"),
        ],
        token: "https://open.tiktokapis.com/v2/oauth/token/",
        token_params: &[
            ("client_key", "{client_id}"),
            ("client_secret", "{client_secret}"),
            ("grant_type", "authorization_code"),
            ("code", "{code}"),
            ("redirect_uri", "{redirect_uri}"),
        ],
        profile: &[Fetch {
            params: &[("fields", "open_id,display_name,avatar_url{more_fields}")],
            headers: &[("client-id", "{client_id}")],
            part: "/data/user",
            ..get("https://open.tiktokapis.com/v2/user/info/")
        }],
        scope: "user.info.basic user.info.profile",
        delimiter: ",",
        uid: "/open_id",
        username: "/username | /display_name",
        full_name: "/display_name",
        ..provider(known::TIKTOK)
    },
    ProviderDeclaration {
        options: &[("use_production", Some("false"))],
        words: &[Word {
            word: "host",
            when: Condition::Is("use_production", "true"),
            then: "trainingpeaks.com",
            otherwise: "sandbox.trainingpeaks.com",
        }],
        authorize: "https://oauth.{+host}/OAuth/Authorize",
        token: "https://oauth.{+host}/oauth/token",
        profile: &[get("https://api.{+host}/v1/athlete/profile")],
        scope: "athlete:profile",
        uid: "/Id",
        email: "/Email",
        username: "/username | {/FirstName ~lower}.{/LastName ~lower}",
        full_name: "{/FirstName} {/LastName}",
        first_name: "/FirstName",
        last_name: "/LastName",
        ..provider(known::TRAININGPEAKS)
    },
    ProviderDeclaration {
        authorize: "https://www.tumblr.com/oauth2/authorize",
        token: "https://api.tumblr.com/v2/oauth2/token",
        profile: &[Fetch { part: "/response/user", ..get("https://api.tumblr.com/v2/user/info") }],
        scope: "read",
        uid: "/blogs/[primary]/uuid",
        first_name: "/name",
        ..provider(known::TUMBLR_OAUTH2)
    },
    ProviderDeclaration {
        authorize: "https://api.23andme.com/authorize",
        token: "https://api.23andme.com/token",
        profile: &[get("https://api.23andme.com/1/user/")],
        scope: "basic",
        email: "/email",
        ..provider(known::TWENTYTHREEANDME)
    },
    ProviderDeclaration {
        authorize: "https://id.twitch.tv/oauth2/authorize",
        token: "https://id.twitch.tv/oauth2/token",
        profile: &[Fetch {
            headers: &[("client-id", "{client_id}")],
            part: "/data/0",
            ..get("https://api.twitch.tv/helix/users")
        }],
        scope: "user:read:email",
        email: "/email",
        username: "/login",
        full_name: "/display_name",
        display: "/login",
        ..provider(known::TWITCH)
    },
    ProviderDeclaration {
        options: &[("fields", Some("id,name,username,verified,profile_image_url,created_at"))],
        authorize: "https://x.com/i/oauth2/authorize",
        token: "https://api.x.com/2/oauth2/token",
        basic_auth: true,
        profile: &[Fetch {
            params: &[("user.fields", "{fields}")],
            part: "/data",
            ..get("https://api.x.com/2/users/me")
        }],
        scope: "users.read tweet.read",
        pkce: true,
        username: "/username",
        full_name: "/name",
        ..provider(known::TWITTER_OAUTH2)
    },
    ProviderDeclaration {
        options: &[("user_agent", Some("Vestibule"))],
        authorize: "https://untappd.com/oauth/authenticate/",
        authorize_params: &[
            ("client_id", "{client_id}"),
            ("redirect_url", "{redirect_uri}"),
            ("response_type", "code"),
            ("state", "{state}"),
        ],
        token: "https://untappd.com/oauth/authorize/",
        token_by: By::Get,
        token_params: &[
            ("client_id", "{client_id}"),
            ("client_secret", "{client_secret}"),
            ("response_type", "code"),
            ("grant_type", "authorization_code"),
            ("redirect_url", "{redirect_uri}"),
            ("code", "{code}"),
        ],
        access_token: "/response/access_token",
        headers: &[("user-agent", "{user_agent}")],
        profile: &[get_inside("https://api.untappd.com/v4/user/info/?access_token={access_token}")],
        uid: "/response/user/uid",
        email: "/response/user/settings/email_address",
        verified: Verified::Always,
        username: "/response/user/user_name",
        full_name: "{/response/user/first_name} {/response/user/last_name}",
        user: "/response/user",
        ..provider(known::UNTAPPD)
    },
    ProviderDeclaration {
        authorize: "https://api.vimeo.com/oauth/authorize",
        token: "https://api.vimeo.com/oauth/access_token",
        profile: &[get("https://api.vimeo.com/me/")],
        scope: "public private",
        uid: "/uri ~last(/)",
        full_name: "/name",
        ..provider(known::VIMEO_OAUTH2)
    },
    ProviderDeclaration {
        authorize: "https://id.vk.ru/authorize",
        token: "https://id.vk.ru/oauth2/auth",
        token_params: &[
            ("grant_type", "authorization_code"),
            ("code", "{code}"),
            ("redirect_uri", "{redirect_uri}"),
            ("client_id", "{client_id}"),
            ("client_secret", "{client_secret}"),
            ("device_id", "{device_id}"),
            ("state", "{state}"),
        ],
        profile: &[Fetch {
            by: By::Form,
            params: &[("access_token", "{access_token}"), ("client_id", "{client_id}")],
            part: "/user",
            ..get_inside("https://id.vk.ru/oauth2/user_info")
        }],
        email_scope: "email",
        pkce: true,
        uid: "/user_id",
        email: "/email",
        username: "/screen_name",
        first_name: "/first_name",
        last_name: "/last_name",
        phone: "/phone",
        ..provider(known::VK)
    },
    ProviderDeclaration {
        authorize: "https://api.wahooligan.com/oauth/authorize",
        token: "https://api.wahooligan.com/oauth/token",
        profile: &[get("https://api.wahooligan.com/v1/user")],
        scope: "user_read",
        email_scope: "email",
        email: "/email",
        first_name: "/first",
        last_name: "/last",
        ..provider(known::WAHOO)
    },
    ProviderDeclaration {
        authorize: "https://api.weibo.com/oauth2/authorize",
        token: "https://api.weibo.com/oauth2/access_token",
        profile: &[Fetch {
            params: &[("access_token", "{access_token}"), ("uid", "{token/uid}")],
            ..get_inside("https://api.weibo.com/2/users/show.json")
        }],
        uid: "/idstr",
        username: "/screen_name",
        full_name: "/name",
        ..provider(known::WEIBO)
    },
    ProviderDeclaration {
        options: &[("authorize_url", Some("https://open.weixin.qq.com/connect/qrconnect"))],
        authorize: "{+authorize_url}",
        authorize_params: &[
            ("appid", "{client_id}"),
            ("redirect_uri", "{redirect_uri}"),
            ("response_type", "code"),
            ("scope", "{scope}"),
            ("state", "{state}"),
        ],
        token: "https://api.weixin.qq.com/sns/oauth2/access_token",
        token_params: &[
            ("appid", "{client_id}"),
            ("secret", "{client_secret}"),
            ("grant_type", "authorization_code"),
            ("code", "{code}"),
        ],
        profile: &[Fetch {
            params: &[("access_token", "{access_token}"), ("openid", "{token/openid}")],
            ..get_inside("https://api.weixin.qq.com/sns/userinfo")
        }],
        scope: "snsapi_login",
        uid: "/openid",
        username: "/nickname",
        full_name: "/nickname",
        display: "/nickname",
        ..provider(known::WEIXIN)
    },
    ProviderDeclaration {
        authorize: "https://login.live.com/oauth20_authorize.srf",
        token: "https://login.live.com/oauth20_token.srf",
        profile: &[get("https://apis.live.net/v5.0/me")],
        scope: "wl.basic wl.emails",
        email: "/emails/preferred",
        first_name: "/first_name",
        last_name: "/last_name",
        display: "/emails/preferred",
        ..provider(known::WINDOWSLIVE)
    },
    ProviderDeclaration {
        authorize: "https://api.login.yahoo.com/oauth2/request_auth",
        token: "https://api.login.yahoo.com/oauth2/get_token",
        profile: &[get("https://api.login.yahoo.com/openid/v1/userinfo")],
        scope: "profile email",
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/email_verified"),
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider(known::YAHOO)
    },
    ProviderDeclaration {
        authorize: "https://oauth.yandex.com/authorize",
        token: "https://oauth.yandex.ru/token",
        profile: &[Fetch {
            authorization: Authorization::Token("OAuth"),
            ..get("https://login.yandex.ru/info?format=json")
        }],
        scope: "login:info",
        email_scope: "login:email",
        email: "/default_email | /emails/0",
        verified: Verified::Always,
        username: "/display_name",
        first_name: "/first_name",
        last_name: "/last_name",
        display: "/default_email",
        ..provider(known::YANDEX)
    },
    ProviderDeclaration {
        authorize: "https://app.youneedabudget.com/oauth/authorize",
        token: "https://app.youneedabudget.com/oauth/token",
        profile: &[get("https://api.youneedabudget.com/v1/user")],
        scope: "read-only",
        uid: "/data/user/id",
        ..provider(known::YNAB)
    },
    ProviderDeclaration {
        authorize: "https://accounts.zoho.com/oauth/v2/auth",
        token: "https://accounts.zoho.com/oauth/v2/token",
        profile: &[get("https://accounts.zoho.com/oauth/user/info")],
        scope: "aaaserver.profile.READ",
        uid: "/ZUID",
        email: "/Email",
        username: "/Display_Name",
        first_name: "/First_Name",
        last_name: "/Last_Name",
        ..provider(known::ZOHO)
    },
    ProviderDeclaration {
        authorize: "https://zoom.us/oauth/authorize",
        token: "https://zoom.us/oauth/token",
        profile: &[get("https://api.zoom.us/v2/users/me")],
        pkce: true,
        email: "/email",
        // Zoom says it as a number.
        verified: Verified::If("/verified = 1"),
        first_name: "/first_name",
        last_name: "/last_name",
        ..provider(known::ZOOM)
    },
];

//! Providers, A to D.

use crate::providers::declaration::{
    Authorization, By, Fetch, IdTokens, Only, Provider, Secrets, Verified, When, Word, get, get_inside,
    provider,
};

pub const PROVIDERS: &[Provider] = &[
    Provider {
        authorize: "https://www.amazon.com/ap/oa",
        token: "https://api.amazon.com/auth/o2/token",
        profile: &[get("https://api.amazon.com/user/profile")],
        scope: "profile",
        uid: "/user_id | /Profile/CustomerId",
        email: "/email | /Profile/PrimaryEmail",
        full_name: "/name | /Profile/Name",
        display: "/email | /Profile/PrimaryEmail | /Profile/Name",
        ..provider("amazon", "Amazon")
    },
    Provider {
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
        ..provider("amazon_cognito", "Amazon Cognito")
    },
    Provider {
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
        ..provider("apple", "Apple")
    },
    Provider {
        authorize: "https://app.asana.com/-/oauth_authorize",
        token: "https://app.asana.com/-/oauth_token",
        profile: &[Fetch { part: "/data", ..get("https://app.asana.com/api/1.0/users/me") }],
        uid: "/gid | /id",
        email: "/email",
        full_name: "/name",
        ..provider("asana", "Asana")
    },
    Provider {
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
        ..provider("atlassian", "Atlassian")
    },
    Provider {
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
        ..provider("auth0", "Auth0")
    },
    Provider {
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
        ..provider("authentiq", "Authentiq")
    },
    Provider {
        authorize: "https://openapi.baidu.com/oauth/2.0/authorize",
        token: "https://openapi.baidu.com/oauth/2.0/token",
        profile: &[get_inside(
            "https://openapi.baidu.com/rest/2.0/passport/users/getLoggedInUser?access_token={access_token}",
        )],
        uid: "/uid",
        username: "/uid",
        full_name: "/uname",
        display: "/uname",
        ..provider("baidu", "Baidu")
    },
    Provider {
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
        ..provider("basecamp", "Basecamp")
    },
    Provider {
        options: &[("region", Some("us"))],
        words: &[
            Word {
                word: "host",
                when: When::Is("region", "cn"),
                then: "oauth.battlenet.com.cn",
                otherwise: "oauth.battle.net",
            },
            // The accounts of China are others, and can have the same numbers.
            Word { word: "suffix", when: When::Is("region", "cn"), then: "-cn", otherwise: "" },
        ],
        authorize: "https://{+host}/authorize",
        token: "https://{+host}/token",
        profile: &[get("https://{+host}/userinfo")],
        uid: "{/id}{suffix}",
        username: "/battletag",
        display: "/battletag",
        note: "The settings determine the region; allauth lets a browser choose.",
        ..provider("battlenet", "Battle.net")
    },
    Provider {
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
        ..provider("bitbucket_oauth2", "Bitbucket")
    },
    Provider {
        authorize: "https://account.box.com/api/oauth2/authorize",
        token: "https://api.box.com/oauth2/token",
        profile: &[get("https://api.box.com/2.0/users/me")],
        email: "/email",
        full_name: "/display_name",
        ..provider("box", "Box")
    },
    Provider {
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
        ..provider("cilogon", "CILogon")
    },
    Provider {
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
        ..provider("clever", "Clever")
    },
    Provider {
        authorize: "https://www.coinbase.com/oauth/authorize",
        token: "https://www.coinbase.com/oauth/token",
        profile: &[get("https://api.coinbase.com/v2/user")],
        scope: "wallet:user:email",
        uid: "/id | /data/id",
        email: "/email | /data/email",
        display: "/username | /email | /data/username | /data/email | /data/name",
        ..provider("coinbase", "Coinbase")
    },
    Provider {
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
        ..provider("dataporten", "Dataporten")
    },
    Provider {
        authorize: "https://apis.daum.net/oauth2/authorize",
        token: "https://apis.daum.net/oauth2/token",
        profile: &[Fetch {
            part: "/result",
            ..get_inside("https://apis.daum.net/user/v1/show.json?access_token={access_token}")
        }],
        ..provider("Daum", "Daum")
    },
    Provider {
        authorize: "https://cloud.digitalocean.com/v1/oauth/authorize",
        token: "https://cloud.digitalocean.com/v1/oauth/token",
        profile: &[get("https://api.digitalocean.com/v2/account")],
        uid: "/account/uuid",
        email: "/account/email",
        user: "/account",
        ..provider("digitalocean", "DigitalOcean")
    },
    Provider {
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
        ..provider("dingtalk", "DingTalk")
    },
    Provider {
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
        ..provider("discord", "Discord")
    },
    Provider {
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
        ..provider("disqus", "Disqus")
    },
    Provider {
        authorize: "https://www.douban.com/service/auth2/auth",
        token: "https://www.douban.com/service/auth2/token",
        profile: &[get("https://api.douban.com/v2/user/~me")],
        username: "/id",
        first_name: "/name",
        ..provider("douban", "Douban")
    },
    Provider {
        authorize: "https://auth.doximity.com/oauth/authorize",
        token: "https://auth.doximity.com/oauth/token",
        profile: &[get("https://www.doximity.com/api/v1/users/current")],
        scope: "basic email",
        email: "/email",
        username: "/email",
        full_name: "/full_name",
        first_name: "/firstname",
        last_name: "/lastname",
        ..provider("doximity", "Doximity")
    },
    Provider {
        authorize: "https://www.dropbox.com/oauth2/authorize",
        token: "https://api.dropbox.com/oauth2/token",
        profile: &[Fetch { by: By::Form, ..get("https://api.dropbox.com/2/users/get_current_account") }],
        pkce: true,
        uid: "/account_id",
        email: "/email",
        full_name: "/name/display_name",
        ..provider("dropbox", "Dropbox")
    },
    Provider {
        words: &[Word {
            word: "host",
            when: When::Is("environment", "sandbox"),
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
        ..provider("dwolla", "Dwolla")
    },
];

//! Providers, M to S.

use crate::providers::declaration::{
    Authorization, By, Fetch, IdTokens, Provider, Verified, When, Word, get, get_inside, provider,
};

pub const PROVIDERS: &[Provider] = &[
    Provider {
        authorize: "https://login.mailchimp.com/oauth2/authorize",
        token: "https://login.mailchimp.com/oauth2/token",
        profile: &[Fetch {
            authorization: Authorization::Token("OAuth"),
            ..get("https://login.mailchimp.com/oauth2/metadata")
        }],
        uid: "/user_id",
        display: "/login/login_email | /login/email",
        ..provider("mailchimp", "MailChimp")
    },
    Provider {
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
        ..provider("mediawiki", "MediaWiki")
    },
    Provider {
        authorize: "https://secure.meetup.com/oauth2/authorize",
        token: "https://secure.meetup.com/oauth2/access",
        profile: &[get("https://api.meetup.com/2/member/self")],
        email: "/email",
        full_name: "/name",
        ..provider("meetup", "Meetup")
    },
    Provider {
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
        ..provider("microsoft", "Microsoft")
    },
    Provider {
        authorize: "https://miro.com/oauth/authorize",
        token: "https://api.miro.com/v1/oauth/token",
        profile: &[get("https://api.miro.com/v1/users/me")],
        scope: "identity:read",
        email: "/email",
        verified: Verified::If("/state = registered"),
        full_name: "/name",
        ..provider("miro", "Miro")
    },
    Provider {
        authorize: "https://nid.naver.com/oauth2.0/authorize",
        token: "https://nid.naver.com/oauth2.0/token",
        profile: &[Fetch { part: "/response", ..get("https://openapi.naver.com/v1/nid/me") }],
        email: "/email",
        verified: Verified::Always,
        ..provider("naver", "Naver")
    },
    Provider {
        options: &[("netiq_url", None), ("uid_field", Some("sub"))],
        authorize: "{+netiq_url}/nidp/oauth/nam/authz",
        token: "{+netiq_url}/nidp/oauth/nam/token",
        profile: &[get("{+netiq_url}/nidp/oauth/nam/userinfo")],
        scope: "openid profile email",
        uid: "/$uid_field",
        email: "/email",
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider("netiq", "NetIQ")
    },
    Provider {
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
        ..provider("nextcloud", "NextCloud")
    },
    Provider {
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
        display: "{/owner/user/name} ({/workspace_name})",
        user: "/owner/user",
        ..provider("notion", "Notion")
    },
    Provider {
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
        ..provider("okta", "Okta")
    },
    Provider {
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
        ..provider("openid_connect", "OpenID Connect")
    },
    Provider {
        options: &[("base_domain", Some("orcid.org")), ("member_api", Some("false"))],
        words: &[
            Word { word: "api", when: When::Is("member_api", "true"), then: "api", otherwise: "pub" },
            Word {
                word: "member_token",
                when: When::Is("member_api", "true"),
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
        ..provider("orcid", "Orcid.org")
    },
    Provider {
        options: &[("version", Some("v1"))],
        words: &[
            Word {
                word: "scopes",
                when: When::Is("version", "v2"),
                then: "identity identity[email] campaigns campaigns.members",
                otherwise: "pledges-to-me users my-campaign",
            },
            Word {
                word: "me",
                when: When::Is("version", "v2"),
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
        ..provider("patreon", "Patreon")
    },
    Provider {
        options: &[("mode", Some("sandbox"))],
        words: &[Word {
            word: "host",
            when: When::Is("mode", "live"),
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
        ..provider("paypal", "Paypal")
    },
    Provider {
        options: &[("pinterest_url", Some("api.pinterest.com")), ("api_version", Some("v5"))],
        authorize: "https://www.pinterest.com/oauth/",
        token: "https://{+pinterest_url}/{api_version}/oauth/token",
        basic_auth: true,
        profile: &[get("https://{+pinterest_url}/{api_version}/user_account")],
        scope: "user_accounts:read",
        username: "/username",
        ..provider("pinterest", "Pinterest")
    },
    Provider {
        authorize: "https://login.questrade.com/oauth2/authorize",
        token: "https://login.questrade.com/oauth2/token",
        profile: &[get("{+token/api_server}/v1/accounts")],
        uid: "/userId",
        ..provider("questrade", "Questrade")
    },
    Provider {
        options: &[("sandbox", Some("false"))],
        words: &[Word {
            word: "host",
            when: When::Is("sandbox", "true"),
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
        ..provider("quickbooks", "QuickBooks")
    },
    Provider {
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
        ..provider("reddit", "Reddit")
    },
    Provider {
        authorize: "https://www.robinhood.com/oauth2/authorize/",
        token: "https://api.robinhood.com/oauth2/token/",
        profile: &[get("https://api.robinhood.com/user/id/")],
        scope: "read",
        username: "/username",
        ..provider("robinhood", "Robinhood")
    },
    Provider {
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
        ..provider("salesforce", "Salesforce")
    },
    Provider {
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
        ..provider("sharefile", "ShareFile")
    },
    Provider {
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
        ..provider("slack", "Slack")
    },
    Provider {
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
        ..provider("snapchat", "Snapchat")
    },
    Provider {
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
        ..provider("soundcloud", "SoundCloud")
    },
    Provider {
        authorize: "https://accounts.spotify.com/authorize",
        token: "https://accounts.spotify.com/api/token",
        profile: &[get("https://api.spotify.com/v1/me")],
        email_scope: "user-read-email",
        pkce: true,
        email: "/email",
        full_name: "/display_name",
        ..provider("spotify", "Spotify")
    },
    Provider {
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
        ..provider("stackexchange", "Stack Exchange")
    },
    Provider {
        authorize: "https://api.stocktwits.com/api/2/oauth/authorize",
        token: "https://api.stocktwits.com/api/2/oauth/token",
        profile: &[get_inside("https://api.stocktwits.com/api/2/streams/user/{token/user_id}.json")],
        delimiter: ",",
        uid: "/user/id",
        full_name: "/user/name",
        user: "/user",
        ..provider("stocktwits", "Stocktwits")
    },
    Provider {
        authorize: "https://www.strava.com/oauth/authorize",
        token: "https://www.strava.com/oauth/token",
        profile: &[get("https://www.strava.com/api/v3/athlete")],
        scope: "read,activity:read",
        email: "/email",
        username: "/username",
        full_name: "{/firstname} {/lastname} | /firstname | /lastname",
        first_name: "/firstname",
        last_name: "/lastname",
        ..provider("strava", "Strava")
    },
    Provider {
        authorize: "https://connect.stripe.com/oauth/authorize",
        token: "https://connect.stripe.com/oauth/token",
        profile: &[get("https://api.stripe.com/v1/accounts/{token/stripe_user_id}")],
        scope: "read_only",
        email: "/email",
        full_name: "/display_name",
        display: "{/email} ({/business_name}) | /email",
        ..provider("stripe", "Stripe")
    },
];

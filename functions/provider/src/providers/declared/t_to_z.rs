//! Providers, T to Z.

use crate::providers::declaration::{
    Authorization, By, Fetch, Provider, Verified, When, Word, get, get_inside, provider,
};

pub const PROVIDERS: &[Provider] = &[
    Provider {
        words: &[Word {
            word: "more_fields",
            when: When::Scope("user.info.profile"),
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
        ..provider("tiktok", "TikTok")
    },
    Provider {
        options: &[("use_production", Some("false"))],
        words: &[Word {
            word: "host",
            when: When::Is("use_production", "true"),
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
        ..provider("trainingpeaks", "TrainingPeaks")
    },
    Provider {
        authorize: "https://www.tumblr.com/oauth2/authorize",
        token: "https://api.tumblr.com/v2/oauth2/token",
        profile: &[Fetch { part: "/response/user", ..get("https://api.tumblr.com/v2/user/info") }],
        scope: "read",
        uid: "/blogs/[primary]/uuid",
        first_name: "/name",
        ..provider("tumblr_oauth2", "Tumblr")
    },
    Provider {
        authorize: "https://api.23andme.com/authorize",
        token: "https://api.23andme.com/token",
        profile: &[get("https://api.23andme.com/1/user/")],
        scope: "basic",
        email: "/email",
        ..provider("twentythreeandme", "23andMe")
    },
    Provider {
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
        ..provider("twitch", "Twitch")
    },
    Provider {
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
        ..provider("twitter_oauth2", "X")
    },
    Provider {
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
        ..provider("untappd", "Untappd")
    },
    Provider {
        authorize: "https://api.vimeo.com/oauth/authorize",
        token: "https://api.vimeo.com/oauth/access_token",
        profile: &[get("https://api.vimeo.com/me/")],
        scope: "public private",
        uid: "/uri ~last(/)",
        full_name: "/name",
        ..provider("vimeo_oauth2", "Vimeo")
    },
    Provider {
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
        ..provider("vk", "VK")
    },
    Provider {
        authorize: "https://api.wahooligan.com/oauth/authorize",
        token: "https://api.wahooligan.com/oauth/token",
        profile: &[get("https://api.wahooligan.com/v1/user")],
        scope: "user_read",
        email_scope: "email",
        email: "/email",
        first_name: "/first",
        last_name: "/last",
        ..provider("wahoo", "Wahoo")
    },
    Provider {
        authorize: "https://api.weibo.com/oauth2/authorize",
        token: "https://api.weibo.com/oauth2/access_token",
        profile: &[Fetch {
            params: &[("access_token", "{access_token}"), ("uid", "{token/uid}")],
            ..get_inside("https://api.weibo.com/2/users/show.json")
        }],
        uid: "/idstr",
        username: "/screen_name",
        full_name: "/name",
        ..provider("weibo", "Weibo")
    },
    Provider {
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
        ..provider("weixin", "Weixin")
    },
    Provider {
        authorize: "https://login.live.com/oauth20_authorize.srf",
        token: "https://login.live.com/oauth20_token.srf",
        profile: &[get("https://apis.live.net/v5.0/me")],
        scope: "wl.basic wl.emails",
        email: "/emails/preferred",
        first_name: "/first_name",
        last_name: "/last_name",
        display: "/emails/preferred",
        ..provider("windowslive", "Live")
    },
    Provider {
        authorize: "https://api.login.yahoo.com/oauth2/request_auth",
        token: "https://api.login.yahoo.com/oauth2/get_token",
        profile: &[get("https://api.login.yahoo.com/openid/v1/userinfo")],
        scope: "profile email",
        uid: "/sub",
        email: "/email",
        verified: Verified::If("/email_verified"),
        first_name: "/given_name",
        last_name: "/family_name",
        ..provider("yahoo", "Yahoo")
    },
    Provider {
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
        ..provider("yandex", "Yandex")
    },
    Provider {
        authorize: "https://app.youneedabudget.com/oauth/authorize",
        token: "https://app.youneedabudget.com/oauth/token",
        profile: &[get("https://api.youneedabudget.com/v1/user")],
        scope: "read-only",
        uid: "/data/user/id",
        ..provider("ynab", "YNAB")
    },
    Provider {
        authorize: "https://accounts.zoho.com/oauth/v2/auth",
        token: "https://accounts.zoho.com/oauth/v2/token",
        profile: &[get("https://accounts.zoho.com/oauth/user/info")],
        scope: "aaaserver.profile.READ",
        uid: "/ZUID",
        email: "/Email",
        username: "/Display_Name",
        first_name: "/First_Name",
        last_name: "/Last_Name",
        ..provider("zoho", "Zoho")
    },
    Provider {
        authorize: "https://zoom.us/oauth/authorize",
        token: "https://zoom.us/oauth/token",
        profile: &[get("https://api.zoom.us/v2/users/me")],
        pkce: true,
        email: "/email",
        // Zoom says it as a number.
        verified: Verified::If("/verified = 1"),
        first_name: "/first_name",
        last_name: "/last_name",
        ..provider("zoom", "Zoom")
    },
];

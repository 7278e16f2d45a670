//! The services that allauth has by name: what the API says of each. What they speak is the business of the function
//! `provider`, which has a declaration for every one of them.

/// Any service that speaks OpenID Connect, by where it describes itself.
pub const OPENID_CONNECT: &str = "openid_connect";
/// The provider that believes whatever it is told.
pub const DUMMY: &str = "dummy";

/// A service with a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProvider {
    /// allauth's id of it, as `SOCIALACCOUNT_PROVIDERS` has it.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Whether clients can bring a token that they got there themselves.
    pub takes_tokens: bool,
}

impl KnownProvider {
    /// What it is called in the path of its callback, `/accounts/<slug>/login/callback/`.
    pub const fn slug(&self) -> &'static str {
        match self.id.as_bytes() {
            b"amazon_cognito" => "amazon-cognito",
            b"twentythreeandme" => "23andme",
            _ => self.id,
        }
    }
}

const fn redirect_only(id: &'static str, name: &'static str) -> KnownProvider {
    KnownProvider { id, name, takes_tokens: false }
}

const fn with_tokens(id: &'static str, name: &'static str) -> KnownProvider {
    KnownProvider { id, name, takes_tokens: true }
}

/// All of them.
pub const KNOWN_PROVIDERS: &[KnownProvider] = &[
    redirect_only("amazon", "Amazon"),
    redirect_only("amazon_cognito", "Amazon Cognito"),
    with_tokens("apple", "Apple"),
    redirect_only("asana", "Asana"),
    redirect_only("atlassian", "Atlassian"),
    redirect_only("auth0", "Auth0"),
    redirect_only("authentiq", "Authentiq"),
    redirect_only("baidu", "Baidu"),
    redirect_only("basecamp", "Basecamp"),
    redirect_only("battlenet", "Battle.net"),
    redirect_only("bitbucket_oauth2", "Bitbucket"),
    redirect_only("box", "Box"),
    redirect_only("cilogon", "CILogon"),
    redirect_only("clever", "Clever"),
    redirect_only("coinbase", "Coinbase"),
    redirect_only("dataporten", "Dataporten"),
    redirect_only("Daum", "Daum"),
    redirect_only("digitalocean", "DigitalOcean"),
    redirect_only("dingtalk", "DingTalk"),
    redirect_only("discord", "Discord"),
    redirect_only("disqus", "Disqus"),
    redirect_only("douban", "Douban"),
    redirect_only("doximity", "Doximity"),
    redirect_only("dropbox", "Dropbox"),
    redirect_only("dwolla", "Dwolla"),
    redirect_only("edmodo", "Edmodo"),
    redirect_only("edx", "Edx"),
    redirect_only("eventbrite", "Eventbrite"),
    redirect_only("eveonline", "EVE Online"),
    with_tokens("facebook", "Facebook"),
    redirect_only("feedly", "Feedly"),
    redirect_only("feishu", "feishu"),
    redirect_only("figma", "Figma"),
    redirect_only("foursquare", "Foursquare"),
    redirect_only("frontier", "Frontier"),
    redirect_only("fxa", "Firefox Accounts"),
    redirect_only("gitea", "Gitea"),
    redirect_only("github", "GitHub"),
    redirect_only("gitlab", "GitLab"),
    redirect_only("globus", "Globus"),
    with_tokens("google", "Google"),
    redirect_only("gumroad", "Gumroad"),
    redirect_only("hubspot", "Hubspot"),
    redirect_only("instagram", "Instagram"),
    redirect_only("kakao", "Kakao"),
    redirect_only("lemonldap", "LemonLDAP::NG"),
    redirect_only("lichess", "Lichess"),
    redirect_only("line", "Line"),
    redirect_only("linkedin_oauth2", "LinkedIn"),
    redirect_only("mailchimp", "MailChimp"),
    redirect_only("mediawiki", "MediaWiki"),
    redirect_only("meetup", "Meetup"),
    redirect_only("microsoft", "Microsoft"),
    redirect_only("miro", "Miro"),
    redirect_only("naver", "Naver"),
    redirect_only("netiq", "NetIQ"),
    redirect_only("nextcloud", "NextCloud"),
    redirect_only("notion", "Notion"),
    redirect_only("okta", "Okta"),
    redirect_only("orcid", "Orcid.org"),
    redirect_only("patreon", "Patreon"),
    redirect_only("paypal", "Paypal"),
    redirect_only("pinterest", "Pinterest"),
    redirect_only("questrade", "Questrade"),
    redirect_only("quickbooks", "QuickBooks"),
    redirect_only("reddit", "Reddit"),
    redirect_only("robinhood", "Robinhood"),
    redirect_only("salesforce", "Salesforce"),
    redirect_only("sharefile", "ShareFile"),
    redirect_only("slack", "Slack"),
    redirect_only("snapchat", "Snapchat"),
    redirect_only("soundcloud", "SoundCloud"),
    redirect_only("spotify", "Spotify"),
    redirect_only("stackexchange", "Stack Exchange"),
    redirect_only("stocktwits", "Stocktwits"),
    redirect_only("strava", "Strava"),
    redirect_only("stripe", "Stripe"),
    redirect_only("tiktok", "TikTok"),
    redirect_only("trainingpeaks", "TrainingPeaks"),
    redirect_only("tumblr_oauth2", "Tumblr"),
    redirect_only("twentythreeandme", "23andMe"),
    redirect_only("twitch", "Twitch"),
    redirect_only("twitter_oauth2", "X"),
    redirect_only("untappd", "Untappd"),
    redirect_only("vimeo_oauth2", "Vimeo"),
    redirect_only("vk", "VK"),
    redirect_only("wahoo", "Wahoo"),
    redirect_only("weibo", "Weibo"),
    redirect_only("weixin", "Weixin"),
    redirect_only("windowslive", "Live"),
    redirect_only("yahoo", "Yahoo"),
    redirect_only("yandex", "Yandex"),
    redirect_only("ynab", "YNAB"),
    redirect_only("zoho", "Zoho"),
    redirect_only("zoom", "Zoom"),
];

/// The service of that id.
pub fn known_provider(id: &str) -> Option<&'static KnownProvider> {
    KNOWN_PROVIDERS.iter().find(|known| known.id == id)
}

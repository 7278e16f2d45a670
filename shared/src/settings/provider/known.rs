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

macro_rules! known {
    ($($constant:ident = $flow:ident($id:literal, $name:literal);)*) => {
        $(
            #[doc = concat!($name, ".")]
            pub const $constant: KnownProvider = $flow($id, $name);
        )*

        /// All of them, in the order of their ids.
        pub const KNOWN_PROVIDERS: &[KnownProvider] = &[$($constant),*];
    };
}

known! {
    AMAZON = redirect_only("amazon", "Amazon");
    AMAZON_COGNITO = redirect_only("amazon_cognito", "Amazon Cognito");
    APPLE = with_tokens("apple", "Apple");
    ASANA = redirect_only("asana", "Asana");
    ATLASSIAN = redirect_only("atlassian", "Atlassian");
    AUTH0 = redirect_only("auth0", "Auth0");
    AUTHENTIQ = redirect_only("authentiq", "Authentiq");
    BAIDU = redirect_only("baidu", "Baidu");
    BASECAMP = redirect_only("basecamp", "Basecamp");
    BATTLENET = redirect_only("battlenet", "Battle.net");
    BITBUCKET_OAUTH2 = redirect_only("bitbucket_oauth2", "Bitbucket");
    BOX = redirect_only("box", "Box");
    CILOGON = redirect_only("cilogon", "CILogon");
    CLEVER = redirect_only("clever", "Clever");
    COINBASE = redirect_only("coinbase", "Coinbase");
    DATAPORTEN = redirect_only("dataporten", "Dataporten");
    DAUM = redirect_only("Daum", "Daum");
    DIGITALOCEAN = redirect_only("digitalocean", "DigitalOcean");
    DINGTALK = redirect_only("dingtalk", "DingTalk");
    DISCORD = redirect_only("discord", "Discord");
    DISQUS = redirect_only("disqus", "Disqus");
    DOUBAN = redirect_only("douban", "Douban");
    DOXIMITY = redirect_only("doximity", "Doximity");
    DROPBOX = redirect_only("dropbox", "Dropbox");
    DWOLLA = redirect_only("dwolla", "Dwolla");
    EDMODO = redirect_only("edmodo", "Edmodo");
    EDX = redirect_only("edx", "Edx");
    EVENTBRITE = redirect_only("eventbrite", "Eventbrite");
    EVEONLINE = redirect_only("eveonline", "EVE Online");
    FACEBOOK = with_tokens("facebook", "Facebook");
    FEEDLY = redirect_only("feedly", "Feedly");
    FEISHU = redirect_only("feishu", "feishu");
    FIGMA = redirect_only("figma", "Figma");
    FOURSQUARE = redirect_only("foursquare", "Foursquare");
    FRONTIER = redirect_only("frontier", "Frontier");
    FXA = redirect_only("fxa", "Firefox Accounts");
    GITEA = redirect_only("gitea", "Gitea");
    GITHUB = redirect_only("github", "GitHub");
    GITLAB = redirect_only("gitlab", "GitLab");
    GLOBUS = redirect_only("globus", "Globus");
    GOOGLE = with_tokens("google", "Google");
    GUMROAD = redirect_only("gumroad", "Gumroad");
    HUBSPOT = redirect_only("hubspot", "Hubspot");
    INSTAGRAM = redirect_only("instagram", "Instagram");
    KAKAO = redirect_only("kakao", "Kakao");
    LEMONLDAP = redirect_only("lemonldap", "LemonLDAP::NG");
    LICHESS = redirect_only("lichess", "Lichess");
    LINE = redirect_only("line", "Line");
    LINKEDIN_OAUTH2 = redirect_only("linkedin_oauth2", "LinkedIn");
    MAILCHIMP = redirect_only("mailchimp", "MailChimp");
    MEDIAWIKI = redirect_only("mediawiki", "MediaWiki");
    MEETUP = redirect_only("meetup", "Meetup");
    MICROSOFT = redirect_only("microsoft", "Microsoft");
    MIRO = redirect_only("miro", "Miro");
    NAVER = redirect_only("naver", "Naver");
    NETIQ = redirect_only("netiq", "NetIQ");
    NEXTCLOUD = redirect_only("nextcloud", "NextCloud");
    NOTION = redirect_only("notion", "Notion");
    OKTA = redirect_only("okta", "Okta");
    ORCID = redirect_only("orcid", "Orcid.org");
    PATREON = redirect_only("patreon", "Patreon");
    PAYPAL = redirect_only("paypal", "Paypal");
    PINTEREST = redirect_only("pinterest", "Pinterest");
    QUESTRADE = redirect_only("questrade", "Questrade");
    QUICKBOOKS = redirect_only("quickbooks", "QuickBooks");
    REDDIT = redirect_only("reddit", "Reddit");
    ROBINHOOD = redirect_only("robinhood", "Robinhood");
    SALESFORCE = redirect_only("salesforce", "Salesforce");
    SHAREFILE = redirect_only("sharefile", "ShareFile");
    SLACK = redirect_only("slack", "Slack");
    SNAPCHAT = redirect_only("snapchat", "Snapchat");
    SOUNDCLOUD = redirect_only("soundcloud", "SoundCloud");
    SPOTIFY = redirect_only("spotify", "Spotify");
    STACKEXCHANGE = redirect_only("stackexchange", "Stack Exchange");
    STOCKTWITS = redirect_only("stocktwits", "Stocktwits");
    STRAVA = redirect_only("strava", "Strava");
    STRIPE = redirect_only("stripe", "Stripe");
    TIKTOK = redirect_only("tiktok", "TikTok");
    TRAININGPEAKS = redirect_only("trainingpeaks", "TrainingPeaks");
    TUMBLR_OAUTH2 = redirect_only("tumblr_oauth2", "Tumblr");
    TWENTYTHREEANDME = redirect_only("twentythreeandme", "23andMe");
    TWITCH = redirect_only("twitch", "Twitch");
    TWITTER_OAUTH2 = redirect_only("twitter_oauth2", "X");
    UNTAPPD = redirect_only("untappd", "Untappd");
    VIMEO_OAUTH2 = redirect_only("vimeo_oauth2", "Vimeo");
    VK = redirect_only("vk", "VK");
    WAHOO = redirect_only("wahoo", "Wahoo");
    WEIBO = redirect_only("weibo", "Weibo");
    WEIXIN = redirect_only("weixin", "Weixin");
    WINDOWSLIVE = redirect_only("windowslive", "Live");
    YAHOO = redirect_only("yahoo", "Yahoo");
    YANDEX = redirect_only("yandex", "Yandex");
    YNAB = redirect_only("ynab", "YNAB");
    ZOHO = redirect_only("zoho", "Zoho");
    ZOOM = redirect_only("zoom", "Zoom");
}

/// The service of that id.
pub fn known_provider(id: &str) -> Option<&'static KnownProvider> {
    KNOWN_PROVIDERS.iter().find(|known| known.id == id)
}

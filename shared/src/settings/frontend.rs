//! The URLs of the frontend's pages that mails and redirects lead to.

use serde_json::Value;

use super::kind::{Kind, Raw, Wrong, optional, text};
use super::suggestion::suggestion;

macro_rules! pages {
    ($($(#[doc = $doc:literal])+ $page:ident = $path:literal;)*) => {
        /// URLs of the frontend's pages, each with a scheme and a host.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct FrontendUrls {
            $($(#[doc = $doc])+ pub $page: String,)*
        }

        /// Each page, its default path and its meaning.
        pub(super) const PAGES: &[(&str, &str, &[&str])] =
            &[$((stringify!($page), $path, &[$($doc),+])),*];

        impl FrontendUrls {
            /// The URL of the page of that name in `HEADLESS_FRONTEND_URLS`.
            pub fn get(&self, page: &str) -> Option<&str> {
                match page {
                    $(stringify!($page) => Some(&self.$page),)*
                    _ => None,
                }
            }

            /// Puts paths after the frontend's URL: those that are given, and the usual ones of pages that are not.
            pub(super) fn complete(&mut self, frontend: &str) {
                let frontend = frontend.trim_end_matches('/');
                $(if self.$page.is_empty() {
                    self.$page = $path.to_owned();
                }
                if is_path(&self.$page) {
                    self.$page.insert_str(0, frontend);
                })*
            }

            /// Whether a page is given as a path, without a host.
            pub(super) fn has_paths(&self) -> bool {
                $(is_path(&self.$page) ||)* false
            }

            const fn none() -> Self {
                Self { $($page: String::new(),)* }
            }

            fn slot(&mut self, page: &str) -> Option<&mut String> {
                match page {
                    $(stringify!($page) => Some(&mut self.$page),)*
                    _ => None,
                }
            }
        }
    };
}

pages! {
    /// Verifies an email address; `{key}` stands for the key.
    account_confirm_email = "/account/verify-email/{key}";
    /// Accepts an invitation; `{key}` stands for the key. In the fragment, it is sent to no server.
    account_invitation = "/account/invitation#{key}";
    /// Requests a password reset.
    account_reset_password = "/account/password/reset";
    /// Resets the password; `{key}` stands for the key.
    account_reset_password_from_key = "/account/password/reset/key/{key}";
    /// Signs up.
    account_signup = "/account/signup";
    /// Reports a failed login through a provider.
    socialaccount_login_error = "/account/provider/callback";
}

/// What a mail's key takes the place of.
const KEY: &str = "{key}";

pub(super) const FRONTEND_URLS: Kind<FrontendUrls> = Kind::new(
    "an object of pages and their URLs, such as {\"account_signup\": \"https://www.example.com/signup\"}",
    frontend_urls,
);

fn frontend_urls(raw: &Raw<'_>) -> Result<FrontendUrls, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    let mut urls = FrontendUrls::none();
    for (page, url) in given {
        let Some((_, path, _)) = PAGES.iter().find(|(name, ..)| name == page) else {
            let nearest = suggestion(page, PAGES.iter().map(|(name, ..)| *name));
            return Err(Wrong::Because(format!("has no page {page:?}{nearest}")));
        };
        let url = url.as_str().filter(|url| is_address(url)).ok_or_else(|| {
            Wrong::Because(format!("must give {page:?} a URL: https://… or a path that begins with /"))
        })?;
        if path.contains(KEY) && !url.contains(KEY) {
            return Err(Wrong::Because(format!(
                "must have {KEY} in the URL of {page:?}, in place of the key"
            )));
        }
        if let Some(slot) = urls.slot(page) {
            url.clone_into(slot);
        }
    }
    Ok(urls)
}

/// The frontend's URL; pages are below it.
pub(super) const FRONTEND_URL: Kind<String> = Kind::new("a URL such as https://www.example.com", web_address);
/// A URL that other services use.
pub(super) const OPTIONAL_URL: Kind<Option<String>> =
    Kind::new("a URL such as https://auth.example.com, or null", |raw| {
        let url = optional(raw, web_address)?;
        Ok(url.map(|url| url.trim_end_matches('/').to_owned()))
    });

fn web_address(raw: &Raw<'_>) -> Result<String, Wrong> {
    let url = text(raw)?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && is_address(&url) { Ok(url) } else { Err(Wrong::Shape) }
}

fn is_path(url: &str) -> bool {
    url.starts_with('/')
}

/// A path, or something with a scheme: `https`, or that of an app that opens its own links.
/// Script would run in whatever page shows it as a link.
fn is_address(url: &str) -> bool {
    let clean = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    let scheme = url.split_once("://").map(|(scheme, rest)| (scheme, rest.is_empty()));
    let has_scheme = scheme.is_some_and(|(scheme, nothing_more)| {
        !nothing_more
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !matches!(scheme.to_ascii_lowercase().as_str(), "javascript" | "data" | "vbscript")
    });
    clean && (has_scheme || (is_path(url) && !url.starts_with("//")))
}

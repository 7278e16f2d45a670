//! Which service tells people from bots.

use super::kind::{Kind, Wrong, optional, text};

/// A service that issues tokens to people and verifies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaProvider {
    /// Cloudflare Turnstile.
    Turnstile,
    /// hCaptcha.
    HCaptcha,
}

impl CaptchaProvider {
    /// Where it verifies tokens.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Turnstile => "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            Self::HCaptcha => "https://api.hcaptcha.com/siteverify",
        }
    }
}

pub(super) const CAPTCHA_PROVIDER: Kind<Option<CaptchaProvider>> =
    Kind::new("\"turnstile\", \"hcaptcha\" or null", |raw| match optional(raw, text)?.as_deref() {
        None | Some("") => Ok(None),
        Some("turnstile") => Ok(Some(CaptchaProvider::Turnstile)),
        Some("hcaptcha") => Ok(Some(CaptchaProvider::HCaptcha)),
        Some(_) => Err(Wrong::Shape),
    });

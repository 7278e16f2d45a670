//! Rate limits: the actions of `ACCOUNT_RATE_LIMITS`, and their rates.

use std::time::Duration;

use serde_json::Value;

use super::kind::{Kind, Wrong, switch, text};
use super::suggestion::suggestion;

pub use crate::domain::rate::{Per, Rate};

/// Rates that hold together: a request that exceeds any of them is refused. Empty means no limit.
pub type Rates = Vec<Rate>;

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $action:ident = $name:literal, $rates:literal;)*) => {
        /// What is limited: the actions of `ACCOUNT_RATE_LIMITS`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $doc])+ $action,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// The name allauth has for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$action => $name,)* }
            }

            /// allauth's own rates for it, where no other setting changes them.
            pub(super) const fn default_rates(self) -> &'static str {
                match self { $(Self::$action => $rates,)* }
            }

            /// What it is, for the documentation.
            pub(super) const fn text(self) -> &'static [&'static str] {
                match self { $(Self::$action => &[$($doc),+],)* }
            }
        }
    };
}

actions! {
    /// Changes of the password.
    ChangePassword = "change_password", "5/m/user";
    /// Changes of the phone number.
    ChangePhone = "change_phone", "1/m/user";
    /// Changes of the account's email addresses.
    ManageEmail = "manage_email", "10/m/user";
    /// Requests of a password reset; the key is the email address.
    ResetPassword = "reset_password", "20/m/ip,5/m/key";
    /// Reauthentication attempts, by account.
    Reauthenticate = "reauthenticate", "10/m/user";
    /// Password resets with a key or code.
    ResetPasswordFromKey = "reset_password_from_key", "20/m/ip";
    /// Sign-ups.
    Signup = "signup", "20/m/ip";
    /// Login attempts.
    Login = "login", "30/m/ip";
    /// Requests of a login code; the key is the email address or phone number.
    RequestLoginCode = "request_login_code", "20/m/ip,3/m/key";
    /// Failed logins; the key is the identifier used.
    LoginFailed = "login_failed", "10/m/ip,5/300s/key";
    /// Mails that verify an email address; the key is the email address. With verification by code the default is `1/10s/key`.
    ConfirmEmail = "confirm_email", "1/180s/key";
    /// Text messages that verify a phone number; the key is the phone number.
    VerifyPhone = "verify_phone", "1/30s/key,3/m/ip";
}

/// The limits of every action.
#[derive(Clone, Debug)]
pub struct RateLimits {
    /// By action, in the order of `Action::ALL`; none where the default is still to be filled in.
    rates: Vec<Option<Rates>>,
    off: bool,
}

impl RateLimits {
    /// The rates that hold for the action, none of them twice; empty means no limit.
    pub fn for_action(&self, action: Action) -> &[Rate] {
        self.rates.get(action as usize).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Whether all limits are switched off, by `ACCOUNT_RATE_LIMITS=false`.
    pub const fn are_off(&self) -> bool {
        self.off
    }

    /// Fills in what was not given.
    pub(super) fn complete(&mut self, default: impl Fn(Action) -> Rates) {
        for (rates, action) in self.rates.iter_mut().zip(Action::ALL) {
            rates.get_or_insert_with(|| if self.off { Rates::new() } else { default(*action) });
        }
    }
}

pub(super) const RATE_LIMITS: Kind<RateLimits> =
    Kind::new("false, or an object such as {\"login\": \"30/m/ip\", \"signup\": null}", |raw| {
        let mut limits = RateLimits { rates: vec![None; Action::ALL.len()], off: false };
        let Some(Value::Object(given)) = &raw.json else {
            limits.off = !switch(raw)?;
            return if limits.off { Ok(limits) } else { Err(Wrong::Shape) };
        };
        for (name, rates) in given {
            let action = Action::ALL.iter().find(|action| action.name() == name).ok_or_else(|| {
                let nearest = suggestion(name, Action::ALL.iter().map(|action| action.name()));
                Wrong::Because(format!("has no action {name:?}{nearest}"))
            })?;
            let rates = match rates {
                Value::Null => Rates::new(),
                Value::String(text) => parse_rates(text)?,
                _ => return Err(Wrong::Shape),
            };
            if let Some(slot) = limits.rates.get_mut(*action as usize) {
                *slot = Some(rates);
            }
        }
        Ok(limits)
    });

/// What `MFA_RATE_LIMITS` calls logins with nothing but a passkey, and their rates unless it says otherwise.
pub(crate) const WEBAUTHN_LOGIN: &str = "webauthn_login";
const WEBAUTHN_LOGIN_RATES: &str = "10/m/ip";

/// The rates of passkey logins, which are all that allauth.mfa limits by itself.
pub(super) const MFA_RATE_LIMITS: Kind<Rates> =
    Kind::new("false, or an object such as {\"webauthn_login\": \"10/m/ip\"}", |raw| {
        let Some(Value::Object(given)) = &raw.json else {
            return if switch(raw)? { Err(Wrong::Shape) } else { Ok(Rates::new()) };
        };
        if let Some(name) = given.keys().find(|name| *name != WEBAUTHN_LOGIN) {
            return Err(Wrong::Because(format!("has no action {name:?}, only {WEBAUTHN_LOGIN:?}")));
        }
        match given.get(WEBAUTHN_LOGIN) {
            None => parse_rates(WEBAUTHN_LOGIN_RATES),
            Some(Value::Null) => Ok(Rates::new()),
            Some(Value::String(text)) => parse_rates(text),
            Some(_) => Err(Wrong::Shape),
        }
    });

/// Limits on mail: all clients count together, whether or not `/key` says so.
pub(super) const MAIL_RATES: Kind<Rates> =
    Kind::new("one or more rates such as 20/h, or null for no limit", |raw| {
        if raw.json == Some(Value::Null) {
            return Ok(Rates::new());
        }
        let text = text(raw)?;
        let by_client = text.split(',').find(|rate| [Some("ip"), Some("user")].contains(&scope(rate)));
        if let Some(rate) = by_client {
            return Err(Wrong::Because(format!(
                "has {:?}, but mail is counted for all clients together: leave the last part out",
                rate.trim()
            )));
        }
        let together = |rate: Rate| Rate { per: Per::Key, ..rate };
        Ok(parse_rates(&text)?.into_iter().map(together).collect())
    });

/// What a rate says that it is counted by, if it does.
fn scope(rate: &str) -> Option<&str> {
    rate.split('/').nth(2).map(str::trim)
}

/// Rates between commas, each `amount/time` or `amount/time/per`.
pub(super) fn parse_rates(text: &str) -> Result<Rates, Wrong> {
    let mut rates = Rates::new();
    if text.trim().is_empty() {
        return Ok(rates);
    }
    for part in text.split(',') {
        let rate = parse_rate(part.trim()).ok_or_else(|| {
            Wrong::Because(format!(
                "has {part:?} where a rate must be like 5/m, 20/30s/ip, 10/h/user or 1/0.5d/key"
            ))
        })?;
        if !rates.contains(&rate) {
            rates.push(rate);
        }
    }
    Ok(rates)
}

fn parse_rate(text: &str) -> Option<Rate> {
    let mut parts = text.split('/').map(str::trim);
    let amount = parts.next()?.parse().ok()?;
    let duration = parse_duration(parts.next()?)?;
    let per = match parts.next() {
        None | Some("ip") => Per::Ip,
        Some("user") => Per::User,
        Some("key") => Per::Key,
        Some(_) => return None,
    };
    parts.next().is_none().then_some(Rate { amount, duration, per })
}

/// A number, which may be left out for 1, and a unit.
fn parse_duration(text: &str) -> Option<Duration> {
    let units = [('s', 1.0), ('m', 60.0), ('h', 3600.0), ('d', 86400.0)];
    let (number, unit) =
        units.into_iter().find_map(|(unit, length)| Some((text.strip_suffix(unit)?, length)))?;
    let number: f64 = if number.is_empty() { 1.0 } else { number.parse().ok()? };
    let year = 366.0 * 86400.0;
    let length = Some(number * unit).filter(|seconds| *seconds <= year)?;
    Duration::try_from_secs_f64(length).ok().filter(|length| !length.is_zero())
}

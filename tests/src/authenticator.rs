//! An authenticator app: it reads the link of a QR code, and shows codes.

use data_encoding::BASE32;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// How long a code of the app is good for; as long as it can be, so that no test is too slow. Together with a tolerance,
/// so that none goes wrong on the hour.
pub const PATIENT: [(&str, &str); 2] = [("MFA_TOTP_PERIOD", "3600"), ("MFA_TOTP_TOLERANCE", "10")];

/// An app with one account.
#[derive(Clone, Debug)]
pub struct AuthenticatorApp {
    /// The secret as people type it.
    pub secret: String,
    digits: usize,
    /// What time it is for the app, in periods.
    now: u64,
}

impl AuthenticatorApp {
    /// Scans the link.
    pub fn scan(url: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an app has a clock of its own")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Self::scan_at(url, now)
    }

    /// Scans the link when its clock shows so many seconds since 1970.
    pub fn scan_at(url: &str, now: u64) -> Self {
        let (_, query) = url.split_once('?').unwrap();
        let find = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let number = |name: &str, usual| find(name).map_or(usual, |value| value.parse().unwrap());
        Self {
            secret: find("secret").unwrap(),
            digits: usize::try_from(number("digits", 6)).unwrap(),
            now: now / number("period", 30),
        }
    }

    /// The code that it shows so many periods after it scanned (RFC 6238).
    pub fn code(&self, later: i64) -> String {
        let counter = self.now.checked_add_signed(later).unwrap();
        let secret = BASE32.decode(self.secret.as_bytes()).unwrap();
        let mut mac = Hmac::<Sha1>::new_from_slice(&secret).unwrap();
        mac.update(&counter.to_be_bytes());
        let mac = mac.finalize().into_bytes();
        let at = usize::from(mac[19] & 0xF);
        let bits = u32::from_be_bytes(mac[at..at + 4].try_into().unwrap()) & 0x7FFF_FFFF;
        let text = format!("{bits:010}");
        text[10 - self.digits..].to_owned()
    }
}

//! Account ids.

use serde::{Deserialize, Serialize};

/// The id of an account. Generated ids are UUIDs of version 7; imported accounts keep theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// Longest identifier of an imported account, in bytes: authenticators take no longer user handle (WebAuthn, section
    /// 5.4.3).
    pub const MAX_LENGTH: usize = 64;

    /// From its text: 1 to 64 characters out of letters, digits, `-` and `_`, so that it can be part of
    /// a session token.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// As a number, if it is a whole number as JSON and JavaScript write it.
    pub fn as_integer(&self) -> Option<i64> {
        let number = self.0.parse().ok().filter(|number| (1..=LARGEST).contains(number))?;
        (number.to_string() == self.0).then_some(number)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user handle of the account, which its passkeys store (WebAuthn, section 5.4.3). It is the id, but as in allauth
    /// a number is written in base 36: so passkeys stay valid when an account moves from allauth, and back.
    pub fn user_handle(&self) -> String {
        self.as_integer().map_or_else(|| self.0.clone(), base36)
    }

    /// The accounts whose user handle this may be. Which of them it is, the credential tells.
    pub fn of_user_handle(handle: &[u8]) -> Vec<Self> {
        let Ok(text) = std::str::from_utf8(handle) else { return Vec::new() };
        let number = i64::from_str_radix(text, 36).ok().map(|number| Self(number.to_string()));
        let number = number.filter(|id| id.as_integer().is_some_and(|number| base36(number) == text));
        let itself = Self::parse(text).filter(|id| id.as_integer().is_none());
        number.into_iter().chain(itself).chain(uuid(text).map(Self)).collect()
    }
}

/// A number with the digits 0 to 9 and a to z.
fn base36(number: i64) -> String {
    let (mut rest, mut digits) = (number, Vec::new());
    loop {
        digits.extend(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        rest /= 36;
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// The UUID of 32 hexadecimal digits, as allauth writes it in user handles.
fn uuid(text: &str) -> Option<String> {
    let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_uuid = text.len() == 32 && text.bytes().all(is_hexadecimal);
    let group = |from: usize, to: usize| text.get(from..to);
    let groups = [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)];
    is_uuid.then(|| groups.into_iter().flatten().collect::<Vec<_>>().join("-"))
}

/// What JavaScript reads without a loss.
const LARGEST: i64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_digits_is_a_number_if_it_reads_as_one() {
        let number = |text: &str| AccountId::parse(text).unwrap().as_integer();
        assert_eq!((number("42"), number("9007199254740991")), (Some(42), Some(9_007_199_254_740_991)));
        for text in ["0", "042", "-1", "4_2", "9007199254740992", "99999999999999999999", "1e3", "a"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn identifiers_fit_into_a_token() {
        assert!(AccountId::parse("42").is_some());
        for bad in ["", "a.b", "a b", "ä", "a#b", &"x".repeat(65)] {
            assert!(AccountId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn user_handles_are_those_of_allauth() {
        let id = |text: &str| AccountId::parse(text).unwrap();
        // As Django's int_to_base36 writes them.
        for (text, handle) in
            [("1", "1"), ("35", "z"), ("36", "10"), ("1295", "zz"), ("2147483647", "zik0zj")]
        {
            assert_eq!(id(text).user_handle(), handle);
            assert!(AccountId::of_user_handle(handle.as_bytes()).contains(&id(text)), "{text}");
        }
        let largest = id(&LARGEST.to_string());
        assert_eq!(AccountId::of_user_handle(largest.user_handle().as_bytes())[0], largest);
        for text in ["0199c1f0-7d1c-7e6a-8000-000000000001", "ann-lee", "042", "99999999999999999999"] {
            assert_eq!(id(text).user_handle(), text);
            assert_eq!(AccountId::of_user_handle(text.as_bytes()), [id(text)]);
        }
        let uuid = AccountId::of_user_handle(b"0199c1f07d1c7e6a8000000000000001");
        assert!(uuid.contains(&id("0199c1f0-7d1c-7e6a-8000-000000000001")), "{uuid:?}");
        // A name may be a number in base 36 as well.
        assert_eq!(AccountId::of_user_handle(b"ann"), [id("13811"), id("ann")]);
        for none in [&b""[..], b"\xff", b"a b", b"+1 "] {
            assert_eq!(AccountId::of_user_handle(none), [], "{none:?}");
        }
    }
}

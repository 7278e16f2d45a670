//! The profile of an account: the values of a site's own fields (`ACCOUNT_PROFILE_FIELDS`), and metadata.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values by the names of their fields. A field that is no longer declared keeps its value.
pub type ProfileValues = BTreeMap<String, Value>;

/// What operators have noted of an account: an object of any JSON.
pub type Metadata = BTreeMap<String, Value>;

/// The most bytes of a profile, and of all metadata, as JSON: an account is one item of 400 KB, and read by each of its
/// requests. They have limits of their own, as else what operators note would take room from what users say.
pub const MAX_PROFILE_BYTES: usize = 8192;

/// The size of a profile or of metadata in bytes, as JSON.
pub fn size(members: &BTreeMap<String, Value>) -> usize {
    serde_json::to_string(members).map_or(usize::MAX, |text| text.len())
}

/// Adds values where there are none yet, as far as they fit.
pub fn supplement(profile: &mut ProfileValues, values: ProfileValues) {
    for (name, value) in values {
        let mut longer = profile.clone();
        longer.entry(name).or_insert(value);
        if size(&longer) <= MAX_PROFILE_BYTES {
            *profile = longer;
        }
    }
}

/// Whether this is a date of the Gregorian calendar, written as in ISO 8601: `2026-11-29`.
pub fn is_date(text: &str) -> bool {
    let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return false };
    let number = |digits: &str, length: usize| {
        let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_replaces_nothing_and_fits() {
        let text = |length: usize| Value::from("x".repeat(length));
        let mut profile = ProfileValues::from([("a".to_owned(), text(8000))]);
        let more = [("a", text(1)), ("b", text(180)), ("c", text(100))];
        supplement(&mut profile, more.map(|(name, value)| (name.to_owned(), value)).into());
        let expected = [("a", text(8000)), ("c", text(100))];
        assert_eq!(profile, expected.map(|(name, value)| (name.to_owned(), value)).into());
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for right in ["2026-11-29", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert!(is_date(right), "{right}");
        }
        for wrong in [
            "",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "10000-01-01",
            "2026-1-1",
            "20260101",
            "2026-11-29T00:00:00",
            "+026-01-01",
            "2026-11-2９",
        ] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }
}

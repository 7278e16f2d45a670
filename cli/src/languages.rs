//! The languages of a site, before any function starts with them: the texts of responses, and those of messages.

use std::collections::BTreeSet;

use vestibule::http::language;
use vestibule::settings::Settings;
use vestibule::texts::LanguageFaults;

/// Checks the operator's own texts (`LANGUAGES_DIR`).
///
/// # Errors
///
/// Everything that is wrong with them, in all files.
pub fn check(settings: &Settings) -> Result<(), LanguageFaults> {
    let wrong = [language::load(settings).err(), vestibule_mail::languages(settings).err()];
    let faults: BTreeSet<String> = wrong.into_iter().flatten().flat_map(|faults| faults.0).collect();
    if faults.is_empty() { Ok(()) } else { Err(LanguageFaults(faults.into_iter().collect())) }
}

//! Reading the profile from a provider.
//!
//! The rules of a declaration say where everything is. What is missing is left out; only without an identifier there is
//! no profile.

use serde_json::Value;
use vestibule::domain::document::UnknownMembers;
use vestibule::domain::email::EmailAddress;
use vestibule::domain::phone::Phone;
use vestibule::domain::social::{MAX_UID_LENGTH, Profile};
use vestibule::settings::ProviderApp;

use super::error::ProviderError;
use crate::providers::ProviderDeclaration;
use crate::providers::declaration::{Addresses, Verified};
use crate::providers::expression::{self, Options};

/// Reads it.
pub(super) fn read(
    app: &ProviderApp,
    provider: &ProviderDeclaration,
    data: &Value,
    options: Options<'_>,
) -> Result<Profile, ProviderError> {
    let text = |expression| expression::text(expression, data, options);
    let uid =
        text(provider.uid).filter(|uid| uid.chars().count() <= MAX_UID_LENGTH).ok_or(ProviderError::NoUid)?;
    Ok(Profile {
        provider: app.id.clone(),
        uid,
        emails: emails(provider, data, options),
        phone: text(provider.phone).map(|number| Phone::new(number, false)),
        username: text(provider.username),
        name: text(provider.full_name),
        first_name: text(provider.first_name),
        last_name: text(provider.last_name),
        picture: text(provider.picture),
        locale: text(provider.locale),
        display: text(provider.display).or_else(|| usual_display(provider, data, options)),
        unknown: UnknownMembers::NONE,
    })
}

fn emails(provider: &ProviderDeclaration, data: &Value, options: Options<'_>) -> Vec<EmailAddress> {
    let mut emails: Vec<_> = provider.emails.iter().flat_map(|list| listed(list, data, options)).collect();
    let own = expression::text(provider.email, data, options);
    if let Some((email, verified)) =
        own.and_then(|email| Some((email, vouched(provider.verified, data, options)?)))
        && !emails.iter().any(|known| known.email.eq_ignore_ascii_case(&email))
    {
        for listed in &mut emails {
            listed.primary = false;
        }
        emails.insert(0, EmailAddress { verified, primary: true, ..EmailAddress::new(email) });
    }
    emails
}

/// Whether an address is vouched for; none where it is not to be read at all.
fn vouched(verified: Verified, data: &Value, options: Options<'_>) -> Option<bool> {
    match verified {
        Verified::Never => Some(false),
        Verified::Always => Some(true),
        Verified::If(condition) => Some(expression::holds(condition, data, options)),
        Verified::Only(condition) => expression::holds(condition, data, options).then_some(true),
    }
}

fn listed(list: &Addresses, data: &Value, options: Options<'_>) -> Vec<EmailAddress> {
    let elements = expression::value(list.at, data, options).map(expression::elements);
    let mut has_primary = false;
    let read = |element: &Value| {
        let holds = |condition: &str| !condition.is_empty() && expression::holds(condition, element, options);
        let primary = holds(list.primary) && !has_primary;
        let email = expression::text(list.email, element, options)?;
        has_primary |= primary;
        Some(EmailAddress { verified: holds(list.verified), primary, ..EmailAddress::new(email) })
    };
    elements.into_iter().flatten().filter_map(read).collect()
}

/// What allauth shows where a provider has no way of its own: the first of these that is there.
fn usual_display(provider: &ProviderDeclaration, data: &Value, options: Options<'_>) -> Option<String> {
    const WHOLE: &[&str] = &[
        "username",
        "userName",
        "user_name",
        "login",
        "handle",
        "email",
        "Email",
        "mail",
        "email_address",
        "name",
        "display_name",
        "displayName",
        "displayname",
        "Display_Name",
        "nickname",
        "full_name",
        "fullName",
    ];
    const FIRST: &[&str] = &["first_name", "firstname", "firstName", "First_Name", "given_name", "givenName"];
    const LAST: &[&str] =
        &["last_name", "lastname", "lastName", "Last_Name", "family_name", "familyName", "surname"];
    let user = expression::value(provider.user, data, options)?;
    let first_of = |names: &[&str]| {
        let mut texts = names.iter().filter_map(|name| user.get(name)?.as_str()).map(str::trim);
        texts.find(|text| !text.is_empty()).map(str::to_owned)
    };
    let parts = || {
        let parts: Vec<_> = [FIRST, LAST].into_iter().filter_map(first_of).collect();
        Some(parts.join(" ")).filter(|name| !name.is_empty())
    };
    first_of(WHOLE).or_else(parts)
}

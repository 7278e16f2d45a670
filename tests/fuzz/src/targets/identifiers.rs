//! Names of accounts, and of what belongs to them.

use vestibule::domain::account_id::AccountId;
use vestibule::domain::invitation::InvitationKey;
use vestibule::domain::language::{Language, preferred};
use vestibule::domain::token::SessionToken;
use vestibule::domain::{code, email, username};

use crate::input::text;

/// Reads an email address.
pub fn email(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(form) = email::canonical(text) {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !byte.is_ascii_uppercase();
        assert!(form.bytes().all(is_plain) && form.len() <= email::MAX_LENGTH, "{form:?}");
        assert_eq!(email::canonical(&form).as_ref(), Some(&form));
        let shown = email::shown(&form);
        assert_eq!(email::canonical(&shown).as_ref(), Some(&form), "{shown:?}");
    }
    if let Some(domain) = email::canonical_domain(text) {
        assert_eq!(email::canonical_domain(&domain).as_ref(), Some(&domain));
        let address = format!("a@{domain}");
        assert_eq!(email::canonical(&address), Some(address));
    }
}

/// Reads a username.
pub fn username(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let folded = username::fold(text);
    assert_eq!(username::fold(&folded), folded, "{text:?}");
    if username::check(text, &[]).is_ok() {
        let key = username::key(text).unwrap();
        assert!(key == folded && key.len() <= 600, "{key:?}");
        assert!(username::check(text, &[text.to_owned()]).is_err(), "{text:?} is reserved");
        assert!(username::check(text, &[key]).is_err(), "{text:?} is reserved");
    }
    let base = username::base(&[Some(text)], &[]);
    for candidate in username::candidates(&base, 1, &[], &mut |below| below / 2) {
        assert!(username::check(&candidate, &[]).is_ok(), "{candidate:?}");
    }
}

/// Reads whatever else names something.
pub fn token(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(token) = SessionToken::parse(text) {
        assert_eq!(token.text(), text);
        assert_eq!(token.key().account.as_ref(), token.account());
    }
    if let Some(key) = InvitationKey::parse(text) {
        assert_eq!(key.text().expose(), text);
    }
    if let Some(id) = AccountId::parse(text) {
        assert_eq!(id.as_str(), text);
        let handle = id.user_handle();
        assert!(handle.len() <= AccountId::MAX_LENGTH, "{handle}");
        assert!(AccountId::of_user_handle(handle.as_bytes()).contains(&id), "{text}");
    }
    for id in AccountId::of_user_handle(data) {
        assert!(AccountId::parse(id.as_str()).is_some(), "{id:?}");
    }
    let code = code::normalise(text);
    assert_eq!(code::normalise(&code), code, "{text:?}");
    if let Some(language) = Language::parse(text) {
        assert_eq!(Language::parse(language.tag()).as_ref(), Some(&language));
        let offered = [language];
        assert_eq!(preferred(text, &offered), offered.first());
    }
}

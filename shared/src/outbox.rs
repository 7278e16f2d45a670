//! The outbox: messages are encrypted before they are stored, and decrypted and completed at delivery.

use lambda_http::http::Uri;

use crate::app::{App, report};
use crate::changes::{Letter, LetterContent};
use crate::domain::account_id::AccountId;
use crate::domain::message::{Envelope, Message};
use crate::domain::profile::ProfileValues;
use crate::domain::time::Timestamp;
use crate::flows::{notice, password_reset};
use crate::settings::Settings;
use crate::signing::Keys;
use crate::store::{OutboxItem, StoreError, outbox_place};

/// Encrypts messages for the outbox, each under an id of its own.
pub fn seal(app: &App, letters: &[Letter], now: Timestamp) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let keys = app.secrets().keys;
    let seal_one = |letter| {
        let id = app.random.uuid(now);
        let plain = serde_json::to_vec(letter).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let sealed = keys.seal_message(&app.random, &outbox_place(&id), &plain);
        Ok((id, sealed))
    };
    letters.iter().map(seal_one).collect()
}

/// Decrypts a message of the outbox, and completes it; none if it is no longer to be sent.
pub async fn open(app: &App, item: &OutboxItem) -> Result<Option<Envelope>, StoreError> {
    let plain = unseal(app, item).await?;
    let letter: Letter = serde_json::from_slice(&plain)
        .map_err(|_| StoreError::Corrupt("a message of the outbox".to_owned()))?;
    if letter.withheld {
        tracing::info!(id = item.id, "not sent: the email address is undeliverable");
        return Ok(None);
    }
    let content = match &letter.content {
        LetterContent::Ready(message) => Some((message.clone(), letter.profile)),
        LetterContent::PasswordResetLink(account) => password_reset_mail(app, account, &letter).await?,
    };
    let site = site_name(&app.settings);
    let Letter { to, language, .. } = letter;
    Ok(content.map(|(message, profile)| Envelope {
        id: item.id.clone(),
        to,
        site,
        profile,
        language,
        message,
    }))
}

/// Decrypts a message. One whose key this process does not know may be tried again: the key may be a new one.
async fn unseal(app: &App, item: &OutboxItem) -> Result<Vec<u8>, StoreError> {
    app.look_for_keys(None).await;
    let open = || app.secrets().keys.open_message(&outbox_place(&item.id), &item.sealed);
    let mut opened = open();
    if opened.is_err() && app.finds_newer_keys().await {
        opened = open();
    }
    opened.map_err(|unopened| {
        report(unopened);
        let keys = app.secrets().keys;
        match Keys::sealer_of_message(&item.sealed) {
            Some(id) if keys.ids().all(|known| known != id) => {
                StoreError::Unavailable(format!("{unopened}: it names the key {id}"))
            }
            _ => StoreError::Corrupt(unopened.to_string()),
        }
    })
}

/// What mails call the service: never by a name that a request brings.
fn site_name(settings: &Settings) -> String {
    let host = || Some(settings.headless.frontend_url.parse::<Uri>().ok()?.host()?.to_owned());
    settings.site_name.clone().or_else(host).unwrap_or_default()
}

async fn password_reset_mail(
    app: &App,
    account: &AccountId,
    letter: &Letter,
) -> Result<Option<(Message, ProfileValues)>, StoreError> {
    let Some(store) = app.store() else { return Ok(None) };
    let Some(account) = store.account(account).await?.map(|stored| stored.value) else { return Ok(None) };
    let message = password_reset::link_mail(&app.settings, &app.secrets().keys, &account, letter);
    Ok(message.map(|message| (message, notice::profile_for(&app.settings, &account, &letter.to))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    /// As releases have sealed them so far.
    #[test]
    fn letters_of_before_are_read_and_written_as_they_were() {
        let reset = r#"{"to":{"email":"ann@example.com"},"asked_at":1700000000000,"content":{"password_reset_link":"0198c0de"}}"#;
        let code = r#"{"to":{"phone":"+31612345678"},"asked_at":1700000000000,"content":{"ready":{"kind":"login_code","code":"K7MW2P"}}}"#;
        let account = AccountId::parse("0198c0de").unwrap();
        let read = |text: &str| serde_json::from_str::<Letter>(text).unwrap();
        assert_eq!(read(reset).content, LetterContent::PasswordResetLink(account));
        assert_eq!(read(code).content, LetterContent::Ready(Message::LoginCode { code: "K7MW2P".into() }));
        assert_eq!(read(reset).language, None);
        let german = code.replace("{\"to\"", "{\"language\":\"de\",\"to\"");
        assert_eq!(read(&german).language, Language::parse("de"));
        for text in [reset, code] {
            assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
        }
    }
}

//! Delivers one message: claim, render, send, delete. A crash in between leaves the message in the outbox, and a claim
//! that expires; nothing is sent twice but where a crash or a time-out leaves it unknown whether it was sent at all.

use std::future::Future;

use vestibule::clock::Clock;
use vestibule::domain::message::Envelope;
use vestibule::store::StoreError;

use crate::catalogue::kind;
use crate::sending::{SendError, Sender};
use crate::templates::Templates;

/// What asking for a message gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to deliver, for a minute.
    Taken(Box<Envelope>),
    /// Another delivery has it, or had it when it died.
    Busy,
    /// It was delivered, has expired, or need not be sent any more.
    Gone,
}

/// Where messages wait until they are delivered.
pub trait Outbox: Sync {
    /// Claims a message for a minute, by one conditional write. After an error nothing is claimed.
    fn claim(&self, id: &str) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Deletes a message that was sent.
    fn delivered(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives a claim back.
    fn release(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was sent.
    Sent,
    /// It was not there any more: a delivery before this one sent it.
    Gone,
    /// It can never be sent as it is. It stays in the outbox until it expires, and no one tries again by themselves:
    /// others need not wait for it, and an operator can send it after all. `infra/alarms.yaml` has an alarm for it.
    Refused,
    /// It could not be sent now. It stays in the outbox; try again.
    Later,
}

/// Delivers messages.
pub struct Mailer<S> {
    templates: Templates,
    sender: S,
    clock: Clock,
}

impl<S: Sender> Mailer<S> {
    /// Delivers in these words, through this sender.
    pub fn new(templates: Templates, sender: S) -> Self {
        Self { templates, sender, clock: Clock::system() }
    }

    /// Delivers the message with this id; says in the log how that went.
    pub async fn deliver(&self, outbox: &impl Outbox, id: &str) -> Delivery {
        match outbox.claim(id).await {
            Ok(Claim::Taken(envelope)) => self.send(outbox, &envelope).await,
            Ok(Claim::Gone) => {
                tracing::debug!(id, "the message is gone: it was delivered before, or has expired");
                Delivery::Gone
            }
            Ok(Claim::Busy) => {
                tracing::info!(id, "another delivery has the message");
                Delivery::Later
            }
            // Nor will it be readable when it is tried again.
            Err(error @ StoreError::Corrupt(_)) => {
                tracing::error!(MailsRefused = 1, id, %error, "refused: it stays in the outbox until it expires");
                Delivery::Refused
            }
            Err(error @ (StoreError::Lost | StoreError::Unavailable(_))) => {
                tracing::error!(id, %error, "the outbox is unavailable");
                Delivery::Later
            }
        }
    }

    async fn send(&self, outbox: &impl Outbox, envelope: &Envelope) -> Delivery {
        let (id, kind) = (envelope.id.as_str(), kind(&envelope.message));
        let began = self.clock.now();
        let sent = match self.templates.render(envelope) {
            Ok(letter) => self.sender.send(&letter).await,
            Err(error) => Err(SendError::Refused(error.to_string())),
        };
        let send_ms = self.clock.now().millis() - began.millis();
        match sent {
            Ok(()) => {
                tracing::info!(MailsSent = 1, id, kind, send_ms, "sent");
                // It is sent: to answer with a failure would send it again.
                if let Err(error) = outbox.delivered(id).await {
                    tracing::error!(id, kind, %error, "sent, but not deleted from the outbox");
                }
                Delivery::Sent
            }
            Err(SendError::Refused(reason)) => {
                tracing::error!(
                    MailsRefused = 1,
                    id,
                    kind,
                    reason,
                    send_ms,
                    "refused: it stays in the outbox until it expires"
                );
                release(outbox, id).await;
                Delivery::Refused
            }
            Err(SendError::Later(reason)) => {
                tracing::warn!(id, kind, reason, send_ms, "not sent yet");
                release(outbox, id).await;
                Delivery::Later
            }
        }
    }
}

/// A claim that cannot be given back expires by itself.
async fn release(outbox: &impl Outbox, id: &str) {
    if let Err(error) = outbox.release(id).await {
        tracing::warn!(id, %error, "the claim could not be released");
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use vestibule::domain::message::Recipient;

    use super::*;
    use crate::letter::RenderedMessage;
    use crate::samples;

    /// An outbox in memory, as the store's is: claims are counted out, not timed.
    #[derive(Default)]
    pub(crate) struct Memory {
        pub(crate) items: Mutex<BTreeMap<String, (Envelope, bool)>>,
        pub(crate) fails: Option<&'static str>,
    }

    impl Memory {
        pub(crate) fn with(envelopes: impl IntoIterator<Item = Envelope>) -> Self {
            let items =
                envelopes.into_iter().map(|envelope| (envelope.id.clone(), (envelope, false))).collect();
            Self { items: Mutex::new(items), fails: None }
        }

        fn up(&self, verb: &str) -> Result<(), StoreError> {
            match self.fails {
                Some("open") if verb == "claim" => Err(StoreError::Corrupt("sealed".to_owned())),
                Some(fails) if fails == verb => Err(StoreError::Unavailable("no connection".to_owned())),
                _ => Ok(()),
            }
        }

        /// Whether the item is there, and whether it is claimed.
        pub(crate) fn state(&self, id: &str) -> Option<bool> {
            self.items.lock().unwrap().get(id).map(|(_, claimed)| *claimed)
        }
    }

    impl Outbox for Memory {
        async fn claim(&self, id: &str) -> Result<Claim, StoreError> {
            self.up("claim")?;
            Ok(match self.items.lock().unwrap().get_mut(id) {
                None => Claim::Gone,
                Some((_, true)) => Claim::Busy,
                Some((envelope, claimed)) => {
                    *claimed = true;
                    Claim::Taken(Box::new(envelope.clone()))
                }
            })
        }

        async fn delivered(&self, id: &str) -> Result<(), StoreError> {
            self.up("delivered")?;
            self.items.lock().unwrap().remove(id);
            Ok(())
        }

        async fn release(&self, id: &str) -> Result<(), StoreError> {
            self.up("release")?;
            if let Some((_, claimed)) = self.items.lock().unwrap().get_mut(id) {
                *claimed = false;
            }
            Ok(())
        }
    }

    /// Answers as it is told, and keeps what it was given.
    #[derive(Default)]
    pub(crate) struct Fake {
        pub(crate) answers: Mutex<Vec<Result<(), SendError>>>,
        pub(crate) sent: Mutex<Vec<String>>,
    }

    impl Sender for Fake {
        async fn send(&self, letter: &RenderedMessage) -> Result<(), SendError> {
            let answer = self.answers.lock().unwrap().pop().unwrap_or(Ok(()));
            if answer.is_ok() {
                let (RenderedMessage::Email(crate::Email { id, .. })
                | RenderedMessage::Text(crate::TextMessage { id, .. })) = letter;
                self.sent.lock().unwrap().push(id.clone());
            }
            answer
        }
    }

    pub(crate) fn mailer(answers: impl IntoIterator<Item = Result<(), SendError>>) -> Mailer<Fake> {
        let answers = Mutex::new(answers.into_iter().collect());
        Mailer::new(
            Templates::load(None, crate::catalogue::english(), None, Vec::new()).unwrap(),
            Fake { answers, sent: Mutex::default() },
        )
    }

    pub(crate) fn sent(mailer: &Mailer<Fake>) -> Vec<String> {
        mailer.sender.sent.lock().unwrap().clone()
    }

    pub(crate) fn envelope(id: &str) -> Envelope {
        Envelope { id: id.to_owned(), ..samples::mails().remove(0) }
    }

    fn later() -> Result<(), SendError> {
        Err(SendError::Later("throttled".to_owned()))
    }

    fn refused() -> Result<(), SendError> {
        Err(SendError::Refused("rejected".to_owned()))
    }

    #[tokio::test]
    async fn a_message_is_sent_once_however_often_it_is_redelivered() {
        let (mailer, outbox) = (mailer([]), Memory::with([envelope("1")]));
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Sent);
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Gone);
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Gone);
        assert_eq!(sent(&mailer), ["1"]);
        assert_eq!(outbox.state("1"), None);
    }

    #[tokio::test]
    async fn a_temporary_failure_gives_the_message_back() {
        let (mailer, outbox) = (mailer([later()]), Memory::with([envelope("1")]));
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Later);
        assert_eq!(outbox.state("1"), Some(false));
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Sent);
        assert_eq!(sent(&mailer), ["1"]);
    }

    #[tokio::test]
    async fn a_refused_message_stays_in_the_outbox_and_holds_nobody_up() {
        let (mailer, outbox) = (mailer([refused()]), Memory::with([envelope("1")]));
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Refused);
        assert_eq!(outbox.state("1"), Some(false));
        assert!(sent(&mailer).is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_rendered_is_refused_unsent() {
        let hostile = Envelope { to: Recipient::Email("a@b.c, d@e.f".to_owned()), ..envelope("1") };
        let (mailer, outbox) = (mailer([]), Memory::with([hostile]));
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Refused);
        assert_eq!(outbox.state("1"), Some(false));
        assert!(sent(&mailer).is_empty());
    }

    #[tokio::test]
    async fn a_message_that_another_delivery_has_is_not_given_up() {
        let (mailer, outbox) = (mailer([]), Memory::with([envelope("1")]));
        outbox.claim("1").await.unwrap();
        assert_eq!(mailer.deliver(&outbox, "1").await, Delivery::Later);
        assert_eq!(outbox.state("1"), Some(true));
        assert!(sent(&mailer).is_empty());
    }

    #[tokio::test]
    async fn an_outbox_that_fails_is_asked_again_later_where_that_helps_but_never_after_sending() {
        for (verb, answer, expected, sends) in [
            ("claim", Ok(()), Delivery::Later, 0),
            ("open", Ok(()), Delivery::Refused, 0),
            ("delivered", Ok(()), Delivery::Sent, 1),
            ("release", later(), Delivery::Later, 0),
            ("release", refused(), Delivery::Refused, 0),
        ] {
            let outbox = Memory { fails: Some(verb), ..Memory::with([envelope("1")]) };
            let mailer = mailer([answer]);
            assert_eq!(mailer.deliver(&outbox, "1").await, expected, "{verb}");
            assert_eq!(sent(&mailer).len(), sends, "{verb}");
        }
    }
}

//! Reading mail and texts where the local stack catches them, through Mailpit's API.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::wire;

/// How long a message may take to arrive, if a delivery failed the first time: the outbox is searched every second.
const PATIENCE: Duration = Duration::from_secs(10);

/// The inbox of a stack.
#[derive(Clone, Debug)]
pub struct Inbox {
    address: String,
}

/// A mail or a text that was caught.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who gets it: an address or a number.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML; empty for texts.
    pub html: String,
}

impl Inbox {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Everything that came, the oldest first.
    pub async fn all(&self) -> Vec<Mail> {
        let list = self.ask(Method::GET, "/api/v1/messages?limit=1000").await;
        let mut mails = Vec::new();
        for message in list["messages"].as_array().unwrap().iter().rev() {
            let id = message["ID"].as_str().unwrap();
            let message = self.ask(Method::GET, &format!("/api/v1/message/{id}")).await;
            let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            mails.push(Mail {
                to: message["To"][0]["Address"].as_str().unwrap().to_owned(),
                subject: text("Subject"),
                text: text("Text"),
                html: text("HTML"),
            });
        }
        mails
    }

    /// Everything that came, the oldest first; the inbox is empty then.
    pub async fn take(&self) -> Vec<Mail> {
        let mails = self.all().await;
        let request = Request::delete("/api/v1/messages").header("host", &self.address).body(Bytes::new());
        let response = wire::send(&self.address, request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        mails
    }

    /// The one mail that came; the inbox is empty then. Fails unless it is the only one, and for this address.
    pub async fn only(&self, to: &str) -> Mail {
        let mut mails = self.take().await;
        assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [to], "{mails:#?}");
        mails.remove(0)
    }

    /// The one mail that came for this address, besides those for others; the inbox is empty then.
    pub async fn only_to(&self, to: &str) -> Mail {
        let mut mails = self.take().await;
        mails.retain(|mail| mail.to == to);
        assert_eq!(mails.len(), 1, "{mails:#?}");
        mails.remove(0)
    }

    /// Fails if anything came.
    pub async fn is_empty(&self) {
        let mails = self.all().await;
        assert!(mails.is_empty(), "{mails:#?}");
    }

    /// Waits until this many have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let began = tokio::time::Instant::now();
        loop {
            let mails = self.all().await;
            if mails.len() >= count || began.elapsed() > PATIENCE {
                assert_eq!(mails.len(), count, "{mails:#?}");
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ask(&self, method: Method, path: &str) -> Value {
        let request = Request::builder().method(method).uri(path).header("host", &self.address);
        let response = wire::send(&self.address, request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(response.body()).unwrap()
    }
}

impl Mail {
    /// The code in it: on a line of its own in a mail, the first word of a text.
    #[track_caller]
    pub fn code(&self) -> String {
        let is_code = |text: &&str| {
            text.len() >= 6 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
        };
        let words = self.text.lines().map(str::trim).chain(self.text.split_whitespace());
        let mut codes = words.filter(is_code);
        codes.next().unwrap_or_else(|| panic!("no code in {}", self.text)).to_owned()
    }

    /// The key at the end of the link in it.
    #[track_caller]
    pub fn key(&self) -> String {
        let link = self.link();
        let (_, key) = link.rsplit_once(['/', '#']).unwrap();
        percent_decode_str(key).decode_utf8().unwrap().into_owned()
    }

    /// The link in it.
    #[track_caller]
    pub fn link(&self) -> &str {
        let mut words = self.text.split_whitespace();
        words.find(|word| word.starts_with("http")).unwrap_or_else(|| panic!("no link in {}", self.text))
    }

    /// Whether a key or a code is in it.
    pub fn is_secret(&self) -> bool {
        ["/verify-email/", "/reset/key/", "/invitation#"].iter().any(|link| self.text.contains(link))
    }
}

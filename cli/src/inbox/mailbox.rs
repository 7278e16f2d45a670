//! The messages that were caught, oldest first, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use lambda_http::BoxFuture;
use serde_json::Value;
use vestibule::clock::Clock;
use vestibule::domain::time::Timestamp;
use vestibule::random::Random;

/// Older messages than this many are forgotten: a load test shall not fill the memory.
const CAPACITY: usize = 5_000;

/// A message as it was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaughtMessage {
    /// `Name <address>` or an address alone.
    pub from: String,
    /// Addresses, or a phone number for a text message.
    pub to: Vec<String>,
    /// Addresses that get a copy.
    pub cc: Vec<String>,
    /// Addresses that get a copy unseen.
    pub bcc: Vec<String>,
    /// Where answers go.
    pub reply_to: Vec<String>,
    /// The subject; text messages have a made-up one.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, if there is any.
    pub html: String,
    /// Whether it is an event on a bus, and no message.
    pub is_event: bool,
}

/// A message that was caught.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Unique in the mailbox's life.
    pub id: String,
    /// In milliseconds since 1970.
    pub created: i64,
    /// What was caught.
    pub message: CaughtMessage,
}

/// Shows a message as it comes, besides the inbox.
pub type Echo = fn(&CaughtMessage);

/// Called with the events of SES.
pub type Publish = Arc<dyn Fn(Value) -> BoxFuture<'static, ()> + Send + Sync>;

/// Keeps messages in the order in which they came.
pub struct Mailbox {
    messages: Mutex<VecDeque<Caught>>,
    clock: Clock,
    random: Random,
    echo: Option<Echo>,
    publish: Publish,
}

impl Mailbox {
    /// An empty mailbox.
    pub const fn new(clock: Clock, random: Random, echo: Option<Echo>, publish: Publish) -> Self {
        Self { messages: Mutex::new(VecDeque::new()), clock, random, echo, publish }
    }

    /// Publishes an event of SES.
    pub async fn publish(&self, event: Value) {
        (self.publish)(event).await;
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Keeps a message and returns its id.
    pub fn add(&self, message: CaughtMessage) -> String {
        if let Some(show) = self.echo {
            show(&message);
        }
        let id = format!("{:022x}", u128::from_be_bytes(self.random.bytes()) >> 40);
        let caught = Caught { id: id.clone(), created: self.clock.now().millis(), message };
        let mut messages = self.lock();
        if messages.len() >= CAPACITY {
            messages.pop_front();
        }
        messages.push_back(caught);
        id
    }

    /// How many there are, and up to `limit` of them, newest first, after leaving out `start`.
    pub fn list(&self, start: usize, limit: usize) -> (usize, Vec<Caught>) {
        let messages = self.lock();
        (messages.len(), messages.iter().rev().skip(start).take(limit).cloned().collect())
    }

    /// The message with this id, or the newest for `latest`.
    pub fn get(&self, id: &str) -> Option<Caught> {
        let messages = self.lock();
        match id {
            "latest" => messages.back().cloned(),
            _ => messages.iter().find(|caught| caught.id == id).cloned(),
        }
    }

    /// Removes the messages with these ids, or all when there are no ids.
    pub fn remove(&self, ids: &[String]) {
        self.lock().retain(|caught| !ids.is_empty() && !ids.contains(&caught.id));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Caught>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let publish: Publish = Arc::new(|_| Box::pin(async {}));
        let mailbox = Mailbox::new(Clock::system(), Random::system(), None, publish);
        let first = mailbox.add(CaughtMessage::default());
        for number in 0..CAPACITY {
            mailbox.add(CaughtMessage { subject: number.to_string(), ..CaughtMessage::default() });
        }
        assert!(mailbox.get(&first).is_none());
        let (total, newest) = mailbox.list(1, 2);
        assert_eq!(total, CAPACITY);
        let subjects: Vec<_> = newest.iter().map(|caught| caught.message.subject.as_str()).collect();
        assert_eq!(subjects, ["4998", "4997"]);
    }
}

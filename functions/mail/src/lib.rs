//! The function `mail`: renders and delivers the messages of the outbox, mails through SES, text messages through an
//! SNS topic or a Lambda function. It decides nothing about accounts: a message says what happened, the templates say it
//! in words, and the outbox says what is still to be sent. Of what SES reports, it notes who is undeliverable.
//!
//! Nothing here logs an address in full, a code, or a link.

mod catalogue;
mod delivery;
mod feedback;
mod lambda;
mod letter;
mod mailbox;
mod samples;
mod sending;
mod stream;
mod templates;

pub use catalogue::languages;
pub use delivery::{Claim, Delivery, Mailer, Outbox};
pub use feedback::{Feedback, FeedbackError, note};
pub use lambda::{REQUIREMENTS, RunError, run};
pub use letter::{Email, InvalidRecipient, RenderedMessage, TextMessage};
pub use sending::{AwsSender, SendError, Sender, TextRoute};
pub use stream::{StreamError, handle};
pub use templates::{Fault, MailerFaults, RenderError, TemplateFaults, Templates};

//! The function `events`: delivers the recorded events of accounts to an `EventBridge` bus or a URL, at least once. The table's
//! stream tells it which were recorded; what they say it reads from the table.
//!
//! Nothing here logs what an event holds.

mod bus;
mod delivery;
mod lambda;
mod stream;
mod target;
mod webhook;

pub use bus::{BusError, EventBus};
pub use delivery::{DeliveryError, deliver, replay};
pub use lambda::{REQUIREMENTS, RunError, run};
pub use stream::{UnnumberedRecord, handle};
pub use target::{EventSendError, EventTarget, EventTargetError};
pub use webhook::{Webhook, WebhookError};

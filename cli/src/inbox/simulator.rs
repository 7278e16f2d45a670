//! What SES reports of mails to `EventBridge`: for `bounce@simulator.amazonses.com` and `complaint@…`, with or without a
//! label, as its mailbox simulator does, and otherwise a delivery.
//! <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vestibule::domain::time::Timestamp;

/// The event of a mail, if the template has a rule for it.
pub fn event(to: &str, kind: &str, id: &str, sent_at: Timestamp) -> Option<Value> {
    let sent = OffsetDateTime::from_unix_timestamp_nanos(i128::from(sent_at.millis()) * 1_000_000).ok()?;
    // What becomes of a mail is not earlier than the mail; EventBridge has whole seconds.
    let reported = sent.replace_millisecond(0).ok()?.format(&Rfc3339).ok()?;
    let sent = sent.format(&Rfc3339).ok()?;
    let (local, domain) = to.rsplit_once('@')?;
    let simulated = local.split('+').next().filter(|_| domain == "simulator.amazonses.com");
    let recipients = json!([{"emailAddress": to}]);
    let (name, event, report) = match simulated {
        Some("bounce") => {
            let bounce = json!({
                "bounceType": "Permanent", "bounceSubType": "General",
                "bouncedRecipients": recipients, "timestamp": reported,
            });
            ("Email Bounced", "Bounce", bounce)
        }
        Some("complaint") => {
            let complaint = json!({"complainedRecipients": recipients, "timestamp": reported});
            ("Email Complaint Received", "Complaint", complaint)
        }
        _ if kind.starts_with("confirm_email") => {
            ("Email Delivered", "Delivery", json!({"recipients": [to], "timestamp": reported}))
        }
        _ => return None,
    };
    let mail = json!({"messageId": id, "timestamp": sent, "destination": [to], "tags": {"kind": [kind]}});
    let detail = json!({"eventType": event, "mail": mail, event.to_lowercase(): report});
    Some(json!({"source": "aws.ses", "detail-type": name, "time": reported, "detail": detail}))
}

//! What SES reports of mails that it accepted, through `EventBridge`: a bounce or a complaint marks the recipient as
//! undeliverable, a delivery clears the mark.
//! <https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html>

use std::collections::BTreeSet;

use chrono::DateTime;
use serde::Deserialize;
use vestibule::domain::email;
use vestibule::domain::time::Timestamp;
use vestibule::store::{Store, StoreError};

/// An event of SES.
#[derive(Debug, Deserialize)]
pub struct Feedback {
    time: String,
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery: Option<Delivery>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    timestamp: String,
    destination: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Recipient>,
    complaint_feedback_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    recipients: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// Why an event is not taken note of.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// A time is not in the format of RFC 3339.
    #[error("an event of SES has an invalid time: {0}")]
    Time(#[from] chrono::ParseError),
    /// The table is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What follows for the recipients.
#[derive(Debug, PartialEq, Eq)]
enum Consequence {
    /// They are undeliverable from this time on.
    Mark(Timestamp),
    /// They are no longer undeliverable, unless they were marked at this time or later.
    Clear(Timestamp),
}

/// Takes note of an event, and logs it. The same event again changes nothing.
pub async fn note(store: &Store, event: Feedback) -> Result<(), FeedbackError> {
    let ses_message_id = event.detail.mail.message_id.clone();
    let Some((consequence, reported)) = consequence(&event)? else {
        tracing::info!(ses_message_id, "reported, of no consequence");
        return Ok(());
    };
    // The server of a recipient writes whom a report names, and must not be able to name another's email address.
    let sent_to: BTreeSet<_> =
        event.detail.mail.destination.iter().filter_map(|to| email::canonical(to)).collect();
    let named: BTreeSet<_> = reported.into_iter().map(email::canonical).collect();
    for email in named {
        let Some(email) = email.filter(|email| sent_to.contains(email)) else {
            tracing::warn!(
                ses_message_id,
                "reported of an email address that the mail was not sent to: ignored"
            );
            continue;
        };
        match consequence {
            Consequence::Mark(at) => {
                store.mark_undeliverable(&email, at).await?;
                tracing::info!(
                    ses_message_id,
                    "bounced, or reported as spam: the email address is undeliverable"
                );
            }
            Consequence::Clear(before) => {
                if store.clear_undeliverable(&email, before).await? {
                    tracing::info!(ses_message_id, "delivered: the email address is no longer undeliverable");
                }
            }
        }
    }
    Ok(())
}

/// What follows from an event, and for whom; nothing, if it may pass by itself or says nothing of the recipient.
fn consequence(event: &Feedback) -> Result<Option<(Consequence, Vec<&str>)>, FeedbackError> {
    let Detail { mail, bounce, complaint, delivery } = &event.detail;
    let sent_at = time(&mail.timestamp)?;
    // AWS's time, not that of the report, which the server of a recipient writes. It has whole seconds: a bounce is not
    // earlier than its mail, so that a delivery of the same mail does not clear it.
    let marked = Consequence::Mark(time(&event.time)?.max(sent_at));
    Ok(if let Some(bounce) = bounce {
        (bounce.bounce_type == "Permanent").then(|| (marked, named(&bounce.bounced_recipients)))
    } else if let Some(complaint) = complaint {
        let withdrawn = complaint.complaint_feedback_type.as_deref() == Some("not-spam");
        (!withdrawn).then(|| (marked, named(&complaint.complained_recipients)))
    } else {
        let named =
            delivery.as_ref().map(|delivery| delivery.recipients.iter().map(String::as_str).collect());
        named.map(|named| (Consequence::Clear(sent_at), named))
    })
}

fn named(recipients: &[Recipient]) -> Vec<&str> {
    recipients.iter().map(|recipient| recipient.email_address.as_str()).collect()
}

fn time(text: &str) -> Result<Timestamp, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|time| Timestamp::from_millis(time.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// An event as AWS documents it.
    fn event(kind: &str, report: &Value) -> Value {
        json!({
            "version": "0",
            "id": "12345678-1234-1234-1234-123456789012",
            "detail-type": "Email Bounced",
            "source": "aws.ses",
            "account": "123456789012",
            "time": "2026-11-29T06:00:05Z",
            "region": "eu-west-3",
            "resources": ["arn:aws:ses:eu-west-3:123456789012:configuration-set/vestibule"],
            "detail": {
                "eventType": "Bounce",
                "mail": {
                    "timestamp": "2026-11-29T06:00:01.250Z",
                    "source": "Example <accounts@example.com>",
                    "sendingAccountId": "123456789012",
                    "messageId": "0107",
                    "destination": ["ann@example.com"],
                    "headersTruncated": false,
                    "headers": [{"name": "From", "value": "accounts@example.com"}],
                    "commonHeaders": {"to": ["ann@example.com"], "subject": "Code"},
                    "tags": {"ses:from-domain": ["example.com"], "kind": ["confirm_email"]},
                },
                kind: report,
            },
        })
    }

    fn read(event: Value) -> Result<Option<(Consequence, usize)>, String> {
        let event: Feedback = serde_json::from_value(event).map_err(|error| error.to_string())?;
        let found = consequence(&event).map_err(|error| error.to_string())?;
        Ok(found.map(|(consequence, named)| (consequence, named.len())))
    }

    fn bounce(kind: &str) -> Value {
        // Its own time is that of the recipient's server, far in the future.
        let recipient = json!({"emailAddress": "ann@example.com", "action": "failed", "status": "5.1.1"});
        event(
            "bounce",
            &json!({
                "bounceType": kind, "bounceSubType": "General", "feedbackId": "0107-1", "reportingMTA": "dns; mx",
                "bouncedRecipients": [recipient, recipient], "timestamp": "2999-01-01T00:00:00.000Z",
            }),
        )
    }

    const SENT: i64 = 1_795_932_001_250;
    const REPORTED: i64 = 1_795_932_005_000;

    #[test]
    fn only_what_is_permanent_has_consequences() {
        let marked = Some((Consequence::Mark(Timestamp::from_millis(REPORTED)), 2));
        assert_eq!(read(bounce("Permanent")), Ok(marked));
        for kind in ["Transient", "Undetermined", "permanent", ""] {
            assert_eq!(read(bounce(kind)), Ok(None), "{kind}");
        }
        let recipients = json!([{"emailAddress": "ann@example.com"}]);
        let complaint = |kind: Value| {
            read(event(
                "complaint",
                &json!({"complainedRecipients": recipients, "complaintFeedbackType": kind}),
            ))
        };
        for kind in [json!("abuse"), json!(null)] {
            assert_eq!(complaint(kind), Ok(Some((Consequence::Mark(Timestamp::from_millis(REPORTED)), 1))));
        }
        assert_eq!(complaint(json!("not-spam")), Ok(None));
        let delivered = event("delivery", &json!({"recipients": ["ann@example.com"], "smtpResponse": "250"}));
        assert_eq!(read(delivered), Ok(Some((Consequence::Clear(Timestamp::from_millis(SENT)), 1))));
        assert_eq!(read(event("open", &json!({"ipAddress": "192.0.2.1"}))), Ok(None));
    }

    #[test]
    fn a_mark_is_not_earlier_than_the_mail_so_its_own_delivery_does_not_clear_it() {
        let mut same_second = bounce("Permanent");
        same_second["time"] = "2026-11-29T06:00:01Z".into();
        let marked = Consequence::Mark(Timestamp::from_millis(SENT));
        assert_eq!(read(same_second), Ok(Some((marked, 2))));
    }

    #[test]
    fn an_event_that_cannot_be_read_says_what_is_wrong() {
        for (pointer, what) in [
            ("/time", "time"),
            ("/detail/mail", "mail"),
            ("/detail/mail/timestamp", "timestamp"),
            ("/detail/mail/destination", "destination"),
            ("/detail/bounce/bouncedRecipients", "bouncedRecipients"),
        ] {
            let mut event = bounce("Permanent");
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
            assert!(read(event).unwrap_err().contains(what), "{what}");
        }
        let mut event = bounce("Permanent");
        event["time"] = "yesterday".into();
        assert!(read(event).unwrap_err().contains("invalid time"));
    }
}

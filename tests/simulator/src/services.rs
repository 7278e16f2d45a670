//! AWS: the embedded DynamoDB with its stream, and SES, which keeps what it is sent.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vestibule_cli::database;
use vestibule_cli::serve::TEMPLATE;
use vestibule_cli::template::Template;
use vestibule_simulator_kernel::{Call, Fate, Reply, TaskId, hosts};
use vestibule_tests::Mail;

use crate::bots::BotCheck;
use crate::hook::Hook;
use crate::provider::Provider;
use crate::table::ItemKey;
use crate::vault::Vault;

/// The prefix of messages of the outbox.
const OUTBOX: &str = "OUTBOX#";
/// The prefix of events.
pub const EVENT: &str = "EVENT#";

/// The name of the table.
pub const TABLE_NAME: &str = "vestibule";

/// The properties of the table, read once: the template is long.
static TABLE: LazyLock<Value> = LazyLock::new(|| {
    let parameters = [("AllowedOrigins", "https://app.example"), ("SenderAddress", "site@example.com")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Template::read(TEMPLATE, &parameters).expect("the template of the project").table
});

/// AWS.
pub struct Services {
    database: Database,
    /// The site's own hook.
    pub hook: Hook,
    /// The bot check.
    pub bots: BotCheck,
    /// Secrets Manager.
    pub vault: Vault,
    /// The service that people log in with.
    pub provider: Provider,
    /// The mails that were accepted, in that order.
    pub mails: Vec<Mail>,
    /// The deliveries that sent them.
    pub senders: Vec<TaskId>,
    /// The events that were delivered, as their consumers get them.
    pub delivered: Vec<Value>,
    /// The messages that were put into the outbox, and not yet taken from here.
    pub messages: Vec<ItemKey>,
    /// The events that were recorded, and not yet taken from here.
    pub recorded: Vec<ItemKey>,
    known: BTreeSet<ItemKey>,
    written: BTreeSet<ItemKey>,
    /// What happened to each call, for the trace.
    pub log: Vec<String>,
}

impl Services {
    /// With an empty table, as the template describes it.
    pub fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
        database::ensure_table(&database, TABLE_NAME, &TABLE).expect("the table of the template");
        Self {
            database,
            hook: Hook::default(),
            bots: BotCheck::default(),
            vault: Vault::default(),
            provider: Provider::default(),
            mails: Vec::new(),
            senders: Vec::new(),
            delivered: Vec::new(),
            messages: Vec::new(),
            recorded: Vec::new(),
            known: BTreeSet::new(),
            written: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    /// Carries out a call, or fails as its fate says.
    pub fn serve(&mut self, call: &Call) -> Reply {
        let done = if call.fate.is_done() { self.carry_out(call) } else { refusal(call) };
        let status = if let Reply::Response(status, _) = &done { *status } else { 0 };
        self.log.push(format!(
            "    {}.{} call {} of {}.{}: {:?}, {status}",
            call.host, call.operation, call.number, call.task.0, call.task.1, call.fate
        ));
        if call.fate == Fate::AnswerLost { Reply::Broken } else { done }
    }

    /// How many messages were ever put into the outbox.
    pub fn count_messages(&self) -> usize {
        self.known.iter().filter(|key| key.0.starts_with(OUTBOX)).count()
    }

    /// What was written since this was last asked: the items as they are now, none where one was deleted.
    pub fn written(&mut self) -> Vec<(ItemKey, Option<Value>)> {
        let written = std::mem::take(&mut self.written);
        let read = |key: ItemKey| {
            let request = json!({"TableName": TABLE_NAME, "Key": {"pk": {"S": key.0}, "sk": {"S": key.1}}});
            let mut answer = self.ask(Database::get_item, &request.to_string()).1;
            (key, answer.get_mut("Item").map(Value::take))
        };
        written.into_iter().map(read).collect()
    }

    /// All items of the table, in the order of their keys.
    pub fn items(&self) -> Vec<Value> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({"TableName": TABLE_NAME});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page: Value = self.ask(Database::scan, &request.to_string()).1;
            items.extend(page["Items"].as_array().cloned().unwrap_or_default());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                let text = |value: &Value| value["S"].as_str().unwrap_or_default().to_owned();
                items.sort_by_key(|item| (text(&item["pk"]), text(&item["sk"])));
                return items;
            }
        }
    }

    fn carry_out(&mut self, call: &Call) -> Reply {
        if [hosts::MAIL, hosts::TEXTS].contains(&call.host.as_str()) {
            self.senders.push(call.task);
        }
        match call.host.as_str() {
            hosts::MAIL => return self.accept(&call.body),
            hosts::TEXTS => return self.publish(&call.body),
            hosts::BUS => return self.put_events(&call.body),
            hosts::HOOK => return Reply::Response(200, self.hook.answer(call).to_string()),
            hosts::BOTS => return Reply::Response(200, self.bots.answer(call).to_string()),
            hosts::PROVIDER => return self.provider.answer(call),
            hosts::SECRETS => return self.vault.answer(call),
            _ => {}
        }
        let body = String::from_utf8_lossy(&call.body);
        let (status, answer) = match call.operation.as_str() {
            "GetItem" => self.ask(Database::get_item, &body),
            "BatchGetItem" if call.fate == Fate::ReadsHalf => self.read_half(&body),
            "BatchGetItem" => self.ask(Database::batch_get_item, &body),
            "PutItem" => self.ask(Database::put_item, &body),
            "UpdateItem" => self.ask(Database::update_item, &body),
            "DeleteItem" => self.ask(Database::delete_item, &body),
            "Query" => self.ask(Database::query, &body),
            "Scan" => self.ask(Database::scan, &body),
            "TransactWriteItems" => self.ask(Database::transact_write_items, &body),
            other => panic!("no function is expected to call {other} of {}", call.host),
        };
        if status == 200 {
            self.note(&call.operation, &body);
        }
        Reply::Response(status, answer.to_string())
    }

    /// Reads the first half of the items, and tells which were not read.
    fn read_half(&self, body: &str) -> (u16, Value) {
        let mut request: Value = serde_json::from_str(body).expect("the SDK makes whole requests");
        let keys = request["RequestItems"][TABLE_NAME]["Keys"].as_array_mut().expect("keys");
        let rest = keys.split_off(keys.len().div_ceil(2));
        let (status, mut answer) = self.ask(Database::batch_get_item, &request.to_string());
        if !rest.is_empty() {
            request["RequestItems"][TABLE_NAME]["Keys"] = rest.into();
            answer["UnprocessedKeys"] = request["RequestItems"].take();
        }
        (status, answer)
    }

    fn ask<Q: DeserializeOwned, A: Serialize>(
        &self,
        operation: impl FnOnce(&Database, Q) -> Result<A, DynoxideError>,
        body: &str,
    ) -> (u16, Value) {
        let request = serde_json::from_str(body).expect("the SDK makes whole requests");
        match operation(&self.database, request) {
            Ok(answer) => (200, serde_json::to_value(answer).expect("an answer is JSON")),
            Err(error) => {
                (error.status_code(), serde_json::from_str(&error.to_json()).expect("an error is JSON"))
            }
        }
    }

    /// Does what the stream does: tells what was written, and which messages were put into the outbox.
    fn note(&mut self, operation: &str, body: &str) {
        let mut body: Value = serde_json::from_str(body).expect("it was carried out");
        let writes: Vec<(String, Value)> = match operation {
            "PutItem" => vec![("Put".to_owned(), body)],
            "UpdateItem" | "DeleteItem" => vec![("Update".to_owned(), body)],
            "TransactWriteItems" => {
                let items = body["TransactItems"].as_array_mut().map(std::mem::take).unwrap_or_default();
                items.into_iter().filter_map(|item| item.as_object()?.clone().into_iter().next()).collect()
            }
            _ => Vec::new(),
        };
        for (kind, write) in writes {
            let key = if kind == "Put" { &write["Item"] } else { &write["Key"] };
            let text = |name: &str| key[name]["S"].as_str().unwrap_or_default().to_owned();
            let key = (text("pk"), text("sk"));
            let reader = match &key.0 {
                pk if pk.starts_with(OUTBOX) => Some(&mut self.messages),
                pk if pk.starts_with(EVENT) => Some(&mut self.recorded),
                _ => None,
            };
            // A transaction that is sent again is carried out once.
            if let Some(reader) = reader.filter(|_| kind == "Put" && self.known.insert(key.clone())) {
                reader.push(key.clone());
            }
            self.written.insert(key);
        }
    }

    fn put_events(&mut self, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).expect("the SDK makes whole requests");
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        let event = |entry: &Value| serde_json::from_str(entry["Detail"].as_str()?).ok();
        self.delivered.extend(entries.iter().map(|entry| event(entry).expect("an event is JSON")));
        let results: Vec<Value> = entries.iter().map(|_| json!({"EventId": "simulated"})).collect();
        Reply::Response(200, json!({"FailedEntryCount": 0, "Entries": results}).to_string())
    }

    fn publish(&mut self, body: &[u8]) -> Reply {
        let message = form_urlencoded::parse(body).find(|(name, _)| name == "Message").expect("a message");
        let message: Value = serde_json::from_str(&message.1).expect("the message is JSON");
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let (to, text) = (text("phone"), text("text"));
        self.mails.push(Mail { to, subject: String::new(), text, html: String::new() });
        Reply::Response(200, format!("<MessageId>{}</MessageId>", self.mails.len()))
    }

    fn accept(&mut self, body: &[u8]) -> Reply {
        let mail: Value = serde_json::from_slice(body).expect("the SDK makes whole requests");
        let content = &mail["Content"]["Simple"];
        let text = |value: &Value| value["Data"].as_str().unwrap_or_default().to_owned();
        self.mails.push(Mail {
            to: mail["Destination"]["ToAddresses"][0].as_str().unwrap_or_default().to_owned(),
            subject: text(&content["Subject"]),
            text: text(&content["Body"]["Text"]),
            html: text(&content["Body"]["Html"]),
        });
        Reply::Response(200, json!({"MessageId": self.mails.len().to_string()}).to_string())
    }
}

/// What comes back when nothing is done.
fn refusal(call: &Call) -> Reply {
    let refused = |status, kind: &str| {
        let body =
            json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "simulated"});
        Reply::Response(status, body.to_string())
    };
    match call.fate {
        Fate::Fails => refused(500, "InternalServerError"),
        Fate::Throttled => refused(400, "ThrottlingException"),
        Fate::Conflicts => {
            let body: Value = serde_json::from_slice(&call.body).expect("the SDK makes whole requests");
            let count = body["TransactItems"].as_array().map_or(0, Vec::len);
            let reasons = vec![json!({"Code": "TransactionConflict", "Message": "simulated"}); count];
            let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
            let body = json!({"__type": kind, "Message": "simulated", "CancellationReasons": reasons});
            Reply::Response(400, body.to_string())
        }
        _ => Reply::Broken,
    }
}

//! The stream of the table: it tells the functions `mail` and `events` what was put into the table, late, in any order, and
//! now and then twice.

use serde_json::{Value, json};
use vestibule_simulator_kernel::{Dice, Outcome, Task};
use vestibule_simulator_release::{EVENTS, MAIL};

use crate::processes::Processes;
use crate::table::ItemKey;

/// What follows the numbers of requests among the tasks of a round.
pub const DELIVERIES: u32 = 10;

/// A function that reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// It delivers the messages of the outbox.
    Mail,
    /// It delivers the events of accounts.
    Events,
}

/// What is still to be told.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    messages: Vec<ItemKey>,
    events: Vec<ItemKey>,
}

/// A batch of records under way, and what of it is to be told again.
pub struct Batch {
    reader: Reader,
    keys: Vec<ItemKey>,
    left: Outcome<Vec<ItemKey>>,
}

impl Stream {
    /// What is still to be told to a function.
    pub fn left(&mut self, reader: Reader) -> &mut Vec<ItemKey> {
        match reader {
            Reader::Mail => &mut self.messages,
            Reader::Events => &mut self.events,
        }
    }

    /// Whether everything was told, and taken.
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.events.is_empty()
    }

    /// Begins to tell some of it.
    pub fn deliver(
        &mut self,
        round: u32,
        processes: &mut Processes,
        dice: &mut Dice,
        tasks: &mut Vec<Task>,
    ) -> Vec<Batch> {
        let mut batches = Vec::new();
        for (number, reader) in (0..).zip([Reader::Mail, Reader::Mail, Reader::Events, Reader::Events]) {
            let keys = self.draw(reader, dice);
            if keys.is_empty() {
                continue;
            }
            let told = tell(reader, keys.clone(), processes);
            let (task, left) = Task::new((round, DELIVERIES + number), told);
            tasks.push(task);
            batches.push(Batch { reader, keys, left });
        }
        batches
    }

    /// Takes back what failed, or was not answered for.
    pub fn settle(&mut self, batches: Vec<Batch>) {
        for batch in batches {
            self.left(batch.reader).extend(batch.left.take().unwrap_or(batch.keys));
        }
    }

    fn draw(&mut self, reader: Reader, dice: &mut Dice) -> Vec<ItemKey> {
        let left = self.left(reader);
        let mut drawn = Vec::new();
        while !left.is_empty() && !dice.one_in(4) {
            let key = left.swap_remove(dice.below(left.len()));
            if dice.one_in(6) {
                left.push(key.clone());
            }
            drawn.push(key);
        }
        drawn
    }
}

/// Tells a function of new items. What it comes to is what must be told again.
fn tell(
    reader: Reader,
    keys: Vec<ItemKey>,
    processes: &mut Processes,
) -> impl Future<Output = Vec<ItemKey>> + Send + 'static {
    let function = match reader {
        Reader::Mail => MAIL,
        Reader::Events => EVENTS,
    };
    let handled = processes.get((function, 0)).handle(records(&keys));
    async move {
        let answer = handled.await.expect("it starts without any call that could fail");
        let failed = failed(&keys, &answer);
        match reader {
            Reader::Mail => failed,
            Reader::Events => {
                // Lambda sends the rest again from the first failed one on.
                let first = failed.first().and_then(|key| keys.iter().position(|it| it == key));
                first.map(|first| keys[first..].to_vec()).unwrap_or_default()
            }
        }
    }
}

fn failed(keys: &[ItemKey], answer: &Value) -> Vec<ItemKey> {
    let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
    let numbers = failures.filter_map(|failure| failure["itemIdentifier"].as_str());
    numbers.filter_map(|number| keys.get(number.parse::<usize>().ok()?).cloned()).collect()
}

/// The records of the stream that tell of new items; the number of each is its place.
fn records(keys: &[ItemKey]) -> Value {
    let record = |(number, (pk, sk)): (usize, &ItemKey)| {
        json!({
            "eventID": pk, "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "local", "eventSourceARN": "arn:aws:dynamodb:local:000000000000:table/vestibule",
            "dynamodb": {
                "ApproximateCreationDateTime": 0, "SequenceNumber": number.to_string(), "SizeBytes": 1,
                "StreamViewType": "KEYS_ONLY", "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
            },
        })
    };
    let records: Vec<Value> = keys.iter().enumerate().map(record).collect();
    json!({"Records": records})
}

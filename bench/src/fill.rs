//! Many accounts at once: copies of one that an operator has made, as a million of them would take hours to make so.

use dynoxide::{Database, ImportOptions, Item};
use serde_json::{Value, json};

use crate::aws::TABLE;

/// The email address of the account that is copied.
pub const MODEL: &str = "user0@example.com";
/// How many are put into the table at once.
const PART: usize = 10_000;

/// Copies the only account of the table so many times.
pub fn copy_account(database: &Database, times: u32) -> Result<(), Box<dyn std::error::Error>> {
    let page = database.scan(serde_json::from_value(json!({"TableName": TABLE}))?)?;
    let page = serde_json::to_value(page)?;
    let items = page.get("Items").and_then(Value::as_array).ok_or("an empty table")?;
    let id = items.iter().find_map(account_of).ok_or("no account")?;
    // What differs is the end of the id, as of accounts that were made at once.
    let (start, _) = id.split_at_checked(id.len().saturating_sub(12)).ok_or("a short id")?;
    let numbers: Vec<u32> = (1..=times).collect();
    for part in numbers.chunks(PART) {
        let copies = part.iter().flat_map(|number| {
            let (other, email) = (format!("{start}{number:012x}"), format!("user{number}@example.com"));
            let copy = move |item: &Value| item.to_string().replace(id, &other).replace(MODEL, &email);
            items.iter().map(copy)
        });
        let copies: Vec<Item> = copies.map(|copy| serde_json::from_str(&copy)).collect::<Result<_, _>>()?;
        database.import_items(TABLE, copies, ImportOptions::default())?;
    }
    Ok(())
}

fn account_of(item: &Value) -> Option<&str> {
    item.pointer("/pk/S")?.as_str()?.strip_prefix("USER#")
}

//! The description of the API that the function `config` has is the one that the functions give of themselves.

use std::path::PathBuf;

use serde_json::Value;
use vestibule::http::openapi;

/// `make docs` runs this test with UPDATE=1.
#[test]
fn the_description_is_up_to_date() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/config/openapi.json"));
    let described = openapi::document(&vestibule_cli::routes());
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&described).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let written: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert!(written == described, "functions/config/openapi.json is stale: run `make docs` and commit it");
}

//! The description of the API that the function `config` has is the one that the functions give of themselves.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use vestibule::http::openapi;

fn described() -> Value {
    openapi::document(&vestibule_cli::routes())
}

/// `make docs` runs this test with UPDATE=1.
#[test]
fn the_description_is_up_to_date() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json"));
    let described = described();
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&described).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let written: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert!(written == described, "docs/openapi.json is stale: run `make docs` and commit it");
}

/// Generated clients name their functions by them.
#[test]
fn every_operation_has_a_name_of_its_own() {
    let described = described();
    let paths = described["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<_> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic())), "{names:?}");
}

/// Of two types with one name, one would be called by a number.
#[test]
fn every_shape_has_a_name_of_its_own() {
    let described = described();
    let names = described["components"]["schemas"].as_object().unwrap().keys();
    // A status, of three digits, tells apart the responses of one schema.
    let digits = |name: &str| name.len() - name.trim_end_matches(|last: char| last.is_ascii_digit()).len();
    let is_numbered = |name: &&String| digits(name) % 3 != 0;
    assert_eq!(names.filter(is_numbered).collect::<Vec<_>>(), [""; 0]);
}

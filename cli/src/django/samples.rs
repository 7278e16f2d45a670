//! What the tests of this module have in common: a dump that the real django-allauth has made, and how to read it.

use std::collections::HashMap;
use std::path::PathBuf;

use vestibule::settings::Settings;

use crate::arguments::DjangoColumns;

pub(super) fn testdata(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "testdata/django", name].iter().collect()
}

pub(super) fn columns() -> DjangoColumns {
    DjangoColumns {
        user_model: "refserver.User".to_owned(),
        phone_field: Some("phone".to_owned()),
        phone_verified_field: Some("phone_verified".to_owned()),
        fields: vec![("first_name".to_owned(), "given_name".to_owned())],
        ..DjangoColumns::default()
    }
}

pub(super) fn settings() -> Settings {
    let variables = [("MFA_WEBAUTHN_RP_ID", "example.com"), ("FRONTEND_URL", "https://app.example.com")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::read(HashMap::from(variables)).unwrap().settings
}

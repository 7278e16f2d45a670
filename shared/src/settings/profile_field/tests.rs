use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::settings::Settings;

fn settings(value: &str) -> Result<ProfileFields, String> {
    let variables = [("ACCOUNT_PROFILE_FIELDS".to_owned(), value.to_owned())];
    match Settings::read(variables) {
        Ok(loaded) => Ok(loaded.settings.account.profile_fields),
        Err(errors) => Err(errors.to_string()),
    }
}

#[test]
fn fields_of_all_types_are_read() {
    let fields = settings(
        r#"{
            "first_name": {"type": "text", "max": 150, "help": "As in letters."},
            "plate": {"type": "text", "pattern": "[A-Z]{2}|[0-9]{2}"},
            "terms": {"type": "boolean", "must_be": true, "write": "signup"},
            "age": {"type": "integer", "min": 18},
            "born": {"type": "date", "max": "2010-01-01"},
            "color": {"type": "choice", "choices": ["red", "blue"], "default": "red"},
            "terms_seen": {"type": "consent", "version": "2026-11", "required": true}
        }"#,
    )
    .unwrap();
    let names = |part| fields.of(part).map(|field| field.name.as_str()).collect::<Vec<_>>();
    let all = ["age", "born", "color", "first_name", "plate", "terms", "terms_seen"];
    assert_eq!(names(ProfilePart::Signup), all);
    assert_eq!(names(ProfilePart::Shown), all);
    assert_eq!(names(ProfilePart::Change), ["age", "born", "color", "first_name", "plate", "terms_seen"]);
    assert!(fields.get("terms").unwrap().required && !fields.are_complete(&ProfileValues::new()));
    let shown = fields.shown(&ProfileValues::from([("age".to_owned(), json!(20))]));
    assert_eq!(
        Value::Object(shown),
        json!({"age": 20, "born": null, "color": "red", "first_name": null, "plate": null, "terms": false, "terms_seen": null})
    );
    // The whole text matches, whichever branch of the pattern does.
    let plate = |text: &str| fields.get("plate").unwrap().kind.text_refusals(text).is_empty();
    assert!(plate("AB") && plate("12") && !plate("AB1") && !plate("112") && !plate("AB\n"));
}

#[test]
fn what_operators_write_or_read_alone_is_no_member_of_the_users() {
    let fields = settings(
        r#"{
            "role": {"type": "text", "default": "customer", "write": "operator"},
            "referral": {"type": "text", "write": "signup", "read": "operator"},
            "score": {"type": "integer", "write": "operator", "read": "operator"},
            "terms": {"type": "consent", "version": "1"}
        }"#,
    )
    .unwrap();
    let names = |part| fields.of(part).map(|field| field.name.as_str()).collect::<Vec<_>>();
    for (part, expected) in [
        (ProfilePart::Signup, vec!["referral", "terms"]),
        (ProfilePart::Change, vec!["terms"]),
        (ProfilePart::Shown, vec!["role", "terms"]),
        (ProfilePart::Listed, vec!["referral", "role", "terms"]),
        (ProfilePart::Operator, vec!["referral", "role", "score"]),
    ] {
        assert_eq!(names(part), expected, "{part:?}");
    }
    let profile = ProfileValues::from([("score".to_owned(), json!(7)), ("referral".to_owned(), json!("x"))]);
    assert_eq!(Value::Object(fields.shown(&profile)), json!({"role": "customer", "terms": null}));
}

#[test]
fn what_a_provider_tells_is_taken_where_the_field_allows_it() {
    let fields = settings(
        r#"{
            "first_name": {"type": "text", "max": 5, "required": true, "from_provider": true},
            "last_name": {"type": "text"},
            "locale": {"type": "choice", "choices": ["en", "nl"], "from_provider": true},
            "picture": {"type": "text", "from_provider": true, "write": "operator"}
        }"#,
    )
    .unwrap();
    let told = |first: &str, locale: &str, picture: &str| {
        let [first_name, locale, picture] = [first, locale, picture].map(|text| Some(text.to_owned()));
        fields.told(&Profile {
            first_name,
            locale,
            picture,
            last_name: Some("Lee".into()),
            ..Profile::default()
        })
    };
    let all = told(" Ann ", "nl", "https://s.example/a");
    assert_eq!(json!(all), json!({"first_name": "Ann", "locale": "nl", "picture": "https://s.example/a"}));
    assert!(fields.are_complete(&all));
    let wrong = told("Annabel", "nl-NL", "http://s.example/a");
    assert_eq!(json!(wrong), json!({}));
    assert!(!fields.are_complete(&wrong));
    assert_eq!(json!(told("A\0", "", " ")), json!({}));
}

#[test]
fn all_faults_are_told_at_once() {
    let faults = settings(
        r#"{
            "Age": {"type": "integer"},
            "color": {"type": "choice", "choices": []},
            "email": {"type": "text"},
            "locale": {"type": "boolean", "from_provider": true},
            "nickname": {"type": "text", "from_provider": true},
            "limits": {"type": "integer", "min": 5, "max": 4},
            "long": {"type": "text", "max": 4001},
            "open": {"type": "text", "pattern": "a)|(?:b"},
            "none": 1,
            "since": {"type": "date", "min": "2026-02-30"},
            "terms": {"type": "boolean", "must_be": true, "default": true},
            "typed": {"type": "email"},
            "vip": {"type": "boolean", "must_be": true, "write": "operator"},
            "waiver": {"type": "consent", "version": "1", "write": "operator"},
            "when": {"type": "consent", "max": 3},
            "word": {"type": "text", "max": 3, "default": "long", "write": "admin", "read": 1, "required": "yes"}
        }"#,
    )
    .unwrap_err();
    for expected in [
        "not \"Age\"",
        "must have a list of one or more texts as \"choices\" in \"color\"",
        "must not name a field \"email\", which the API uses itself",
        "\"min\" at most \"max\", in \"limits\"",
        "whole numbers from 0 to 4000 as \"min\" and \"max\", \"min\" at most \"max\", in \"long\"",
        "must have a regular expression as \"pattern\"",
        "must have an object as \"none\"",
        "must have a date such as \"2026-11-29\" as \"min\" in \"since\"",
        "must not have a \"default\" where a value is required, in \"terms\"",
        "as \"type\" in \"typed\"",
        "must not have \"max\", which the type \"consent\" does not know, in \"when\"",
        "must have the \"version\" of the text that is agreed to in \"when\"",
        "must have a value that the field itself allows as \"default\" in \"word\"",
        "must not have \"from_provider\" but for text or a choice with one of the names \
         [\"first_name\", \"last_name\", \"locale\", \"name\", \"picture\"], in \"locale\"",
        "in \"nickname\"",
        "must not require a value where only operators write, in \"vip\"",
        "must not let operators write a \"consent\", which is the user's own, in \"waiver\"",
        "must have one of [\"user\", \"signup\", \"operator\"] as \"write\" in \"word\"",
        "must have one of [\"user\", \"operator\"] as \"read\" in \"word\"",
        "must have true or false as \"required\" in \"word\"",
    ] {
        assert!(faults.contains(expected), "{expected}\n{faults}");
    }
    assert!(settings("[]").is_err());
    let many: Map<_, _> = (0..=MOST_FIELDS).map(|at| (format!("f{at}"), json!({"type": "text"}))).collect();
    assert!(settings(&Value::Object(many).to_string()).unwrap_err().contains("at most 50 fields, not 51"));
    let pattern = json!({"name": {"type": "text", "pattern": "a".repeat(201)}}).to_string();
    assert!(settings(&pattern).unwrap_err().contains("at most 200 characters as \"pattern\""));
    let pattern = json!({"name": {"type": "text", "pattern": "(a{1000}){1000}"}}).to_string();
    assert!(settings(&pattern).unwrap_err().contains("must have a regular expression"));
}

#[test]
fn no_field_takes_the_place_of_a_member_of_the_contract() {
    let described: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let schemas = &described["components"]["schemas"];
    let parts = ["BaseSignup", "PasskeySignup", "ProviderSignup", "Signup", "User"].map(|name| {
        let parts = schemas[name]["allOf"].as_array().cloned().unwrap_or_default();
        [parts, vec![schemas[name].clone()]].concat()
    });
    let objects = parts.iter().flatten().filter_map(|part| part["properties"].as_object());
    let members: Vec<&String> = objects.flat_map(Map::keys).collect();
    for expected in
        ["email", "email2", "username", "phone", "password", "id", "display", "has_usable_password"]
    {
        assert!(members.iter().any(|member| *member == expected), "{expected}: {members:?}");
    }
    for name in members {
        // A name with other letters is none of a field's anyway.
        let refused = settings(&json!({name: {"type": "text"}}).to_string());
        assert!(refused.is_err(), "{name}");
    }
    let honeypot = [
        ("ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", "nick"),
        ("ACCOUNT_PROFILE_FIELDS", r#"{"nick": {"type": "text"}}"#),
    ];
    let honeypot = honeypot.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(Settings::read(honeypot).unwrap_err().to_string().contains("no sign-up would succeed"));
}

proptest! {
    #[test]
    fn any_limits_are_read_or_refused(min in any::<i64>(), max in any::<i64>(), kind in "text|integer|date|choice") {
        let declared = json!({"field": {"type": kind, "min": min, "max": max}}).to_string();
        let is_right = match kind.as_str() {
            "text" => (0..=LONGEST_TEXT).contains(&min) && (min..=LONGEST_TEXT).contains(&max),
            "integer" => (-LARGEST..=LARGEST).contains(&min) && (min..=LARGEST).contains(&max),
            _ => false,
        };
        prop_assert_eq!(settings(&declared).is_ok(), is_right);
    }
}

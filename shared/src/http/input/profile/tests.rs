use proptest::prelude::*;

use super::super::json::Object;
use super::*;
use crate::settings::Settings;

/// The fields of a form that the reference was asked about: django-allauth 65.22.1 with `ACCOUNT_SIGNUP_FORM_CLASS`.
const FIELDS: &str = r#"{
    "age": {"type": "integer", "min": 18, "max": 99, "required": true},
    "born": {"type": "date", "min": "1900-01-01"},
    "slug": {"type": "text", "pattern": "[a-z]+"},
    "color": {"type": "choice", "choices": ["red", "blue"]},
    "consent": {"type": "consent", "version": "1"},
    "must_color": {"type": "choice", "choices": ["red", "blue"], "required": true},
    "news": {"type": "boolean"},
    "nick": {"type": "text", "min": 2, "max": 5, "required": true},
    "opt_age": {"type": "integer"},
    "terms": {"type": "boolean", "must_be": true}
}"#;

fn settings() -> Settings {
    Settings::read([("ACCOUNT_PROFILE_FIELDS".to_owned(), FIELDS.to_owned())]).unwrap().settings
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

/// What a form that is right but for this member makes of it: the value, or the errors.
fn one(settings: &Settings, name: &str, value: &str) -> Result<Stored, Vec<(String, String)>> {
    let usual = r#""age": 20, "nick": "abc", "terms": true, "must_color": "red""#;
    let object = Object::parse(format!("{{{usual}, \"{name}\": {value}}}").as_bytes()).unwrap();
    let mut form = Form::new(&[], &object, settings);
    let profile = form.sign_up_profile(ProfileValues::new(), now());
    match form.finish() {
        Ok(()) => Ok(profile.get(name).cloned().unwrap_or(Stored::Null)),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| {
                assert_eq!(error.param.as_deref(), Some(name));
                (error.code.into_owned(), error.message.into_owned())
            })
            .collect()),
    }
}

#[test]
fn values_are_cleaned_as_the_reference_does() {
    let settings = settings();
    for (name, value, expected) in [
        ("nick", "[1]", json!("[1]")),
        ("nick", "true", json!("True")),
        ("nick", "1.5", json!("1.5")),
        ("nick", r#""  ab ""#, json!("ab")),
        ("terms", r#""0""#, json!(true)),
        ("terms", "[1]", json!(true)),
        ("news", "false", json!(false)),
        ("news", r#""False""#, json!(false)),
        ("age", r#""20.0""#, json!(20)),
        ("age", "20.0", json!(20)),
        ("age", r#""1_9""#, json!(19)),
        ("age", r#"" 20 ""#, json!(20)),
        ("age", r#""+20""#, json!(20)),
        ("age", r#""20.""#, json!(20)),
        ("opt_age", "null", Stored::Null),
        ("opt_age", "-0.0", json!(0)),
        ("opt_age", r#""00012""#, json!(12)),
        ("born", r#"" 2020-02-28 ""#, json!("2020-02-28")),
        ("born", r#""""#, Stored::Null),
        ("color", "[]", Stored::Null),
        ("color", r#""red""#, json!("red")),
        ("slug", r#""abc\n""#, json!("abc")),
        ("consent", "true", json!({"version": "1", "at": 1_700_000_000.0})),
        ("consent", "false", Stored::Null),
    ] {
        assert_eq!(one(&settings, name, value), Ok(expected), "{name}: {value}");
    }
}

#[test]
fn errors_are_those_of_the_reference() {
    const REQUIRED: (&str, &str) = ("required", "This field is required.");
    const INTEGER: (&str, &str) = ("invalid", "Enter a whole number.");
    const DATE: (&str, &str) = ("invalid", "Enter a valid date.");
    const NUL: (&str, &str) = ("null_characters_not_allowed", "Null characters are not allowed.");
    let settings = settings();
    for (name, value, expected) in [
        ("nick", "null", vec![REQUIRED]),
        ("nick", "{}", vec![REQUIRED]),
        ("nick", "1", vec![("min_length", "Ensure this value has at least 2 characters (it has 1).")]),
        (
            "nick",
            r#"{"a": 1}"#,
            vec![("max_length", "Ensure this value has at most 5 characters (it has 8).")],
        ),
        ("nick", r#""a\u0000b""#, vec![NUL]),
        (
            "nick",
            r#""\u0000\u0000\u0000\u0000\u0000\u0000\u0000""#,
            vec![("max_length", "Ensure this value has at most 5 characters (it has 7)."), NUL],
        ),
        ("terms", "false", vec![REQUIRED]),
        ("terms", r#""FALSE""#, vec![REQUIRED]),
        ("terms", "0.0", vec![REQUIRED]),
        ("age", r#""""#, vec![REQUIRED]),
        ("age", "true", vec![INTEGER]),
        ("age", "20.5", vec![INTEGER]),
        ("age", "[20]", vec![INTEGER]),
        ("age", r#""1e2""#, vec![INTEGER]),
        ("age", "NaN", vec![INTEGER]),
        ("age", "17", vec![("min_value", "Ensure this value is greater than or equal to 18.")]),
        ("age", "1e2", vec![("max_value", "Ensure this value is less than or equal to 99.")]),
        (
            "age",
            "1000000000000000000000000000000",
            vec![("max_value", "Ensure this value is less than or equal to 99.")],
        ),
        ("born", r#""2020-02-30""#, vec![DATE]),
        ("born", r#""20200228""#, vec![DATE]),
        ("born", "20200228", vec![DATE]),
        (
            "born",
            r#""1899-12-31""#,
            vec![("min_value", "Ensure this value is greater than or equal to 1900-01-01.")],
        ),
        (
            "color",
            r#"" red ""#,
            vec![("invalid_choice", "Select a valid choice.  red  is not one of the available choices.")],
        ),
        (
            "color",
            r#"["red"]"#,
            vec![("invalid_choice", "Select a valid choice. ['red'] is not one of the available choices.")],
        ),
        ("must_color", "[]", vec![REQUIRED]),
        ("slug", r#""abc1""#, vec![("invalid", "Enter a valid value.")]),
    ] {
        let expected = expected.into_iter().map(|(code, text)| (code.to_owned(), text.to_owned())).collect();
        assert_eq!(one(&settings, name, value), Err(expected), "{name}: {value}");
    }
}

#[test]
fn a_change_touches_what_it_names_only() {
    let settings = settings();
    let change = |profile: &mut ProfileValues, body: &str| {
        let object = Object::parse(body.as_bytes()).unwrap();
        let mut form = Form::new(&[], &object, &settings);
        form.change_profile(profile, ProfilePart::Change, Timestamp::from_millis(1_800_000_000_000));
        form.finish().map_err(|errors| {
            let errors = errors
                .into_iter()
                .map(|error| format!("{}: {}", error.param.unwrap_or_default(), error.code));
            errors.collect::<Vec<_>>()
        })
    };
    let consent = json!({"version": "1", "at": 1});
    let before = ProfileValues::from([("consent".to_owned(), consent), ("earlier".to_owned(), json!(1))]);
    let mut profile = before.clone();
    change(&mut profile, r#"{"consent": true, "news": true}"#).unwrap();
    assert_eq!((&profile["consent"], &profile["earlier"]), (&before["consent"], &before["earlier"]));
    assert_eq!(profile["news"], true);
    change(&mut profile, r#"{"consent": false, "news": null}"#).unwrap();
    assert_eq!(profile, ProfileValues::from([("earlier".to_owned(), json!(1))]));
    let refused = change(&mut profile, r#"{"nick": "", "earlier": 2, "id": "x"}"#).unwrap_err();
    assert_eq!(refused, ["nick: required", "earlier: unknown_field", "id: unknown_field"]);
}

proptest! {
    #[test]
    fn what_is_accepted_is_accepted_again(name in "age|born|slug|color|must_color|news|nick|opt_age", text in ".{0,8}|[0-9.+_ -]{0,6}") {
        let settings = settings();
        if let Ok(value) = one(&settings, &name, &json!(text).to_string()) {
            prop_assert_eq!(one(&settings, &name, &value.to_string()), Ok(value));
        }
    }
}

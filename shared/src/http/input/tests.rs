use proptest::prelude::*;

use super::{
    json::{BodyError, MAX_BODY_BYTES, MAX_DEPTH},
    *,
};
use crate::settings::When;

type Errors = Vec<(String, String)>;

fn object(text: &str) -> Object {
    Object::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn errors(form: Form<'_>) -> Errors {
    let errors = form.finish().err().into_iter().flatten();
    errors.map(|error| (error.code.into_owned(), error.message.into_owned())).collect()
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(variables).unwrap().settings
}

const X: Field = Field::text("x", Text::PLAIN, "");
const FORM: &[Field] = &[X];

fn x(rules: Text) -> Field {
    Field::text("x", rules, "")
}

fn field(name: &str) -> Field {
    match name {
        "plain" => X,
        "optional" => X.optional(),
        "unstripped" => x(Text::VERBATIM),
        "at most 3" => x(Text::PLAIN.at_most(3)),
        "at most 1" => x(Text::PLAIN.at_most(1)),
        "email" => x(Text::EMAIL),
        "optional email" => x(Text::EMAIL).optional(),
        "phone" => x(Text::PHONE),
        "username of 1" | "username of 5" => x(Text::USERNAME),
        _ => panic!("no kind {name}"),
    }
}

/// What is refused here only: half a surrogate pair, numbers too long, and nesting too deep are tried below.
#[test]
fn documents_are_read_as_by_the_reference() {
    let rows: Vec<(String, String)> =
        serde_json::from_str(include_str!("../../../testdata/documents.json")).unwrap();
    for (text, expected) in rows {
        let found = match Object::parse(text.as_bytes()) {
            Ok(_) => "object",
            Err(BodyError::NotAnObject) => "other",
            Err(_) => "refused",
        };
        // An empty body is no document, but an empty object.
        let expected = if text.is_empty() { "object" } else { &expected };
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn values_are_written_as_by_python() {
    let rows: Vec<(String, String, bool, bool, bool)> =
        serde_json::from_str(include_str!("../../../testdata/values.json")).unwrap();
    let settings = settings(&[]);
    let yes = Field::new("x", Kind::Boolean, "");
    for (text, written, missing, truthy, checked) in rows {
        let object = object(&format!("{{\"x\": {text}}}"));
        let value = object.get("x").unwrap();
        assert_eq!(value.to_text(), written, "{text}");
        assert_eq!(value.is_missing(), missing, "{text}");
        assert_eq!(value.is_truthy(), truthy, "{text}");
        let read = |field: &Field| Form::new(FORM, &object, &settings).boolean(field);
        assert_eq!(read(&yes.optional()), Some(checked), "{text}");
        let required = read(&yes);
        assert_eq!(required, checked.then_some(true), "{text}");
    }
}

#[test]
fn fields_are_cleaned_as_by_the_reference() {
    let rows: Vec<(String, String, Option<String>, Errors)> =
        serde_json::from_str(include_str!("../../../testdata/fields.json")).unwrap();
    let settings = [settings(&[]), settings(&[("ACCOUNT_USERNAME_MIN_LENGTH", "5")])];
    for (name, text, cleaned, expected) in rows {
        let object = object(&text);
        let mut form = Form::new(FORM, &object, &settings[usize::from(name == "username of 5")]);
        assert_eq!(form.text(&field(&name)), cleaned, "{name} {text}");
        assert_eq!(errors(form), expected, "{name} {text}");
    }
}

fn cleaned_like(rows: &str, rules: Text, differs: impl Fn(&str) -> bool) {
    let settings = settings(&[]);
    let rows: Vec<(String, Option<String>, Errors)> = serde_json::from_str(rows).unwrap();
    for (value, cleaned, expected) in rows.into_iter().filter(|(value, ..)| !differs(value)) {
        let object = Object::from([("x", Some(value.as_str()))]);
        let mut form = Form::new(FORM, &object, &settings);
        assert_eq!(form.text(&x(rules).optional()), cleaned, "{value:?}");
        assert_eq!(errors(form), expected, "{value:?}");
    }
}

#[test]
fn emails_are_cleaned_as_by_the_reference() {
    // What no mail can be sent to is refused here, and what is a domain in two ways has one form (see `domain::email`).
    let differs = |value: &str| {
        let address = value.trim();
        !address.is_ascii()
            || address.contains(|c: char| c.is_control() || matches!(c, '"' | '['))
            || address.contains("xn--")
    };
    cleaned_like(include_str!("../../../testdata/emails.json"), Text::EMAIL, differs);
}

#[test]
fn phones_are_cleaned_as_by_the_reference() {
    let has_other_digits = |value: &str| value.contains(|c: char| !c.is_ascii() && c.is_numeric());
    cleaned_like(include_str!("../../../testdata/phones.json"), Text::PHONE, has_other_digits);
}

#[test]
fn ids_are_chosen_as_by_the_reference() {
    let rows: Vec<(String, Option<Vec<i64>>, Errors)> =
        serde_json::from_str(include_str!("../../../testdata/ids.json")).unwrap();
    let settings = settings(&[]);
    for (text, chosen, expected) in rows {
        let object = object(&format!("{{\"x\": {text}}}"));
        let mut form = Form::new(FORM, &object, &settings);
        let found = form.ids(&X, &[3, 7, 42]).map(|mut ids| {
            ids.sort_unstable();
            ids
        });
        assert_eq!(found, chosen, "{text}");
        assert_eq!(errors(form), expected, "{text}");
    }
}

#[test]
fn one_id_is_chosen_as_by_the_reference() {
    let rows: Vec<(String, Option<i64>, Errors)> =
        serde_json::from_str(include_str!("../../../testdata/choices.json")).unwrap();
    let settings = settings(&[]);
    // No id of ours is written in other digits than these.
    for (text, chosen, expected) in rows.into_iter().filter(|(text, ..)| text.is_ascii()) {
        let object = object(&format!("{{\"x\": {text}}}"));
        let mut form = Form::new(FORM, &object, &settings);
        assert_eq!(form.id(&X, &[3, 7, 42]), chosen, "{text}");
        assert_eq!(errors(form), expected, "{text}");
    }
}

#[test]
fn json_in_json_is_read_as_by_the_reference() {
    let rows: Vec<(String, Option<String>, Errors)> =
        serde_json::from_str(include_str!("../../../testdata/nested.json")).unwrap();
    let settings = settings(&[]);
    for (text, written, expected) in rows {
        let object = object(&format!("{{\"x\": {text}}}"));
        let mut form = Form::new(FORM, &object, &settings);
        assert_eq!(form.json(&X).map(|value| value.to_text().into_owned()), written, "{text}");
        assert_eq!(errors(form), expected, "{text}");
    }
}

#[test]
fn ids_that_are_missing() {
    let (object, settings) = (Object::default(), settings(&[]));
    let mut form = Form::new(FORM, &object, &settings);
    assert_eq!(form.ids(&X, &[3]), None);
    assert_eq!(errors(form), [("required".to_owned(), "This field is required.".to_owned())]);
}

#[test]
fn an_address_to_be_kept_is_not_cut_short() {
    let settings = settings(&[]);
    let refusal = |length: usize| {
        let address = format!("{}@example.com", "x".repeat(length - "@example.com".len()));
        let object = Object::from([("x", Some(address.as_str()))]);
        let mut form = Form::new(FORM, &object, &settings);
        form.text(&x(Text::NEW_EMAIL));
        errors(form).into_iter().map(|(_, message)| message).collect::<Vec<_>>()
    };
    assert_eq!(refusal(254), [""; 0]);
    assert_eq!(refusal(255), ["Ensure this value has at most 254 characters (it has 255)."]);
    assert_eq!(
        refusal(321),
        ["Enter a valid email address.", "Ensure this value has at most 320 characters (it has 321)."]
    );
}

const EMAIL: Field = Field::text("email", Text::EMAIL, "");
const PHONE: Field = Field::text("phone", Text::PHONE, "").asked(When::LoginByPhone);
const PASSWORD: Field = Field::text("password", Text::PLAIN, "");
const LOGIN: &[Field] = &[EMAIL, PHONE, PASSWORD];

#[test]
fn errors_added_later_stand_behind_those_of_their_field() {
    let (object, settings) = (object(r#"{"email": "a@example.com\u0000"}"#), settings(&[]));
    let mut form = Form::new(LOGIN, &object, &settings);
    assert_eq!(form.text(&EMAIL), None);
    assert_eq!(form.text(&PASSWORD), None);
    form.refuse_all(FieldErrorKind::InvalidLogin);
    form.refuse("email", FieldErrorKind::EmailTaken);
    assert!(form.is_refused("email") && !form.is_refused("phone") && !form.is_valid());
    let errors = form.finish().unwrap_err();
    let codes: Vec<_> =
        errors.as_slice().iter().map(|error| (error.param.as_deref(), &*error.code)).collect();
    assert_eq!(
        codes,
        [
            (Some("email"), "invalid"),
            (Some("email"), "null_characters_not_allowed"),
            (Some("email"), "email_taken"),
            (Some("password"), "required"),
            (None, "invalid_login"),
        ]
    );
}

#[test]
fn a_name_counts_even_with_null() {
    let (object, settings) = (object(r#"{"email": null}"#), settings(&[]));
    let form = Form::new(LOGIN, &object, &settings);
    assert!(form.names(&EMAIL));
    assert!(!form.names(&PHONE));
}

#[test]
fn what_is_not_asked_for_is_passed_over() {
    let object = object(r#"{"phone": "not a number"}"#);
    let found = |settings: &Settings| {
        let mut form = Form::new(LOGIN, &object, settings);
        (form.text(&PHONE), errors(form).len())
    };
    assert_eq!(found(&settings(&[])), (None, 0));
    let by_phone =
        [("ACCOUNT_LOGIN_METHODS", "phone"), ("ACCOUNT_SIGNUP_FIELDS", "phone*, email*, password1*")];
    assert_eq!(found(&settings(&by_phone)), (None, 1));
}

#[test]
#[should_panic(expected = "code is no field of this form")]
fn what_no_description_names_is_not_read() {
    let (object, settings) = (Object::default(), settings(&[]));
    Form::new(LOGIN, &object, &settings).text(&Field::text("code", Text::PLAIN, ""));
}

#[test]
fn bodies_on_which_the_reference_breaks_are_refused() {
    for text in [r#"{"a": "\ud800"}"#, r#"{"a": "\udc00\ud800"}"#, r#"{"\ud800": 1}"#, r#"{"a": "\ud800x"}"#]
    {
        assert_eq!(Object::parse(text.as_bytes()), Err(BodyError::Malformed), "{text}");
    }
    let digits = format!("{{\"a\": -{}}}", "1".repeat(4301));
    assert_eq!(Object::parse(digits.as_bytes()), Err(BodyError::Malformed));
    assert_eq!(Object::parse(b"{\"a\": \"\xff\"}"), Err(BodyError::NotUtf8));
    assert_eq!(Object::parse(b"{\"a\": \"\xed\xa0\x80\"}"), Err(BodyError::NotUtf8));
    assert_eq!(Object::parse(&vec![b' '; MAX_BODY_BYTES + 1]), Err(BodyError::TooLarge));
    assert_eq!(Object::parse(&vec![b' '; MAX_BODY_BYTES]), Err(BodyError::Malformed));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    let deepest = object(&nested(MAX_DEPTH - 1));
    assert_eq!(deepest.get("a").unwrap().to_text(), nested(MAX_DEPTH - 1)[6..].trim_end_matches('}'));
    assert_eq!(Object::parse(nested(MAX_DEPTH).as_bytes()), Err(BodyError::TooDeep));
    assert_eq!(Object::parse(nested(100_000).as_bytes()), Err(BodyError::TooDeep));
    let objects = "{\"a\":".repeat(400_000);
    assert_eq!(Object::parse(objects.as_bytes()), Err(BodyError::TooDeep));
}

#[test]
fn debugging_shows_no_content() {
    let object = object(r#"{"password": "swordfish"}"#);
    let shown = format!("{object:?} {:?}", object.get("password"));
    assert!(!shown.contains("swordfish") && !shown.contains("password"), "{shown}");
    let shown = format!("{:?}", Form::new(FORM, &object, &settings(&[])));
    assert!(!shown.contains("swordfish"), "{shown}");
}

/// JSON of few sorts of tokens, so that much of it is nearly right.
fn nearly_json() -> impl Strategy<Value = String> {
    let tokens = [
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u00", "1", "-", ".", "e", "null", "NaN", " ",
        "é",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..40).prop_map(|tokens| tokens.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Integer(a), serde_json::Value::Number(b)) => *a == b.to_string(),
        (Value::Float(a), serde_json::Value::Number(b)) => b.as_f64() == Some(*a),
        (Value::Text(a), serde_json::Value::String(b)) => a == b,
        (Value::List(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.names().len() == b.len() && b.iter().all(|(name, b)| a.get(name).is_some_and(|a| same(a, b)))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        let _ = Object::parse(&body);
    }

    #[test]
    fn nothing_nearly_json_panics(text in nearly_json()) {
        let ours = Object::parse(format!("{{\"x\":{text}}}").as_bytes());
        if let Ok(object) = ours {
            let settings = settings(&[]);
            let mut form = Form::new(FORM, &object, &settings);
            form.text(&x(Text::EMAIL));
            form.boolean(&X);
            form.ids(&X, &[1]);
        }
    }

    #[test]
    fn what_serde_json_reads_is_read_the_same(text in nearly_json()) {
        let theirs: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&text);
        if let Ok(theirs) = theirs {
            let ours = Object::parse(text.as_bytes()).unwrap();
            prop_assert!(same(&Value::Object(ours), &theirs.into()));
        }
    }

    #[test]
    fn all_that_serde_json_writes_is_read(value in value()) {
        let text = serde_json::json!({"x": value}).to_string();
        let read = Object::parse(text.as_bytes()).unwrap();
        prop_assert!(same(read.get("x").unwrap(), &value));
        read.get("x").unwrap().to_text();
    }
}

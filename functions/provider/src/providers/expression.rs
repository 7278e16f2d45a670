//! The little language that says what to read from a profile.
//!
//! An expression is one or more alternatives with ` | ` between them, of which the first counts that gives something:
//!
//! - `/name/first`: a JSON pointer (RFC 6901). Besides names and positions it takes `*` for the first member of whatever
//!   is there, `[primary]` for the first element of a list whose `primary` is true, `[^work:]` for the first text in a
//!   list that begins so, and `$uid_field` for the name that an option of the app holds.
//! - `{/first} {/last}`: texts of pointers within a text, all of which must be there. What begins with no slash is a word of
//!   the declaration, or an option of the app.
//!
//! After a pointer filters can follow: ` ~before(@)` and ` ~after(:)` take a part of the text, ` ~last(/)` what follows
//! the last such sign, ` ~lower` makes it lower case, ` ~digits(4)` and ` ~unless-ends(@x.example)` let it through or
//! not.
//!
//! What is read is text or a whole number, and never empty.

use serde_json::Value;

/// Looks up the words of a declaration and the options of an app.
pub type Options<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The text that an expression gives.
pub fn text(expression: &str, data: &Value, options: Options<'_>) -> Option<String> {
    expression.split(" | ").filter(|alternative| !alternative.is_empty()).find_map(|alternative| {
        if alternative.starts_with('/') {
            filtered(alternative, data, options)
        } else {
            woven(alternative, data, options)
        }
    })
}

/// The value that a pointer leads to; an empty one leads to the whole.
pub fn value<'v>(pointer: &str, data: &'v Value, options: Options<'_>) -> Option<&'v Value> {
    let Some(steps) = pointer.strip_prefix('/') else { return pointer.is_empty().then_some(data) };
    steps.split('/').try_fold(data, |value, step| descend(value, step, options))
}

/// Whether one of the alternatives of a condition holds: that a pointer leads to something true, or to a text
/// (`/state = registered`).
pub fn holds(condition: &str, data: &Value, options: Options<'_>) -> bool {
    condition.split(" | ").any(|condition| match condition.split_once(" = ") {
        Some((pointer, wanted)) => text(pointer, data, options).is_some_and(|found| found == wanted),
        None => value(condition, data, options).is_some_and(is_true),
    })
}

/// Whether a value is `true` or, as Amazon Cognito has it, `"true"`. Nothing else means yes: it vouches for addresses.
pub fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

/// Whether a member says nothing: `null`, or empty. It counts as missing.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What should be a list: its elements, or the one thing that is there instead of it.
pub fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        value if is_empty(value) => &[],
        value => std::slice::from_ref(value),
    }
}

/// A value as text, where it is text or a whole number. A number that is too large to be exact is none: two accounts
/// could have it.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn descend<'v>(value: &'v Value, step: &str, options: Options<'_>) -> Option<&'v Value> {
    let name = step.replace("~1", "/").replace("~0", "~");
    let name = match name.strip_prefix('$') {
        Some(option) => options(option)?,
        None => name,
    };
    match value {
        Value::Object(members) if name == "*" => members.values().next(),
        Value::Object(members) => members.get(&name),
        Value::Array(elements) => match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(choice) => elements.iter().find(|element| is_chosen(element, choice)),
            None if name == "*" => elements.first(),
            None => elements.get(name.parse::<usize>().ok()?),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is_chosen(element: &Value, choice: &str) -> bool {
    match choice.strip_prefix('^') {
        Some(beginning) => element.as_str().is_some_and(|text| text.starts_with(beginning)),
        None => element.get(choice).is_some_and(is_true),
    }
}

fn filtered(alternative: &str, data: &Value, options: Options<'_>) -> Option<String> {
    let mut parts = alternative.split(" ~");
    let found = plain(value(parts.next()?, data, options)?)?;
    parts.try_fold(found, |text, filter| apply(filter, text)).filter(|text| !text.is_empty())
}

fn apply(filter: &str, text: String) -> Option<String> {
    let (name, argument) =
        filter.strip_suffix(')').and_then(|call| call.split_once('(')).unwrap_or((filter, ""));
    match name {
        "before" => Some(text.split(argument).next().unwrap_or_default().to_owned()),
        "after" => text.split_once(argument).map(|(_, rest)| rest.to_owned()),
        "last" => text.rsplit(argument).next().map(str::to_owned),
        "lower" => Some(text.to_lowercase()),
        "digits" => {
            let count = argument.parse().unwrap_or(usize::MAX);
            Some(text).filter(|text| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        "unless-ends" => Some(text).filter(|text| !text.to_ascii_lowercase().ends_with(argument)),
        _ => None,
    }
}

/// Texts of pointers within a text.
fn woven(template: &str, data: &Value, options: Options<'_>) -> Option<String> {
    let mut woven = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (pointer, after) = after.split_once('}')?;
        woven.push_str(before);
        let part = if pointer.starts_with('/') { filtered(pointer, data, options) } else { options(pointer) };
        woven.push_str(&part?);
        rest = after;
    }
    woven.push_str(rest);
    Some(woven).filter(|woven| !woven.is_empty())
}

/// Any JSON, with names that are often the same.
#[cfg(test)]
pub fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(
                "[a-c]|id|sub|email|emails|data|user|verified|primary",
                inner,
                0..4
            )
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(expression: &str, data: &Value) -> Option<String> {
        text(expression, data, &|name| match name {
            "uid_field" => Some("oid".to_owned()),
            "nothing" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn pointers_lead_to_texts_and_whole_numbers() {
        let data = json!({
            "id": 7, "big": 18_446_744_073_709_551_615_u64, "oid": "o", "name": {"first": "Ann"}, "list": ["a", {"x": "b"}],
            "empty": "", "null": null, "yes": true, "part": 1.5, "https://a/b": "slash", "m~n": "tilde",
            "mails": [{"mail": "1"}, {"mail": "2", "primary": true}, {"mail": "3", "primary": true}],
            "ids": ["x:1", 5, "work:ann@w.example", "work:bob"],
        });
        for (expression, expected) in [
            ("/id", Some("7")),
            ("/big", Some("18446744073709551615")),
            ("/name/first", Some("Ann")),
            ("/list/0", Some("a")),
            ("/list/1/x", Some("b")),
            ("/list/2", None),
            ("/list/-1", None),
            ("/name", None),
            ("/missing", None),
            ("/empty", None),
            ("/null", None),
            ("/yes", None),
            ("/part", None),
            ("", None),
            ("/https:~1~1a~1b", Some("slash")),
            ("/m~0n", Some("tilde")),
            ("/name/*", Some("Ann")),
            ("/list/*", Some("a")),
            ("/id/*", None),
            ("/mails/[primary]/mail", Some("2")),
            ("/mails/[secondary]/mail", None),
            ("/ids/[^work:]", Some("work:ann@w.example")),
            ("/ids/[^home:]", None),
            ("/$uid_field", Some("o")),
            ("/$other", None),
            ("/missing | /empty | /id | /oid", Some("7")),
            ("{/name/first} of {/oid}", Some("Ann of o")),
            ("{/name/first} of {/missing}", None),
            ("{/missing} | {/id}!", Some("7!")),
            ("{/id", None),
            ("{/id}-{uid_field}", Some("7-oid")),
            ("{/id}{nothing}", Some("7")),
            ("{nothing}", None),
            ("{/id}{unknown}", None),
            ("word", Some("word")),
        ] {
            assert_eq!(read(expression, &data).as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn filters_take_parts() {
        let data = json!({"mail": "Ann@Example.com", "uri": "/users/42", "tag": "0042", "n": "work:ann@x:y"});
        for (expression, expected) in [
            ("/mail ~before(@)", Some("Ann")),
            ("/mail ~before(#)", Some("Ann@Example.com")),
            ("/mail ~lower", Some("ann@example.com")),
            ("/mail ~before(@) ~lower", Some("ann")),
            ("/n ~after(:) ~before(@)", Some("ann")),
            ("/mail ~after(:)", None),
            ("/uri ~last(/)", Some("42")),
            ("/tag ~digits(4)", Some("0042")),
            ("/tag ~digits(3)", None),
            ("/mail ~digits(15)", None),
            ("/mail ~unless-ends(@example.com)", None),
            ("/mail ~unless-ends(@example.org)", Some("Ann@Example.com")),
            ("/mail ~before(Ann)", None),
            ("/mail ~nonsense", None),
            ("{/mail ~before(@)}#{/tag ~digits(4)}", Some("Ann#0042")),
        ] {
            assert_eq!(read(expression, &data).as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        let data = json!({"state": "registered", "yes": true, "word": "true", "one": 1, "no": false, "other": "yes",
            "capital": "True", "zero": 0, "null": null, "list": [true], "object": {"a": true}});
        let holds = |condition| holds(condition, &data, &|_| None);
        for condition in ["/yes", "/word", "/state = registered", "/one = 1", "/no | /yes"] {
            assert!(holds(condition), "{condition}");
        }
        for condition in [
            "/no",
            "/one",
            "/capital",
            "/other",
            "/zero",
            "/null",
            "/list",
            "/object",
            "/missing",
            "/state = other",
            "/missing = ",
            "/no | /zero",
        ] {
            assert!(!holds(condition), "{condition}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_expression_over_anything_gives_text_or_nothing(
            expression in "(/[a-c0-2*$\\[\\]^~{}| ()]{0,4}){0,4}( ~[a-z]{1,6}\\(.\\))?( \\| \\{/[a-c]\\}.)?",
            data in any_json(),
        ) {
            if let Some(text) = read(&expression, &data) {
                proptest::prop_assert!(!text.is_empty());
            }
            holds(&expression, &data, &|_| None);
        }

        #[test]
        fn every_name_can_be_pointed_at(name in ".{1,12}", text in ".{1,12}") {
            // Names that mean something else are not pointed at by any declaration.
            proptest::prop_assume!(!name.starts_with(['$', '[']) && name != "*" && !name.contains(['|', '~', '{']));
            let data = json!({name.clone(): text.clone()});
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            proptest::prop_assert_eq!(value(&pointer, &data, &|_| None), Some(&json!(text)));
        }
    }
}

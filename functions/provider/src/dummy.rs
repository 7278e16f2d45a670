//! The `dummy` provider, which believes whatever it is told: for trying things out, in the local stack only. Its page asks
//! the identity; its id token is the same as JSON.

use serde_json::json;
use vestibule::domain::document::UnknownMembers;
use vestibule::domain::email;
use vestibule::domain::email::EmailAddress;
use vestibule::domain::phone::Phone;
use vestibule::domain::refusal::{FieldErrorKind, FieldErrors};
use vestibule::domain::social::{Identity, Profile};
use vestibule::flows::journey;
use vestibule::http::prelude::*;
use vestibule::http::{language, reply};
use vestibule::settings::{DUMMY, Settings};

use crate::finish;

const ID: Field = Field::text("id", Text::PLAIN, "The uid, an integer.");
const EMAIL: Field = Field::text("email", Text::EMAIL, "The email address.").optional();
const EMAIL_VERIFIED: Field =
    Field::new("email_verified", Kind::Boolean, "Whether the email address is verified.").optional();
const USERNAME: Field = Field::text("username", Text::PLAIN, "The username.").optional();
const FIRST_NAME: Field = Field::text("first_name", Text::PLAIN, "The first name.").optional();
const LAST_NAME: Field = Field::text("last_name", Text::PLAIN, "The last name.").optional();
const PHONE: Field = Field::text("phone", Text::PLAIN, "The phone number, in E.164 form.").optional();
const PHONE_VERIFIED: Field =
    Field::new("phone_verified", Kind::Boolean, "Whether the phone number is verified.").optional();
const FIELDS: &[Field] = &[ID, EMAIL, EMAIL_VERIFIED, USERNAME, FIRST_NAME, LAST_NAME, PHONE, PHONE_VERIFIED];
const STATE: &[Parameter] = &[Parameter::Query("state", "The `state` of the authorization request.")];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getDummyProviderForm",
        summary: "Show the dummy provider's form",
        text: "For development: the dummy provider exists in the local stack only.",
        parameters: STATE,
        body: Body::None,
        answers: &[
            ResponseSpec::page(200, "The form."),
            ResponseSpec::page(403, "The query has no `state`."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "submitDummyProviderForm",
        summary: "Submit an identity to the dummy provider",
        text: "",
        parameters: STATE,
        body: Body::Form(FIELDS),
        answers: &[
            ResponseSpec::page(200, "The form with its errors."),
            ResponseSpec::empty(302, "Redirect to the frontend."),
            ResponseSpec::page(403, "The `state` is not of this session, or was used before."),
        ],
    },
];

const PAGE: &str = include_str!("dummy.html");

/// Its page, for a browser on its way.
pub(crate) fn address(state: &str) -> String {
    crate::landing::with_query("/accounts/dummy/authenticate/", &[("state", state)])
}

/// `/accounts/dummy/authenticate/`: GET and POST.
pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let page = |errors| Ok(Outcome::Page(page(call, &errors)));
    let forbidden = || Ok(Outcome::ErrorPage(StatusCode::FORBIDDEN, "pages.login_ended"));
    let Some(state) = call.query("state").filter(|state| !state.is_empty()) else { return forbidden() };
    match call.method {
        Method::GET => return page(FieldErrors::default()),
        Method::POST => {}
        _ => return Err(Stop::NotAllowed),
    }
    let end = |visit: &mut Visit<'_>| {
        journey::end(visit, &state, |provider| provider == DUMMY).map(|(journey, _)| journey)
    };
    if call.field("action").as_deref() == Some("cancel") {
        let journey = end(visit);
        return Ok(finish::with_error(visit, journey.as_ref(), finish::CANCELLED));
    }
    let identity = match identity_of_form(visit.settings(), call) {
        Ok(identity) => identity,
        Err(errors) => return page(errors),
    };
    match end(visit) {
        Some(journey) => finish::with_identity(visit, &journey, &identity),
        None => forbidden(),
    }
}

/// The page: its form, with what was given and what is wrong with it. Labels and names are the reference's, as tests of
/// frontends look for them.
fn page(call: &ApiRequest, errors: &FieldErrors) -> String {
    let fields: Vec<String> = FIELDS.iter().map(|field| row(field, call, errors)).collect();
    PAGE.replace("{style}", reply::STYLE).replace("{fields}", &fields.join("\n"))
}

fn row(field: &Field, call: &ApiRequest, errors: &FieldErrors) -> String {
    let Field { name, .. } = *field;
    let given = call.field(name);
    let label = if name == "id" { "Account ID".to_owned() } else { name.replace('_', " ") };
    let (label, required) = (capitalised(&label), if name == "id" { " required" } else { "" });
    let value = escape(given.as_deref().unwrap_or_default());
    let input = match (field.kind, name) {
        (Kind::Boolean, _) => format!("type=\"checkbox\"{}", if given.is_some() { " checked" } else { "" }),
        (_, "id") => format!("type=\"number\" value=\"{value}\""),
        (_, "email") => format!("type=\"email\" value=\"{value}\""),
        _ => format!("type=\"text\" value=\"{value}\""),
    };
    let wrong = errors.as_slice().iter().filter(|error| error.param.as_deref() == Some(name));
    let wrong = wrong
        .map(|error| ["<li>", &escape(&language::message(&call.texts, &error.kind)), "</li>"].concat())
        .collect::<String>();
    let list =
        if wrong.is_empty() { wrong } else { format!("<ul class=\"errorlist\" role=\"alert\">{wrong}</ul>") };
    format!(
        "    <p>{list}<label for=\"id_{name}\">{label}:</label> <input {input} name=\"{name}\" \
         id=\"id_{name}\"{required}></p>"
    )
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The identity of an id token; none if it can't be one.
pub(crate) fn identity_of_token(settings: &Settings, id_token: &str) -> Option<Identity> {
    identity(settings, &Object::parse(id_token.as_bytes()).ok()?).ok()
}

fn identity_of_form(settings: &Settings, call: &ApiRequest) -> Result<Identity, FieldErrors> {
    let fields =
        FIELDS.iter().filter_map(|field| Some((field.name.to_owned(), json!(call.field(field.name)?))));
    let form = serde_json::Value::Object(fields.collect()).to_string();
    identity(settings, &Object::parse(form.as_bytes()).unwrap_or_default())
}

fn identity(settings: &Settings, object: &Object) -> Result<Identity, FieldErrors> {
    let mut form = Form::new(FIELDS, object, settings);
    let id = form.text(&ID);
    let uid = id.as_deref().and_then(integer);
    if id.is_some() && uid.is_none() {
        form.refuse("id", FieldErrorKind::NotAnInteger);
    }
    let email = form.text(&EMAIL);
    let verified = form.boolean(&EMAIL_VERIFIED);
    let mut text = |field| form.text(field).filter(|text| !text.is_empty());
    let (username, first_name, last_name) = (text(&USERNAME), text(&FIRST_NAME), text(&LAST_NAME));
    let phone = text(&PHONE);
    let phone_verified = form.boolean(&PHONE_VERIFIED);
    form.finish()?;
    let email = email.filter(|email| !email.is_empty());
    let name = [&first_name, &last_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let display = username
        .clone()
        .or_else(|| email.as_deref().map(email::shown))
        .or_else(|| Some(name).filter(|name| !name.is_empty()));
    let address =
        |email| EmailAddress { verified: verified == Some(true), primary: true, ..EmailAddress::new(email) };
    Ok(Identity {
        profile: Profile {
            provider: DUMMY.to_owned(),
            uid: uid.unwrap_or_default(),
            emails: email.map(address).into_iter().collect(),
            phone: phone.map(|number| Phone::new(number, phone_verified == Some(true))),
            username,
            name: None,
            first_name,
            last_name,
            picture: None,
            locale: None,
            display,
            unknown: UnknownMembers::NONE,
        },
        tokens: None,
        single_use: None,
    })
}

/// A whole number as Django's `IntegerField` reads it, in the way Python writes it.
fn integer(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole.strip_prefix('+').unwrap_or(whole)),
    };
    let is_whole = fraction.bytes().all(|byte| byte == b'0');
    if !is_whole || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    Some(if significant.is_empty() { "0".to_owned() } else { format!("{sign}{significant}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::read([]).unwrap().settings
    }

    fn uid(token: &str) -> Option<String> {
        identity_of_token(&settings(), token).map(|identity| identity.profile.uid)
    }

    #[test]
    fn ids_are_whole_numbers() {
        for (token, expected) in [
            (r#"{"id": 1}"#, "1"),
            (r#"{"id": " +007 "}"#, "7"),
            (r#"{"id": "1.00"}"#, "1"),
            (r#"{"id": -0}"#, "0"),
            (r#"{"id": "-12"}"#, "-12"),
        ] {
            assert_eq!(uid(token).as_deref(), Some(expected), "{token}");
        }
    }

    #[test]
    fn what_can_be_no_token_is_none() {
        for token in [
            "",
            "x",
            "[]",
            "null",
            "1",
            "{}",
            r#"{"id": "x"}"#,
            r#"{"id": 1.5}"#,
            r#"{"id": true}"#,
            r#"{"id": []}"#,
            r#"{"id": "."}"#,
            r#"{"id": 1, "email": "invalid"}"#,
            r#"{"id": 1, "username": "\u0000"}"#,
        ] {
            assert_eq!(uid(token), None, "{token}");
        }
    }

    #[test]
    fn a_user_is_known_by_the_best_of_what_is_told() {
        let display = |token: &str| identity_of_token(&settings(), token).unwrap().profile.display;
        assert_eq!(
            display(r#"{"id": 1, "username": "ann", "email": "a@example.com"}"#).as_deref(),
            Some("ann")
        );
        assert_eq!(display(r#"{"id": 1, "email": "A@example.com"}"#).as_deref(), Some("a@example.com"));
        assert_eq!(
            display(r#"{"id": 1, "first_name": "Ann", "last_name": "Lee"}"#).as_deref(),
            Some("Ann Lee")
        );
        assert_eq!(display(r#"{"id": 1}"#), None);
    }
}

//! What clients send.

use std::net::IpAddr;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use lambda_http::Request;
use serde_json::{Map, Value as Json, json};
use url::Url;
use vestibule::app::App;
use vestibule::domain::profile::ProfileValues;
use vestibule::domain::{email, phone, username};
use vestibule::http::call::ApiRequest;
use vestibule::http::input::json::{BodyError, MAX_BODY_BYTES, Object, Value};
use vestibule::http::input::{Field, Form, Kind, Text};
use vestibule::http::shape::Shape;
use vestibule::http::{cookie, csrf, language};
use vestibule::settings::ProfilePart;

use crate::input::{parts, text};
use crate::process::{self, APP, NOW};

/// Reads JSON as Python does.
pub fn json(data: &[u8]) {
    let Some(text) = text(data) else {
        let refused = Object::parse(data);
        assert!(refused == Err(BodyError::NotUtf8), "not UTF-8");
        return;
    };
    let theirs = serde_json::from_str::<Json>(text);
    match (Value::parse(text), theirs) {
        (Ok(ours), Ok(theirs)) => assert!(is_same(&ours, &theirs), "{theirs}"),
        (Err(error), Ok(theirs)) => panic!("{error}: {theirs}"),
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            let beyond = ["NaN", "Infinity"].iter().any(|word| text.contains(word));
            assert!(beyond || error.contains("out of range") || error.contains("recursion limit"), "{error}");
        }
        (Err(_), Err(_)) => {}
    }
    if let Ok(value) = Value::parse(text) {
        // Python escapes a character in ten at most.
        assert!(value.to_text().len() <= 10 * text.len() + 64, "{}", value.to_text().len());
    }
}

fn is_same(ours: &Value, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        (Value::Integer(digits), Json::Number(theirs)) => digits
            .parse::<f64>()
            .ok()
            .zip(theirs.as_f64())
            .is_some_and(|(ours, theirs)| is_close(ours, theirs)),
        (Value::Float(ours), Json::Number(theirs)) => {
            theirs.as_f64().is_some_and(|theirs| is_close(*ours, theirs))
        }
        (Value::Text(ours), Json::String(theirs)) => ours == theirs,
        (Value::List(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Value::Object(ours), Json::Object(theirs)) => {
            let is_member =
                |(name, theirs): (&String, &Json)| ours.get(name).is_some_and(|ours| is_same(ours, theirs));
            ours.names().len() == theirs.len() && theirs.iter().all(is_member)
        }
        _ => false,
    }
}

/// `serde_json` rounds the last digit as it is fast.
fn is_close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= ours.abs() * 1e-15
}

const EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "");
const PHONE: Field = Field::text("phone", Text::PHONE, "");
const USERNAME: Field = Field::text("username", Text::USERNAME, "");
const PLAIN: Field = Field::text("plain", Text::PLAIN, "").optional();
const VERBATIM: Field = Field::text("verbatim", Text::VERBATIM, "").optional();
const YES: Field = Field::new("yes", Kind::Boolean, "");
const ID: Field = Field::new("id", Kind::Id, "");
const IDS: Field = Field::new("ids", Kind::Ids, "");
const JSON: Field = Field::new("json", Kind::Json(Shape::of::<Json>()), "");
const FIELDS: &[Field] = &[EMAIL, PHONE, USERNAME, PLAIN, VERBATIM, YES, ID, IDS, JSON];
const KNOWN: &[i64] = &[1, 7, 2_147_483_647];

/// Reads every kind of field.
pub fn form(data: &[u8]) {
    let Ok(object) = Object::parse(data) else { return };
    let settings = &*APP.settings;
    let mut form = Form::new(FIELDS, &object, settings);
    if let Some(email) = form.text(&EMAIL) {
        assert_eq!(email::canonical(&email), Some(email));
    }
    if let Some(number) = form.text(&PHONE) {
        assert!(phone::validate(&number), "{number}");
    }
    let name = form.text(&USERNAME);
    if let Some(name) =
        name.filter(|name| username::check(name, &settings.account.username_blacklist).is_ok())
    {
        assert!(username::key(&name).is_some(), "{name}");
    }
    for field in [&PLAIN, &VERBATIM] {
        let value = form.text(field);
        assert!(!value.is_some_and(|value| value.contains('\0')), "{}", field.name);
    }
    form.boolean(&YES);
    let chosen: Vec<i64> =
        form.id(&ID, KNOWN).into_iter().chain(form.ids(&IDS, KNOWN).unwrap_or_default()).collect();
    assert!(chosen.iter().all(|id| KNOWN.contains(id)), "{chosen:?}");
    if let Some(value) = form.json(&JSON) {
        assert!(!value.is_missing(), "json");
    }
    let profile = form.sign_up_profile(ProfileValues::new(), NOW);
    let is_valid = form.is_valid();
    if let Err(errors) = form.finish() {
        for texts in APP.languages.all() {
            let messages = language::errors(texts, &errors);
            assert!(messages.iter().all(|error| !error.message.is_empty()), "{messages:?}");
        }
    }
    if is_valid {
        is_canonical(&profile);
    }
}

/// Values of a profile are cleaned already.
fn is_canonical(profile: &ProfileValues) {
    // A consent is stored with its time, and given by a yes.
    let given = |value: &Json| if value.is_object() { json!(true) } else { value.clone() };
    let body: Map<String, Json> = profile.iter().map(|(name, value)| (name.clone(), given(value))).collect();
    let object = Object::parse(Json::Object(body).to_string().as_bytes()).unwrap();
    let mut form = Form::new(&[], &object, &APP.settings);
    let mut again = ProfileValues::new();
    form.change_profile(&mut again, ProfilePart::Change, NOW);
    assert!(form.is_valid() && again == *profile, "{profile:?} {again:?}");
}

/// Processes behind different proxies; the first character of an input says which.
static BEHIND: LazyLock<[App; 3]> = LazyLock::new(|| {
    [
        APP.clone(),
        process::app(&[("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "CloudFront-Viewer-Address")]),
        process::app(&[("ALLAUTH_TRUSTED_PROXY_COUNT", "0"), ("CSRF_USE_SESSIONS", "true")]),
    ]
});

/// The IP address that the gateway saw.
const SEEN: &str = "192.0.2.1";

/// Reads a request: `<0, 1 or 2> <method> <path>?<query>`, headers a line, an empty line, and the body.
pub fn request(data: &[u8]) {
    let [head, body] = parts(data);
    let Some((app, request)) = text(head).and_then(|head| gateway(head, body)) else { return };
    let texts = language::of(app, request.headers()).clone();
    let settings = &*app.settings;
    assert!(texts.language.is_some(), "a text has a language");
    let Ok(call) = ApiRequest::read(request, app, &texts) else { return };

    let ip = &call.visitor.ip;
    assert!(ip.parse::<IpAddr>().is_ok_and(|parsed| parsed.to_string() == *ip), "{ip}");
    let (scheme, host) = call.visitor.base_url.split_once("://").unwrap();
    let name = host.split(':').next().unwrap().trim_end_matches('.');
    let is_ours = ["api.example.com", "www.example.com", "a.example", "example.net"].contains(&name);
    assert!(is_ours || name.ends_with(".example.net"), "{host}");
    assert!(["https", "http"].contains(&scheme), "{scheme}");
    assert!(
        call.visitor.more_tokens.len() + call.visitor.trust.len() <= 2 * cookie::MOST_OF_A_NAME,
        "cookies"
    );
    if let Some(token) = &call.visitor.token {
        assert!(vestibule::domain::token::SessionToken::parse(&token.text()).is_some(), "a token is one");
    }
    let (field, object) = (call.field("a"), call.object());
    assert!(
        field.is_none_or(|field| field.len() <= 3 * body.len()) && body.len() <= MAX_BODY_BYTES,
        "a field"
    );
    assert!(object.is_err() || body.is_empty() || Object::parse(body).is_ok(), "an object");
    call.query("a");
    if csrf::check(&call, settings).is_ok() {
        assert!(
            call.is_safe() || call.headers.contains_key("cookie") || call.visitor.token.is_some(),
            "CSRF"
        );
    }
}

/// The process and the event that API Gateway makes of a request.
fn gateway(head: &str, body: &[u8]) -> Option<(&'static App, Request)> {
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split(' ');
    let (app, method, target) = (words.next()?, words.next()?, words.next()?);
    let app = BEHIND.get(app.parse::<usize>().ok()?)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (mut names, mut cookies) = (Map::new(), Vec::new());
    for (name, value) in headers.lines().filter_map(|line| line.split_once(": ")) {
        let name = name.to_ascii_lowercase();
        match names.get(&name).and_then(Json::as_str) {
            _ if name == "cookie" => cookies.push(value),
            // As the gateway joins them.
            Some(before) => drop(names.insert(name.clone(), json!(format!("{before},{value}")))),
            None => drop(names.insert(name, json!(value))),
        }
    }
    // The gateway passes on no request to a host or with a query that can't be in a URL, and `lambda_http` panics at one.
    let header = |name: &str| names.get(name).and_then(Json::as_str);
    let (scheme, host) = (header("x-forwarded-proto").unwrap_or("https"), header("host").unwrap_or_default());
    let url = Url::parse(&format!("{scheme}://{host}{path}")).ok()?;
    format!("{url}?{query}").parse::<Uri>().ok()?;
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": names,
        "cookies": cookies,
        "requestContext": {
            "accountId": "", "apiId": "", "domainName": "", "domainPrefix": "", "requestId": "1", "stage": "$default",
            "routeKey": "$default", "time": "", "timeEpoch": 0,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": SEEN, "userAgent": ""},
        },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    });
    Some((app, lambda_http::request::from_str(&event.to_string()).ok()?))
}

/// Judges where a browser may return to.
pub fn landing(data: &[u8]) {
    let Some(url) = text(data) else { return };
    let base = "https://api.example.com";
    if !vestibule_provider::landing::is_allowed(url, &APP.settings, base) {
        return;
    }
    // As browsers read it; what they can't read leads nowhere.
    let Ok(reached) = Url::parse(base).unwrap().join(url) else { return };
    let host = reached.host_str().unwrap_or_default();
    let is_ours =
        ["api.example.com", "www.example.com", "a.example", "example.org", "example.net"].contains(&host);
    assert!(is_ours || host.ends_with(".example.org") || host.ends_with(".example.net"), "{reached}");
    assert!(["https", "http"].contains(&reached.scheme()), "{reached}");
}

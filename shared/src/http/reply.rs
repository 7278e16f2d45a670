//! Answers: the envelope `{status, data, meta, errors}`, and the few that have none.

use lambda_http::http::{Method, StatusCode, header};
use lambda_http::{Body, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::language::{self, NOT_CACHED};
use crate::domain::refusal::FieldErrors;
use crate::domain::social::ProviderRequest;
use crate::texts::Texts;

/// An answer in the envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status, of the answer and in the envelope.
    pub status: StatusCode,
    /// What was asked for.
    pub data: Option<Value>,
    /// What goes with it.
    pub meta: Map<String, Value>,
    /// What is wrong with the request.
    pub errors: Option<FieldErrors>,
}

/// Why a response is an error, for the log: the codes of its errors, or the name of its page's text. What was given is in
/// none of these.
#[derive(Clone, Debug)]
pub struct Reason(pub String);

/// What an endpoint decides.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// An answer in the envelope.
    Reply(Reply),
    /// The browser goes on elsewhere.
    Redirect(String),
    /// The browser goes on elsewhere, and nothing that was changed is committed.
    RedirectUnchanged(String),
    /// A page for people.
    Page(String),
    /// A page that says what went wrong, in the text of this key.
    ErrorPage(StatusCode, &'static str),
    /// Another service is asked first. What was changed so far is committed; the endpoint decides again with the answer,
    /// and may ask another service then.
    Ask(Box<ProviderRequest>),
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

impl Reply {
    /// Nothing but a status.
    pub fn status(status: StatusCode) -> Self {
        Self { status, data: None, meta: Map::new(), errors: None }
    }

    /// 200 with data.
    pub fn ok(data: impl Serialize) -> Self {
        Self::status(StatusCode::OK).with_data(data)
    }

    /// 400 with what is wrong.
    pub fn invalid(errors: FieldErrors) -> Self {
        Self { errors: Some(errors), ..Self::status(StatusCode::BAD_REQUEST) }
    }

    /// With data.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        // What fails to be JSON has keys that are no text, and nothing here has.
        self.data = serde_json::to_value(data).ok();
        self
    }

    /// With one more entry of meta.
    #[must_use]
    pub fn with_meta(mut self, name: &str, value: Value) -> Self {
        self.meta.insert(name.to_owned(), value);
        self
    }

    /// As it goes out, its errors in the words of a language; never to be cached.
    pub fn into_response(self, texts: &Texts) -> Response<Body> {
        let mut envelope = Map::from_iter([("status".to_owned(), json!(self.status.as_u16()))]);
        envelope.extend(self.data.map(|data| ("data".to_owned(), data)));
        if !self.meta.is_empty() {
            envelope.insert("meta".to_owned(), Value::Object(self.meta));
        }
        let errors = self.errors.filter(|errors| !errors.is_empty());
        if let Some(errors) = &errors {
            envelope.insert("errors".to_owned(), json!(language::errors(texts, errors)));
        }
        let mut response = respond(self.status, Body::Text(Value::Object(envelope).to_string()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(NOT_CACHED));
        let Some(errors) = errors else { return response };
        let codes = errors.as_slice().iter().map(|error| error.kind.code()).filter(|code| !code.is_empty());
        response.extensions_mut().insert(Reason(codes.collect::<Vec<_>>().join(",")));
        language::marked(texts, response)
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    respond(status, Body::Empty)
}

/// The answer to a body that is no JSON object: it has none itself, but the media type of all answers to bad input.
pub fn malformed() -> Response<Body> {
    let mut response = empty(StatusCode::BAD_REQUEST);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// Which methods an endpoint has: 200 to OPTIONS, 405 to any other.
pub fn methods(asked: &Method, allowed: &[Method]) -> Response<Body> {
    let is_options = asked == Method::OPTIONS;
    let mut response = empty(if is_options { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED });
    let mut names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if allowed.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    if let Ok(value) = header::HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// What may not stand in a URI as it is (RFC 3986, section 2): all but reserved and unreserved characters and `%`.
const NOT_OF_A_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Sends a browser elsewhere, with GET. What is not ASCII in the address is encoded (RFC 3987, section 3.1).
pub fn redirect(address: &str, texts: &Texts) -> Response<Body> {
    let address = utf8_percent_encode(address, NOT_OF_A_URI).to_string();
    let Ok(location) = header::HeaderValue::try_from(address) else {
        return page(StatusCode::BAD_REQUEST, texts, "pages.no_such_url");
    };
    let mut response = unseen(empty(StatusCode::FOUND));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// The style of all pages for people.
pub const STYLE: &str = include_str!("page.css");

/// A page for people, who took the API for a site or whose frontend is set up wrongly, with the text of this key.
pub fn page(status: StatusCode, texts: &Texts, name: &str) -> Response<Body> {
    let title = match status {
        StatusCode::NOT_FOUND => "pages.not_found",
        StatusCode::FORBIDDEN => "pages.forbidden",
        _ => "pages.bad_request",
    };
    let (title, text) = (language::html(texts, title), language::html(texts, name));
    let html = format!(
        "<!doctype html><html {}><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{text}</p></main></html>\n",
        language::attributes(texts),
    );
    let mut response = document(status, texts, html);
    response.extensions_mut().insert(Reason(name.trim_start_matches("pages.").to_owned()));
    response
}

/// A page as it is, with texts in it.
pub fn document(status: StatusCode, texts: &Texts, html: String) -> Response<Body> {
    let mut response = unseen(respond(status, Body::Text(html)));
    let html = header::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    language::marked(texts, response)
}

/// URLs of callbacks hold codes and states: the referrer must not reveal them.
fn unseen(mut response: Response<Body>) -> Response<Body> {
    let no_referrer = header::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, no_referrer);
    response
}

fn respond(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_uri() {
        for (address, expected) in [
            ("/zurück?x=ä#ö", "/zur%C3%BCck?x=%C3%A4#%C3%B6"),
            ("https://bücher.example/", "https://b%C3%BCcher.example/"),
            ("https://[::1]:8000/a%20b?c=[d]&e='f'~*", "https://[::1]:8000/a%20b?c=[d]&e='f'~*"),
            ("/a b\"<>\\^`{|}\u{7f}", "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D%7F"),
        ] {
            let response = redirect(address, &Texts::default());
            assert_eq!(response.headers()[header::LOCATION], expected, "{address}");
        }
    }
}

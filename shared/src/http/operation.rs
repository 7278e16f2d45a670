//! The operations of endpoints: parameters, bodies and responses, from which the OpenAPI description is generated.
//!
//! It stands beside the code that does it, and is read when the API's description is written (`make docs`). A function
//! that runs has the words, but not the shapes: those need code that no request does.

use lambda_http::http::Method;
use schemars::JsonSchema;

use super::input::Field;
use super::present::{
    Authenticated, AuthenticatedMeta, ReauthenticationRequired, Unauthenticated, UnauthenticatedMeta,
};
use super::shape::Shape;
use crate::settings::{ProfilePart, When};

/// An operation: one method of an endpoint.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The operation id, which generated clients use as name: camel case, a verb and its object.
    pub id: &'static str,
    /// The summary, an imperative phrase.
    pub summary: &'static str,
    /// The description; may be empty.
    pub text: &'static str,
    /// The header and query parameters.
    pub parameters: &'static [Parameter],
    /// The request body.
    pub body: Body,
    /// The responses.
    ///
    /// What holds for all endpoints is left out here, and added to the description: input that is refused (400), forged
    /// requests (403), sessions that are gone (410) and a table that cannot be reached (503).
    pub answers: &'static [ResponseSpec],
}

/// A request body.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// No body.
    None,
    /// JSON with these fields.
    Json(&'static [Field]),
    /// JSON with these fields, and those of the site's own that are in this part.
    JsonWith(&'static [Field], ProfilePart),
    /// A form as HTML pages send it, with these fields.
    Form(&'static [Field]),
}

/// A parameter outside the body.
#[derive(Clone, Copy, Debug)]
pub enum Parameter {
    /// A required header: name and description.
    Header(&'static str, &'static str),
    /// An optional query parameter: name and description.
    Query(&'static str, &'static str),
}

/// A response of an operation.
#[derive(Clone, Copy, Debug)]
pub struct ResponseSpec {
    /// The status.
    pub status: u16,
    /// The description.
    pub text: &'static str,
    /// The settings under which it exists.
    pub when: When,
    /// The body.
    pub content: ResponseBody,
}

/// The body of a response.
#[derive(Clone, Copy, Debug)]
pub enum ResponseBody {
    /// No body.
    Nothing,
    /// A page of HTML.
    Page,
    /// The envelope: status, and optionally data, meta and errors.
    Envelope {
        /// The schema of `data`.
        data: Option<Shape>,
        /// The schema of `meta`.
        meta: Option<Shape>,
        /// Whether it has `errors`.
        errors: bool,
    },
    /// JSON without an envelope.
    Bare(Shape),
}

impl ResponseSpec {
    /// Not authenticated.
    pub const UNAUTHENTICATED: Self = Self::unauthenticated("Not authenticated.");

    /// Authenticated, but not recently enough, or not by enough.
    pub const REAUTHENTICATION_REQUIRED: Self = Self::new(401, "Reauthentication is required.")
        .with_data::<ReauthenticationRequired>()
        .with_meta::<AuthenticatedMeta>();

    /// An envelope with the status only.
    pub const fn new(status: u16, text: &'static str) -> Self {
        Self {
            status,
            text,
            when: When::Always,
            content: ResponseBody::Envelope { data: None, meta: None, errors: false },
        }
    }

    /// 200 with the status only.
    pub const fn ok(text: &'static str) -> Self {
        Self::new(200, text)
    }

    /// 200 with data.
    pub const fn data<T: JsonSchema>(text: &'static str) -> Self {
        Self::new(200, text).with_data::<T>()
    }

    /// 200: authenticated, with the user.
    pub const fn authenticated(text: &'static str) -> Self {
        Self::new(200, text).with_data::<Authenticated>().with_meta::<AuthenticatedMeta>()
    }

    /// 401: not authenticated, reauthentication required, or a further step pending.
    pub const fn unauthenticated(text: &'static str) -> Self {
        Self::new(401, text).with_data::<Unauthenticated>().with_meta::<UnauthenticatedMeta>()
    }

    /// 409: conflict with the state of the session.
    pub const fn conflict(text: &'static str) -> Self {
        Self::new(409, text)
    }

    /// 429: rate limit exceeded.
    pub const fn too_many_requests(text: &'static str) -> Self {
        Self::new(429, text)
    }

    /// JSON without an envelope.
    pub const fn bare<T: JsonSchema>(status: u16, text: &'static str) -> Self {
        Self { content: ResponseBody::Bare(Shape::of::<T>()), ..Self::new(status, text) }
    }

    /// No body.
    pub const fn empty(status: u16, text: &'static str) -> Self {
        Self { content: ResponseBody::Nothing, ..Self::new(status, text) }
    }

    /// A page of HTML.
    pub const fn page(status: u16, text: &'static str) -> Self {
        Self { content: ResponseBody::Page, ..Self::new(status, text) }
    }

    /// The same, with data in its envelope.
    #[must_use]
    pub const fn with_data<T: JsonSchema>(self) -> Self {
        let content = match self.content {
            ResponseBody::Envelope { meta, errors, .. } => {
                ResponseBody::Envelope { data: Some(Shape::of::<T>()), meta, errors }
            }
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, with meta in its envelope.
    #[must_use]
    pub const fn with_meta<T: JsonSchema>(self) -> Self {
        let content = match self.content {
            ResponseBody::Envelope { data, errors, .. } => {
                ResponseBody::Envelope { data, meta: Some(Shape::of::<T>()), errors }
            }
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, with errors in its envelope.
    #[must_use]
    pub const fn with_errors(self) -> Self {
        let content = match self.content {
            ResponseBody::Envelope { data, meta, .. } => ResponseBody::Envelope { data, meta, errors: true },
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, under this condition only.
    #[must_use]
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }
}

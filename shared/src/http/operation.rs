//! What endpoints say of themselves: what each of their methods takes and answers.
//!
//! It stands beside the code that does it, and is read when the API's description is written (`make docs`). A function
//! that runs has the words, but not the shapes: those need code that no request does.

use lambda_http::http::Method;
use schemars::JsonSchema;

use super::input::Field;
use super::present::{Authenticated, AuthenticatedMeta, Unauthenticated, UnauthenticatedMeta};
use super::shape::Shape;
use crate::settings::When;

/// One method of an endpoint.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// Its name in generated clients, in camel case: a verb and what it is done to.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else who writes a client should know; may be empty.
    pub text: &'static str,
    /// What it takes besides a body.
    pub parameters: &'static [Parameter],
    /// The body it takes.
    pub body: Body,
    /// What it answers.
    ///
    /// What holds for all endpoints is left out here, and added to the description: input that is refused (400), forged
    /// requests (403), sessions that are gone (410) and a table that cannot be reached (503).
    pub answers: &'static [Answer],
}

/// What a request brings.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Nothing that is looked at.
    None,
    /// JSON with these fields.
    Json(&'static [Field]),
    /// A form as HTML pages send it, with these fields.
    Form(&'static [Field]),
}

/// Something a request brings outside its body.
#[derive(Clone, Copy, Debug)]
pub enum Parameter {
    /// A header that must be there: its name, and what it means.
    Header(&'static str, &'static str),
    /// A part of the query that may be there: its name, and what it means.
    Query(&'static str, &'static str),
}

/// One way to answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What it says, to who writes clients.
    pub text: &'static str,
    /// When it is given at all.
    pub when: When,
    /// What it comes with.
    pub content: Content,
}

/// What an answer comes with.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// No body.
    Nothing,
    /// A page of HTML.
    Page,
    /// The envelope: the status, and perhaps data and more about it.
    Envelope {
        /// What was asked for.
        data: Option<Shape>,
        /// What goes with it.
        meta: Option<Shape>,
        /// Whether it tells what is wrong.
        errors: bool,
    },
    /// JSON without an envelope.
    Bare(Shape),
}

impl Answer {
    /// An envelope with nothing but the status.
    pub const fn new(status: u16, text: &'static str) -> Self {
        Self {
            status,
            text,
            when: When::Always,
            content: Content::Envelope { data: None, meta: None, errors: false },
        }
    }

    /// Done, and nothing more to say.
    pub const fn ok(text: &'static str) -> Self {
        Self::new(200, text)
    }

    /// Data that was asked for.
    pub const fn data<T: JsonSchema>(text: &'static str) -> Self {
        Self::new(200, text).with_data::<T>()
    }

    /// Somebody is logged in.
    pub const fn authenticated(text: &'static str) -> Self {
        Self::new(200, text).with_data::<Authenticated>().with_meta::<AuthenticatedMeta>()
    }

    /// Nobody is logged in, or not surely enough, or something else is to be done first.
    pub const fn unauthenticated(text: &'static str) -> Self {
        Self::new(401, text).with_data::<Unauthenticated>().with_meta::<UnauthenticatedMeta>()
    }

    /// What is asked for does not go with the state that things are in.
    pub const fn conflict(text: &'static str) -> Self {
        Self::new(409, text)
    }

    /// It was asked for too often.
    pub const fn too_many_requests(text: &'static str) -> Self {
        Self::new(429, text)
    }

    /// JSON without an envelope.
    pub const fn bare<T: JsonSchema>(status: u16, text: &'static str) -> Self {
        Self { content: Content::Bare(Shape::of::<T>()), ..Self::new(status, text) }
    }

    /// No body.
    pub const fn empty(status: u16, text: &'static str) -> Self {
        Self { content: Content::Nothing, ..Self::new(status, text) }
    }

    /// A page of HTML.
    pub const fn page(status: u16, text: &'static str) -> Self {
        Self { content: Content::Page, ..Self::new(status, text) }
    }

    /// The same, with data in its envelope.
    #[must_use]
    pub const fn with_data<T: JsonSchema>(self) -> Self {
        let content = match self.content {
            Content::Envelope { meta, errors, .. } => {
                Content::Envelope { data: Some(Shape::of::<T>()), meta, errors }
            }
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, with meta in its envelope.
    #[must_use]
    pub const fn with_meta<T: JsonSchema>(self) -> Self {
        let content = match self.content {
            Content::Envelope { data, errors, .. } => {
                Content::Envelope { data, meta: Some(Shape::of::<T>()), errors }
            }
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, telling what is wrong.
    #[must_use]
    pub const fn with_errors(self) -> Self {
        let content = match self.content {
            Content::Envelope { data, meta, .. } => Content::Envelope { data, meta, errors: true },
            other => other,
        };
        Self { content, ..self }
    }

    /// The same, given only then.
    #[must_use]
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }
}

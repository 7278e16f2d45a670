//! The function `config`: the configuration for clients, and the OpenAPI description. It has no access to the table,
//! so it does not notice a stale session token. It also answers for paths that no function has.

mod config;
mod example;
mod page;
mod profile;
mod specification;

pub use specification::document;
use vestibule::http::Document;
use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[Endpoint::at("config", config::OPERATIONS, config::decide)];
    const DOCUMENTS: &[Document] = &[
        Document { path: "/_allauth/openapi.json", write: specification::json },
        Document { path: "/_allauth/openapi.yaml", write: specification::yaml },
        Document { path: "/_allauth/openapi.html", write: specification::html },
    ];
    Routes {
        name: "config",
        endpoints: ENDPOINTS,
        documents: DOCUMENTS,
        uses_table: false,
        uses_secret_key: false,
        sets_passwords: false,
        outside: None,
        hook: None,
        captcha: None,
    }
}

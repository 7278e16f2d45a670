//! The providers, as data: a declaration for each service that allauth has by name and OAuth 2.0 can reach, under
//! allauth's id and with allauth's idea of what identifies somebody there.
//!
//! A new service is a new declaration, and nothing else.

pub mod declaration;
mod declared {
    pub mod a_to_d;
    pub mod e_to_l;
    pub mod m_to_s;
    pub mod t_to_z;
}
#[cfg(test)]
mod document;
pub mod expression;

use declared::{a_to_d, e_to_l, m_to_s, t_to_z};

pub use declaration::Provider;

/// All of them, in the order of their ids.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    [a_to_d::PROVIDERS, e_to_l::PROVIDERS, m_to_s::PROVIDERS, t_to_z::PROVIDERS].into_iter().flatten()
}

/// The one of that id.
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}

/// What the service calls the code that a browser comes back with.
pub fn code_parameter(id: &str) -> &'static str {
    find(id).map_or("code", |provider| provider.code)
}

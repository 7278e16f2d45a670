//! The providers, as data: a declaration for each service that allauth has by name and OAuth 2.0 can reach, under
//! allauth's id and with allauth's idea of what identifies a user there.
//!
//! A new service is a new declaration (`declared.rs`), and its id and its name in the settings
//! (`shared/src/settings/provider/known.rs`).

pub mod declaration;
mod declared;
#[cfg(test)]
mod document;
pub mod expression;

pub use declaration::ProviderDeclaration;

/// All of them, in the order of their ids.
pub fn all() -> impl Iterator<Item = &'static ProviderDeclaration> {
    declared::PROVIDERS.iter()
}

/// The one of that id.
pub fn find(id: &str) -> Option<&'static ProviderDeclaration> {
    all().find(|provider| provider.id == id)
}

/// What the service calls the code that a browser comes back with.
pub fn code_parameter(id: &str) -> &'static str {
    find(id).map_or("code", |provider| provider.code)
}

//! The names of public types.

use syn::{Item, Visibility};

use crate::source::Crate;

/// All types that a crate's modules declare `pub`, with their files.
pub fn public_types(krate: &Crate) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for module in krate.modules.values() {
        for item in &module.items {
            let (visibility, name) = match item {
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                _ => continue,
            };
            if matches!(visibility, Visibility::Public(_)) {
                found.push((name.to_string(), module.file.clone()));
            }
        }
    }
    found
}

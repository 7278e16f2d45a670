//! The shape of JSON, for the API's description.

use schemars::JsonSchema;
#[cfg(feature = "openapi")]
use schemars::{Schema, SchemaGenerator};

/// The shape of JSON, by the type that is written as it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    #[cfg(feature = "openapi")]
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    /// That of this type.
    pub const fn of<T: JsonSchema>() -> Self {
        Self {
            #[cfg(feature = "openapi")]
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }
}

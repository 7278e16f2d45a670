//! JSON schemas for the OpenAPI description.

use schemars::JsonSchema;
#[cfg(feature = "openapi")]
use schemars::{Schema, SchemaGenerator};

/// The JSON schema of a serialized type.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    #[cfg(feature = "openapi")]
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    /// The schema of this type.
    pub const fn of<T: JsonSchema>() -> Self {
        Self {
            #[cfg(feature = "openapi")]
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }
}

//! What can be wrong with a template.

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is no YAML.
    #[error("template.yaml is not valid YAML: {0}")]
    Yaml(String),
    /// A function such as `!Split` is not used as `CloudFormation` defines it.
    #[error("template.yaml: {0}")]
    Intrinsic(String),
    /// An override names no parameter.
    #[error("the template has no parameter {name}; it has: {known}")]
    UnknownParameter {
        /// What was asked for.
        name: String,
        /// The parameters there are.
        known: String,
    },
    /// An override is not among the values that a parameter allows.
    #[error("the template's parameter {name} may not be \"{value}\"; allowed are: {allowed}")]
    NotAllowed {
        /// The parameter.
        name: String,
        /// What was asked for.
        value: String,
        /// Its `AllowedValues`.
        allowed: String,
    },
    /// A property has another form than SAM documents.
    #[error("template.yaml: {place}: {reason}")]
    Form {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

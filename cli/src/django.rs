//! Accounts of a Django project with django-allauth, as rows of its models (docs/migration-django.md).

mod account;
mod dump;
mod recovery_codes;
mod row;
#[cfg(test)]
mod samples;
mod source;
mod tally;
mod writer;

pub use dump::DumpError;
pub use row::Finding;
pub use source::DjangoDump;
pub use writer::{DjangoRows, RowError};

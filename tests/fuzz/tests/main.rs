//! The targets hold on their corpora, and are listed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a reader of files that fails fails its test")]

mod catalogue;
mod corpus;

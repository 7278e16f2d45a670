//! Why an account can't be moved.

use crate::password::HashFault;
use crate::signing::Unopened;

/// A reason why an account can't be moved. What it shows of a file is escaped, and cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationProblem {
    /// It can't be an id.
    #[error("{0} can't be an id: 1 to 64 letters, digits, - and _")]
    Id(String),
    /// The id is a number, and new ids are not.
    #[error(
        "its id is a number: set ACCOUNT_ID_FORMAT=integer, so that new ids are, too, or allow both with --mixed-ids"
    )]
    IntegerId,
    /// The id is no number, and new ids are.
    #[error("its id is no number, as ACCOUNT_ID_FORMAT=integer says: allow both with --mixed-ids")]
    TextId,
    /// It was exported without its secrets.
    #[error("it was exported without its secrets: export it with --with-secrets")]
    WithoutSecrets,
    /// A username is not allowed.
    #[error("{0} is not a valid username")]
    Username(String),
    /// An email address is not valid.
    #[error("{0} is not a valid email address, or no mail can be sent to it")]
    Email(String),
    /// A phone number is not valid.
    #[error("{0} is not a phone number such as +31612345678")]
    Phone(String),
    /// One thing stands in a list twice.
    #[error("the {0} {1} stands there twice")]
    Twice(&'static str, String),
    /// There are more than an account may have.
    #[error("it has {found} {what}, and at most {most} are possible")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The password hash can't be verified.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// A value is not one that an account may have.
    #[error("{0}: {1}")]
    Value(&'static str, String),
    /// It is too large to be stored.
    #[error("it has {0} bytes, and at most {1} are possible")]
    TooLarge(usize, usize),
    /// An account with this id was not imported.
    #[error("another account has this id, and was not imported")]
    IdTaken,
    /// Another account has what one account at most can have.
    #[error("account {owner} has the {what} {name} already")]
    Taken {
        /// What it is.
        what: &'static str,
        /// Which.
        name: String,
        /// The other account.
        owner: String,
    },
    /// An earlier record has what one account at most can have.
    #[error("line {first} has the {what} {name} already")]
    Collision {
        /// What it is.
        what: &'static str,
        /// Which.
        name: String,
        /// The number of the earlier record.
        first: u32,
    },
    /// A secret can't be decrypted.
    #[error(transparent)]
    Unopened(#[from] Unopened),
    /// There are only hashes of its recovery codes, and they follow from `SECRET_KEY`.
    #[error(
        "its recovery codes can't leave, as their hashes follow from SECRET_KEY: its owner makes new ones"
    )]
    UnkeyedCodes,
    /// A later release has added something.
    #[error("a later release has stored something in it: export it with that release")]
    LaterRelease,
}

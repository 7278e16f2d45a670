//! The function `authorizer`: tells other APIs who is asking, as a Lambda authorizer of API Gateway's HTTP APIs
//! (payload 2.0, simple response). It takes what our own API takes: a session cookie, a session token, or an access
//! token, and looks the session up each time, so that whoever has logged out is refused at once. It writes nothing.

mod authorize;
mod lambda;

pub use authorize::{Identity, Undecided, Verdict, authorize};
pub use lambda::{RunError, run};

//! The function `authorizer`: a Lambda authorizer for HTTP APIs of API Gateway (payload 2.0, simple response). It
//! accepts the same credentials as Vestibule's API: a session cookie, a session token, or an access token, and looks
//! the session up each time, so that a session that has ended is refused at once. It writes nothing.

mod authorize;
mod lambda;

pub use authorize::{Caller, Undecided, Verdict, authorize, authorize_before};
pub use lambda::{REQUIREMENTS, RunError, run};

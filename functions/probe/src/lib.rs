//! The function `probe`: a schedule invokes it, and it logs in over the public URL as an account of its own. An
//! invocation that fails is an error of the function, which an alarm watches: so an outage is noticed while nobody else
//! logs in.

mod lambda;
mod login;

pub use lambda::{RunError, run};
pub use login::{Credentials, Probe, ProbeError, ProbeStep};

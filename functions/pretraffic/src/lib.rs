//! The function `pretraffic`: the pre-traffic hook of deployments. CodeDeploy calls it before it sends requests to the
//! new version of a function. It invokes the new versions of all functions, with events that change nothing, and lets
//! the deployment fail if one does not start.

mod hook;
mod lambda;
mod version;

pub use hook::{Hook, HookCall};
pub use lambda::{RunError, run};
pub use version::{Invocation, event, verdict};

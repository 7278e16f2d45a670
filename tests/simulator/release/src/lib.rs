//! This release of Vestibule, as the simulator runs it: its functions as they are deployed, without Lambda. What comes from
//! outside is an HTTP request or an event of Lambda, so that the simulator can run another release beside it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a run finds is told by a panic, as in a test"
)]

mod guard;
mod network;
mod process;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OnceCell;
use vestibule::http::Routes;
use vestibule_simulator_kernel::{Birth, Process, Release};

use process::ThisProcess;

/// The function that other APIs ask about each request.
pub const AUTHORIZER: &str = "authorizer";
/// The function that sends mail and text messages.
pub const MAIL: &str = "mail";
/// The function that delivers events.
pub const EVENTS: &str = "events";
/// The function that carries out what operators ask for.
pub const OPERATOR: &str = "operator";
/// The function that rotates keys.
pub const KEYS: &str = "keys";

/// This release.
pub struct ThisRelease {
    routes: Vec<Arc<Routes>>,
}

impl Default for ThisRelease {
    /// With all functions.
    fn default() -> Self {
        Self { routes: vestibule_cli::routes().map(Arc::new).into() }
    }
}

impl Release for ThisRelease {
    fn function(&self, path: &str) -> &'static str {
        let rest = path.split_once("/v1/").map_or(path, |(_, rest)| rest);
        let is_there = |routes: &&Arc<Routes>| {
            routes.endpoints.iter().any(|it| matches(it.path, rest))
                || routes.documents.iter().any(|it| it.path == path)
        };
        self.routes.iter().find(is_there).expect("a path of the API").name
    }

    fn start(&self, function: &'static str, birth: Birth) -> Arc<dyn Process> {
        let routes = self.routes.iter().find(|routes| routes.name == function).cloned();
        Arc::new(ThisProcess { function, routes, birth, started: OnceCell::new() })
    }
}

/// Environment variables that are no settings, as this release names them.
fn variables<const N: usize>(variables: [(&str, &str); N]) -> HashMap<String, String> {
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(known, part)| *known == part || known.starts_with('{'))
}

//! The hosts that a port of this machine answers to.
//!
//! A page anywhere can lead a name of its own to 127.0.0.1 (DNS rebinding). To its browser the port is then the page's own
//! origin, which it may call and read. Only `Host` still tells: it has that name.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header;
use http::uri::Authority;

/// The top-level domains that no public DNS has: for this machine, and for containers to find it by.
const PRIVATE_DOMAINS: [&str; 3] = [".localhost", ".internal", ".local"];

/// The hosts that a service answers to.
#[derive(Clone, Debug)]
pub enum Hosts {
    /// IP addresses, and names that no public DNS has.
    Private,
    /// This one alone, with its port.
    Only(String),
}

impl Hosts {
    /// The same service, for these hosts alone.
    pub fn before(self, service: Router) -> Router {
        service.layer(from_fn_with_state(self, judge))
    }

    fn include(&self, host: &str) -> bool {
        match self {
            Self::Private => is_private(host),
            Self::Only(only) => host == only,
        }
    }
}

async fn judge(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| hosts.include(host)) {
        return next.run(request).await;
    }
    let known = match &hosts {
        Hosts::Private => {
            "IP addresses, localhost, names without a dot, and names under .internal and .local"
        }
        Hosts::Only(only) => only,
    };
    let text = format!("This port does not answer to the host of this URL. It answers to: {known}\n");
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

fn is_private(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    let is_ip = name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    let is_private_name = !name.is_empty()
        && (!name.contains('.') || PRIVATE_DOMAINS.iter().any(|domain| name.ends_with(domain)));
    !host.contains('@') && (is_ip || is_private_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_public_dns_can_lead_here_are_refused() {
        for (host, expected) in [
            ("localhost:8025", true),
            ("LOCALHOST", true),
            ("app.localhost:8025", true),
            ("127.0.0.1:8025", true),
            ("192.0.2.1", true),
            ("[::1]:8025", true),
            ("host.docker.internal:8025", true),
            ("vestibule:8025", true),
            ("laptop.local:8025", true),
            ("attacker.example:8025", false),
            ("127.0.0.1.attacker.example", false),
            ("localhost.attacker.example:8025", false),
            ("attackerlocalhost.example", false),
            ("attacker.example.", false),
            ("localhost.", false),
            ("localhost@attacker.example", false),
            ("attacker.example@localhost", false),
            ("local host", false),
            ("", false),
            (":8025", false),
        ] {
            assert_eq!(Hosts::Private.include(host), expected, "{host}");
        }
    }

    #[test]
    fn one_host_is_exactly_that() {
        let only = Hosts::Only("127.0.0.1:8026".to_owned());
        assert!(only.include("127.0.0.1:8026"));
        for host in ["127.0.0.1", "127.0.0.1:8025", "localhost:8026", "[::1]:8026", "127.0.0.1:8026.", ""] {
            assert!(!only.include(host), "{host}");
        }
    }
}

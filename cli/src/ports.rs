//! The ports that the stack listens on.
//!
//! `localhost` may mean 127.0.0.1 or `::1`, as the client likes, so both answer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// How often a free port is looked for that is free under all addresses.
const ATTEMPTS: usize = 20;

/// A free port to listen on.
#[derive(Debug)]
pub struct Port {
    /// One listener an address.
    pub listeners: Vec<TcpListener>,
    /// Its number.
    pub number: u16,
}

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another program listens on it.
    #[error(
        "port {number} is in use. Stop what uses it, or choose another with {flag}; 0 takes any free one"
    )]
    InUse {
        /// The port.
        number: u16,
        /// The flag and the variable that choose it.
        flag: &'static str,
    },
    /// The operating system refuses.
    #[error("cannot listen on {address}: {reason}. {} another port with {flag}", host_or(*address))]
    Refused {
        /// The address.
        address: SocketAddr,
        /// The flag and the variable that choose the port.
        flag: &'static str,
        /// What the operating system says.
        reason: io::Error,
    },
}

/// How the advice begins: --host is no help where the host is this machine, as ports for this machine alone do not follow it.
const fn host_or(address: SocketAddr) -> &'static str {
    if address.ip().is_loopback() { "Choose" } else { "Choose another host with --host, or" }
}

/// Listens on a port of a host's addresses; 0 takes any that is free.
pub async fn listen(host: IpAddr, number: u16, flag: &'static str) -> Result<Port, PortError> {
    for _ in 1..ATTEMPTS {
        match listen_once(host, number, flag).await {
            Err(PortError::InUse { .. }) if number == 0 => {}
            result => return result,
        }
    }
    listen_once(host, number, flag).await
}

async fn listen_once(host: IpAddr, number: u16, flag: &'static str) -> Result<Port, PortError> {
    let first = bind(SocketAddr::new(host, number), flag).await?;
    let number = first.local_addr().map_or(number, |address| address.port());
    let mut listeners = vec![first];
    if let Some(sibling) = sibling(host) {
        match bind(SocketAddr::new(sibling, number), flag).await {
            Ok(listener) => listeners.push(listener),
            Err(in_use @ PortError::InUse { .. }) => return Err(in_use),
            // A machine without IPv6, say, is served by the other address alone.
            Err(PortError::Refused { .. }) => {}
        }
    }
    Ok(Port { listeners, number })
}

async fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, PortError> {
    TcpListener::bind(address).await.map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => PortError::InUse { number: address.port(), flag },
        _ => PortError::Refused { address, flag, reason },
    })
}

/// The other address that `localhost` may mean.
fn sibling(host: IpAddr) -> Option<IpAddr> {
    match host {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => Some(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Ipv4Addr::LOCALHOST.into()),
        _ => None,
    }
}

/// The name that people on this machine reach a host by.
pub fn name(host: IpAddr) -> String {
    if host.is_loopback() || host.is_unspecified() {
        return "localhost".to_owned();
    }
    match host {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The address that programs on this machine reach a host by, without looking a name up.
pub fn address(host: IpAddr) -> String {
    match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => format!("[{}]", Ipv6Addr::LOCALHOST),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAG: &str = "--port (VESTIBULE_PORT)";

    #[tokio::test]
    async fn a_port_in_use_names_the_flag() {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let port = listen(host, 0, FLAG).await.unwrap();
        assert_ne!(port.number, 0);
        let error = listen(host, port.number, FLAG).await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "port {} is in use. Stop what uses it, or choose another with --port (VESTIBULE_PORT); \
                 0 takes any free one",
                port.number
            )
        );
    }

    #[tokio::test]
    async fn a_host_that_is_not_here_is_said() {
        let error = listen("192.0.2.1".parse().unwrap(), 0, FLAG).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot listen on 192.0.2.1:0: "), "{error}");
        assert!(
            error
                .ends_with(". Choose another host with --host, or another port with --port (VESTIBULE_PORT)"),
            "{error}"
        );
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80);
        let error =
            PortError::Refused { address, flag: FLAG, reason: io::ErrorKind::PermissionDenied.into() };
        let expected = "cannot listen on 127.0.0.1:80: permission denied. Choose another port with --port (VESTIBULE_PORT)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn hosts_have_names() {
        for (host, named, addressed) in [
            ("127.0.0.1", "localhost", "127.0.0.1"),
            ("0.0.0.0", "localhost", "127.0.0.1"),
            ("::", "localhost", "[::1]"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "[2001:db8::1]", "[2001:db8::1]"),
        ] {
            let host = host.parse().unwrap();
            assert_eq!((name(host), address(host)), (named.to_owned(), addressed.to_owned()));
        }
    }
}

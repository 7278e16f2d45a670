//! The HTTP client for other services, and what it does not do.
//!
//! It follows no redirects, waits and reads only so long, speaks TLS only and connects to public addresses only, unless
//! its [`Rules`] say otherwise. The address that is checked is the one that is connected to, so a name that resolves
//! again in between gains nothing. Every request has its own connection: a login makes two or three, to as many hosts.

use std::fmt;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambda_http::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::address::is_public;
use super::error::ProviderError;

/// The most that an answer may have, in bytes: a hundred times a usual profile.
const MOST_BYTES: usize = 1024 * 1024;

/// What is let through.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a request may take, from looking up the name to the last byte of the answer.
    pub timeout: Duration,
    /// Whether a service may be inside a network (RFC 1918 and the like), or on this machine.
    pub private_addresses: bool,
    /// Whether a service may be asked without TLS: for the local stack, where nothing is worth listening to.
    pub plain_http: bool,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// Who answered.
    pub host: String,
    pub status: StatusCode,
    pub is_json: bool,
    pub body: Bytes,
}

/// Finds the addresses of a host and port.
type Resolve = dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Asks other services.
#[derive(Clone)]
pub struct HttpClient {
    rules: Rules,
    resolve: Arc<Resolve>,
    /// Made when it is first needed: reading the certificate authorities takes milliseconds.
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl HttpClient {
    /// One that asks the operating system for addresses, and trusts the certificate authorities that it trusts;
    /// `SSL_CERT_FILE` names others, as a service with a certificate of its own needs them.
    pub fn new(rules: Rules) -> Self {
        Self::resolving(rules, |host, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        })
    }

    pub(super) fn resolving(
        rules: Rules,
        resolve: impl Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync + 'static,
    ) -> Self {
        Self { rules, resolve: Arc::new(resolve), tls: Arc::default() }
    }

    /// Makes one request.
    pub(super) async fn send(&self, request: Request) -> Result<Reply, ProviderError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let answer = tokio::time::timeout(self.rules.timeout, self.exchange(request, &host)).await;
        answer.map_err(|_| ProviderError::Timeout(host))?
    }

    async fn exchange(&self, request: Request, host: &str) -> Result<Reply, ProviderError> {
        self.check(&request.url)?;
        let addresses = self.addresses(&request.url, host).await?;
        let stream = connect(&addresses, self.rules.timeout / 2).await;
        let stream = stream.map_err(|error| unreachable(host, &error))?;
        if request.url.scheme() == "https" {
            let name = ServerName::try_from(host.to_owned()).map_err(|error| unreachable(host, &error))?;
            let connector = TlsConnector::from(self.tls(host)?);
            let stream = connector.connect(name, stream).await.map_err(|error| unreachable(host, &error))?;
            converse(stream, request, host).await
        } else {
            converse(stream, request, host).await
        }
    }

    /// Whether an address is one to ask, or to send a browser to.
    pub(super) fn check(&self, url: &Url) -> Result<(), ProviderError> {
        let scheme = url.scheme() == "https" || (self.rules.plain_http && url.scheme() == "http");
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if scheme && plain && url.has_host() { Ok(()) } else { Err(ProviderError::BadUrl(origin(url))) }
    }

    async fn addresses(&self, url: &Url, host: &str) -> Result<Vec<SocketAddr>, ProviderError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let found = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::from(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::from(address), port).into()],
            _ => (self.resolve)(host.to_owned(), port).await.map_err(|error| unreachable(host, &error))?,
        };
        let any = !found.is_empty();
        let allowed = |address: &SocketAddr| self.rules.private_addresses || is_public(address.ip());
        let allowed: Vec<_> = found.into_iter().filter(allowed).collect();
        match (allowed.is_empty(), any) {
            (false, _) => Ok(allowed),
            (true, true) => Err(ProviderError::PrivateAddress(host.to_owned())),
            (true, false) => Err(unreachable(host, &"it has no address")),
        }
    }

    fn tls(&self, host: &str) -> Result<Arc<ClientConfig>, ProviderError> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(unreachable(host, &"there are no certificate authorities on this system"));
        }
        let config = trust(roots).map_err(|error| unreachable(host, &error))?;
        Ok(self.tls.get_or_init(|| Arc::new(config)).clone())
    }
}

fn trust(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
impl HttpClient {
    /// One to which every host is at a port of this machine.
    fn finding_everything_at(rules: Rules, port: u16) -> Self {
        Self::resolving(rules, move |_, _| Box::pin(async move { Ok(vec![([127, 0, 0, 1], port).into()]) }))
    }

    /// The same, and it believes every certificate.
    pub(super) fn trusting_all(rules: Rules, port: u16) -> Self {
        let client = Self::finding_everything_at(rules, port);
        let mut config = trust(RootCertStore::empty()).unwrap();
        config.dangerous().set_certificate_verifier(Arc::new(super::testing::Gullible));
        client.tls.set(Arc::new(config)).unwrap();
        client
    }
}

/// Connects to the first address that can be. One that swallows packets must leave time for the next.
async fn connect(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

async fn converse<S>(stream: S, request: Request, host: &str) -> Result<Reply, ProviderError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| unreachable(host, &error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends with this function, however it ends.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let reply = sender.send_request(written(request, host)?).await.map_err(broken)?;
    let status = reply.status();
    if status.is_redirection() {
        return Err(ProviderError::Redirect(host.to_owned()));
    }
    let content_type = reply.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let is_json = media_type.eq_ignore_ascii_case("application/json") || media_type.ends_with("+json");
    let is_packed = reply.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let body = Limited::new(reply.into_body(), MOST_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ProviderError::TooLarge(host.to_owned())
        } else {
            unreachable(host, &error)
        }
    })?;
    let body = if is_packed { unpacked(&body.to_bytes(), host)? } else { body.to_bytes() };
    Ok(Reply { host: host.to_owned(), status, is_json, body })
}

/// Nobody is asked for packed answers, but Stack Exchange gives no others.
fn unpacked(packed: &[u8], host: &str) -> Result<Bytes, ProviderError> {
    let mut body = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    GzDecoder::new(packed).take(most).read_to_end(&mut body).map_err(|error| unreachable(host, &error))?;
    if body.len() > MOST_BYTES { Err(ProviderError::TooLarge(host.to_owned())) } else { Ok(body.into()) }
}

fn written(request: Request, host: &str) -> Result<http::Request<Full<Bytes>>, ProviderError> {
    let url = &request.url;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut written = http::Request::builder()
        .method(request.method)
        .uri(target)
        .header(HOST, authority)
        .header(USER_AGENT, "Vestibule")
        .body(Full::from(request.body))
        .map_err(|error| unreachable(host, &error))?;
    for (name, value) in request.headers {
        written.headers_mut().insert(name, value);
    }
    Ok(written)
}

fn unreachable(host: &str, why: &dyn fmt::Display) -> ProviderError {
    ProviderError::Unreachable { host: host.to_owned(), why: why.to_string() }
}

/// As much of an address as can be shown: a query may hold a token, and so may a path.
fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or("(no host)"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::engine::testing::{LOCAL, Server, certificate};

    fn get(url: &str) -> Request {
        Request { method: Method::GET, url: url.parse().unwrap(), headers: Vec::new(), body: Vec::new() }
    }

    async fn ask(rules: Rules, url: &str) -> Result<Reply, ProviderError> {
        HttpClient::new(rules).send(get(url)).await
    }

    #[tokio::test]
    async fn brings_what_is_asked_for() {
        let server = Server::start(|request| {
            assert_eq!(request.target, "/path?query=1");
            Server::ok(r#"{"a": 1}"#)
        })
        .await;
        let reply = ask(LOCAL, &format!("{}/path?query=1", server.url)).await.unwrap();
        assert_eq!((reply.status, reply.is_json), (StatusCode::OK, true));
        assert_eq!(reply.body, r#"{"a": 1}"#.as_bytes());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let server = Server::start(|_| {
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()
        })
        .await;
        let error = ask(LOCAL, &server.url).await.unwrap_err();
        assert_eq!(error, ProviderError::Redirect("127.0.0.1".to_owned()));
        assert_eq!(server.requests(), ["GET /"]);
    }

    #[tokio::test]
    async fn a_huge_answer_is_not_read() {
        for chunked in [false, true] {
            let server = Server::start(move |_| {
                let body = "x".repeat(MOST_BYTES + 1);
                if chunked {
                    let length = body.len();
                    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
                } else {
                    Server::ok(&body)
                }
            })
            .await;
            let error = ask(LOCAL, &server.url).await.unwrap_err();
            assert_eq!(error, ProviderError::TooLarge("127.0.0.1".to_owned()), "chunked: {chunked}");
        }
    }

    #[test]
    fn a_packed_answer_is_unpacked_as_far_as_it_may_be_long() {
        let pack = |body: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(body).unwrap();
            packer.finish().unwrap()
        };
        assert_eq!(unpacked(&pack(b"{}"), "host").unwrap(), "{}".as_bytes());
        assert_eq!(unpacked(&pack(&vec![0; MOST_BYTES]), "host").unwrap().len(), MOST_BYTES);
        let bomb = pack(&vec![0; MOST_BYTES + 1]);
        assert!(bomb.len() < 10_000);
        assert_eq!(unpacked(&bomb, "host").unwrap_err(), ProviderError::TooLarge("host".to_owned()));
        assert_eq!(unpacked(b"{}", "host").unwrap_err().name(), "unreachable");
    }

    #[tokio::test]
    async fn a_slow_answer_is_not_waited_for() {
        let rules = Rules { timeout: Duration::from_millis(50), ..LOCAL };
        // The head comes at once, of the body only the first byte, and never the last.
        let server = Server::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{".to_owned()).await;
        let error = ask(rules, &server.url).await.unwrap_err();
        assert_eq!(error, ProviderError::Timeout("127.0.0.1".to_owned()));
    }

    #[tokio::test]
    async fn an_answer_cut_short_is_an_error() {
        let server = Server::closing(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{".to_owned()).await;
        assert_eq!(ask(LOCAL, &server.url).await.unwrap_err().name(), "unreachable");
    }

    #[tokio::test]
    async fn nobody_there_is_an_error() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(ask(LOCAL, &format!("http://{closed}/")).await.unwrap_err().name(), "unreachable");
    }

    #[tokio::test]
    async fn private_addresses_are_refused_by_number_and_by_name() {
        let rules = Rules { private_addresses: false, ..LOCAL };
        let server = Server::start(|_| Server::ok("{}")).await;
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"] {
            let error = ask(rules, &format!("http://{host}:{}/", server.port)).await.unwrap_err();
            assert_eq!(error.name(), "private_address", "{host}");
        }
        assert!(server.requests().is_empty());
    }

    /// Resolves first to a public address and then, when the check is thought to be over, to this machine.
    #[tokio::test]
    async fn the_address_that_is_checked_is_the_one_that_is_used() {
        let server = Server::start(|_| Server::ok("{}")).await;
        let port = server.port;
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = asked.clone();
        let rules = Rules { private_addresses: false, timeout: Duration::from_millis(200), ..LOCAL };
        let client = HttpClient::resolving(rules, move |_, _| {
            let first = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            let address =
                if first { "[2001:4860::1]:1".parse().unwrap() } else { ([127, 0, 0, 1], port).into() };
            Box::pin(async move { Ok(vec![address]) })
        });
        client.send(get("http://rebinding.example/")).await.unwrap_err();
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn of_several_addresses_only_the_public_ones_are_used() {
        let server = Server::start(|_| Server::ok("{}")).await;
        let port = server.port;
        let rules = Rules { private_addresses: false, timeout: Duration::from_millis(200), ..LOCAL };
        let client = HttpClient::resolving(rules, move |_, _| {
            Box::pin(
                async move { Ok(vec![([127, 0, 0, 1], port).into(), "[2001:4860::1]:1".parse().unwrap()]) },
            )
        });
        client.send(get("http://mixed.example/")).await.unwrap_err();
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_fails() {
        let server = Server::start(|_| Server::ok("{}")).await;
        let port = server.port;
        let client = HttpClient::resolving(LOCAL, move |_, _| {
            Box::pin(async move { Ok(vec!["127.0.0.1:1".parse().unwrap(), ([127, 0, 0, 1], port).into()]) })
        });
        client.send(get("http://two.example/")).await.unwrap();
    }

    #[test]
    fn only_plain_https_addresses_are_asked() {
        let strict = HttpClient::new(Rules { plain_http: false, ..LOCAL });
        let check = |client: &HttpClient, url: &str| {
            client.check(&url.parse().unwrap()).map_err(|error| error.to_string())
        };
        check(&strict, "https://id.example.com/authorize?a=b").unwrap();
        check(&HttpClient::new(LOCAL), "http://localhost:9000/").unwrap();
        for odd in [
            "http://id.example.com/",
            "ftp://id.example.com/",
            "file:///etc/passwd",
            "https://user@id.example.com/",
            "https://user:s3cret@id.example.com/",
            "https://id.example.com/#fragment",
            "data:text/html,x",
        ] {
            let error = check(&strict, odd).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_service_is_who_its_certificate_says() {
        let server = Server::over_tls(|_| Server::ok("{}")).await;
        let ask = async |trusts: bool, host: &str| {
            let client = HttpClient::finding_everything_at(Rules { plain_http: false, ..LOCAL }, server.port);
            if trusts {
                let mut roots = RootCertStore::empty();
                roots.add(certificate()).unwrap();
                client.tls.set(Arc::new(trust(roots).unwrap())).unwrap();
            }
            let reply = client.send(get(&format!("https://{host}/"))).await;
            reply.map_or_else(|error| error.name(), |reply| if reply.body == "{}" { "answered" } else { "" })
        };
        assert_eq!(ask(true, "localhost").await, "answered");
        assert_eq!(ask(true, "other.example").await, "unreachable");
        assert_eq!(ask(false, "localhost").await, "unreachable");
    }
}

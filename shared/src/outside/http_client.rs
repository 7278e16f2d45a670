//! The HTTP client for other services, and what it does not do.
//!
//! It follows no redirects, waits and reads only so long, speaks TLS only and connects to public IP addresses only,
//! unless its [`HttpRules`] say otherwise. The IP address that is checked is the one that is connected to, so a name
//! that resolves again in between gains nothing. Every request has its own connection: a request to this API makes two
//! or three, to as many hosts.

use std::fmt;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambda_http::BoxFuture;
use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use lambda_http::http::{self, Method, StatusCode};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::ip_address::is_public;
use crate::aws::http::trust;
use crate::clock::Clock;

/// The maximum length of a response's body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// What a client may do.
#[derive(Clone, Copy, Debug)]
pub struct HttpRules {
    /// How long a request may take, from looking up the name to the last byte of the response.
    pub timeout: Duration,
    /// Whether a service may be inside a network (RFC 1918 and the like), or on this machine.
    pub private_ip_addresses: bool,
    /// Whether a service may be asked without TLS: for the local stack, where nothing is worth listening to.
    pub plain_http: bool,
}

/// A request to another service. It can't be printed: its headers and body may hold secrets.
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// The headers, besides `Host` and `User-Agent`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Another service's response.
#[derive(Debug)]
pub struct HttpResponse {
    /// The host name of who responded.
    pub host: String,
    /// The status, which is no redirect's.
    pub status: StatusCode,
    /// Whether the body calls itself JSON.
    pub is_json: bool,
    /// The whole body.
    pub body: Bytes,
}

/// Why there is no response, for the log: never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// What is not an `https` URL, or not one that can be asked at all.
    #[error("{0} is not an https URL without user, password and fragment")]
    BadUrl(String),
    /// The service is inside a network rather than on the internet.
    #[error("{0} does not resolve to a public IP address")]
    PrivateAddress(String),
    /// No connection, or one that broke.
    #[error("{host} can't be reached: {why}")]
    Unreachable {
        /// The host name.
        host: String,
        /// What the operating system or TLS said.
        why: String,
    },
    /// Too slow.
    #[error("{host} took longer than {timeout:?}")]
    Timeout {
        /// The host name.
        host: String,
        /// How long it was given.
        timeout: Duration,
    },
    /// Too much.
    #[error("{0} responded with more than a megabyte")]
    TooLarge(String),
    /// A redirect is not followed: the request may hold secrets.
    #[error("{0} redirects elsewhere")]
    Redirect(String),
}

impl HttpError {
    /// Its name in the log: for filters and metrics, so it stays as it is.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadUrl(_) => "bad_url",
            Self::PrivateAddress(_) => "private_address",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Redirect(_) => "redirect",
        }
    }
}

/// Finds the IP addresses of a host and port.
type Resolve = dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// What stands for the internet in a simulation: it brings the response to a request.
#[derive(Clone)]
pub struct Internet(Arc<Exchange>);

type Exchange = dyn Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> + Send + Sync;

impl Internet {
    /// One that a function makes.
    pub fn new(
        exchange: impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(exchange))
    }
}

impl fmt::Debug for Internet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Internet")
    }
}

/// Asks other services.
#[derive(Clone)]
pub struct HttpClient {
    rules: HttpRules,
    clock: Clock,
    /// What stands for the internet, if it is not the real one.
    internet: Option<Internet>,
    resolve: Arc<Resolve>,
    /// Made when it is first needed: reading the certificate authorities takes milliseconds.
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl HttpClient {
    /// One that asks the operating system for IP addresses, and trusts the certificate authorities that it trusts;
    /// `SSL_CERT_FILE` names others, as a service with a certificate of its own needs them.
    pub fn new(rules: HttpRules) -> Self {
        Self::resolving(rules, |host, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        })
    }

    /// One that finds IP addresses by a function.
    pub fn resolving(
        rules: HttpRules,
        resolve: impl Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync + 'static,
    ) -> Self {
        let (clock, resolve) = (Clock::system(), Arc::new(resolve));
        Self { rules, clock, internet: None, resolve, tls: Arc::default() }
    }

    /// The same in the surroundings of a process.
    #[must_use]
    pub fn within(self, clock: Clock, internet: Option<Internet>) -> Self {
        Self { clock, internet, ..self }
    }

    /// The same, but it trusts whom a configuration trusts.
    #[must_use]
    pub fn trusting(self, config: ClientConfig) -> Self {
        Self { tls: Arc::new(OnceLock::from(Arc::new(config))), ..self }
    }

    /// Makes one request, once.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let answer = self.clock.timeout(self.rules.timeout, self.exchange(request, &host)).await;
        answer.ok_or(HttpError::Timeout { host, timeout: self.rules.timeout })?
    }

    async fn exchange(&self, request: HttpRequest, host: &str) -> Result<HttpResponse, HttpError> {
        self.check(&request.url)?;
        if let Some(Internet(exchange)) = &self.internet {
            return exchange(request).await;
        }
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

    /// Whether a URL is one to ask, or to send a browser to.
    pub fn check(&self, url: &Url) -> Result<(), HttpError> {
        let scheme = url.scheme() == "https" || (self.rules.plain_http && url.scheme() == "http");
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if scheme && plain && url.has_host() { Ok(()) } else { Err(HttpError::BadUrl(origin(url))) }
    }

    async fn addresses(&self, url: &Url, host: &str) -> Result<Vec<SocketAddr>, HttpError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let found = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::from(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::from(address), port).into()],
            _ => (self.resolve)(host.to_owned(), port).await.map_err(|error| unreachable(host, &error))?,
        };
        let any = !found.is_empty();
        let allowed = |address: &SocketAddr| self.rules.private_ip_addresses || is_public(address.ip());
        let allowed: Vec<_> = found.into_iter().filter(allowed).collect();
        match (allowed.is_empty(), any) {
            (false, _) => Ok(allowed),
            (true, true) => Err(HttpError::PrivateAddress(host.to_owned())),
            (true, false) => Err(unreachable(host, &"it has no address")),
        }
    }

    fn tls(&self, host: &str) -> Result<Arc<ClientConfig>, HttpError> {
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

/// Connects to the first IP address that can be. One that swallows packets must leave time for the next.
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

async fn converse<S>(stream: S, request: HttpRequest, host: &str) -> Result<HttpResponse, HttpError>
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
        return Err(HttpError::Redirect(host.to_owned()));
    }
    let content_type = reply.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let is_json = media_type.eq_ignore_ascii_case("application/json") || media_type.ends_with("+json");
    let is_packed = reply.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let body = Limited::new(reply.into_body(), MAX_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            HttpError::TooLarge(host.to_owned())
        } else {
            unreachable(host, &error)
        }
    })?;
    let body = if is_packed { unpacked(&body.to_bytes(), host)? } else { body.to_bytes() };
    Ok(HttpResponse { host: host.to_owned(), status, is_json, body })
}

/// Nobody is asked for packed answers, but Stack Exchange gives no others.
fn unpacked(packed: &[u8], host: &str) -> Result<Bytes, HttpError> {
    let mut body = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    GzDecoder::new(packed).take(most).read_to_end(&mut body).map_err(|error| unreachable(host, &error))?;
    if body.len() > MAX_BYTES { Err(HttpError::TooLarge(host.to_owned())) } else { Ok(body.into()) }
}

fn written(request: HttpRequest, host: &str) -> Result<http::Request<Full<Bytes>>, HttpError> {
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

fn unreachable(host: &str, why: &dyn fmt::Display) -> HttpError {
    HttpError::Unreachable { host: host.to_owned(), why: why.to_string() }
}

/// As much of a URL as can be shown: a query may hold a token, and so may a path.
fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or("(no host)"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use vestibule_stand_in::{Server, certificate};

    use super::*;

    /// Everything goes, and quickly enough.
    const LOCAL: HttpRules =
        HttpRules { timeout: Duration::from_secs(20), private_ip_addresses: true, plain_http: true };

    fn get(url: &str) -> HttpRequest {
        HttpRequest { method: Method::GET, url: url.parse().unwrap(), headers: Vec::new(), body: Vec::new() }
    }

    async fn ask(rules: HttpRules, url: &str) -> Result<HttpResponse, HttpError> {
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
        assert_eq!(error, HttpError::Redirect("127.0.0.1".to_owned()));
        assert_eq!(server.requests(), ["GET /"]);
    }

    #[tokio::test]
    async fn a_huge_answer_is_not_read() {
        for chunked in [false, true] {
            let server = Server::start(move |_| {
                let body = "x".repeat(MAX_BYTES + 1);
                if chunked {
                    let length = body.len();
                    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
                } else {
                    Server::ok(&body)
                }
            })
            .await;
            let error = ask(LOCAL, &server.url).await.unwrap_err();
            assert_eq!(error, HttpError::TooLarge("127.0.0.1".to_owned()), "chunked: {chunked}");
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
        assert_eq!(unpacked(&pack(&vec![0; MAX_BYTES]), "host").unwrap().len(), MAX_BYTES);
        let bomb = pack(&vec![0; MAX_BYTES + 1]);
        assert!(bomb.len() < 10_000);
        assert_eq!(unpacked(&bomb, "host").unwrap_err(), HttpError::TooLarge("host".to_owned()));
        assert_eq!(unpacked(b"{}", "host").unwrap_err().name(), "unreachable");
    }

    #[tokio::test]
    async fn a_slow_answer_is_not_waited_for() {
        let rules = HttpRules { timeout: Duration::from_millis(50), ..LOCAL };
        // The head comes at once, of the body only the first byte, and never the last.
        let server = Server::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{".to_owned()).await;
        let error = ask(rules, &server.url).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 took longer than 50ms");
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
        let rules = HttpRules { private_ip_addresses: false, ..LOCAL };
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
        let rules = HttpRules { private_ip_addresses: false, timeout: Duration::from_millis(200), ..LOCAL };
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
        let rules = HttpRules { private_ip_addresses: false, timeout: Duration::from_millis(200), ..LOCAL };
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
        let strict = HttpClient::new(HttpRules { plain_http: false, ..LOCAL });
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
            let port = server.port;
            let mut client = HttpClient::resolving(HttpRules { plain_http: false, ..LOCAL }, move |_, _| {
                Box::pin(async move { Ok(vec![([127, 0, 0, 1], port).into()]) })
            });
            if trusts {
                let mut roots = RootCertStore::empty();
                roots.add(certificate()).unwrap();
                client = client.trusting(trust(roots).unwrap());
            }
            let reply = client.send(get(&format!("https://{host}/"))).await;
            reply.map_or_else(|error| error.name(), |reply| if reply.body == "{}" { "answered" } else { "" })
        };
        assert_eq!(ask(true, "localhost").await, "answered");
        assert_eq!(ask(true, "other.example").await, "unreachable");
        assert_eq!(ask(false, "localhost").await, "unreachable");
    }
}

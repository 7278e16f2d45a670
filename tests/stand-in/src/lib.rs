//! A stand-in for a service on the internet: what it answers is up to the test, and it may lie.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a stand-in that fails fails its test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, as text.
    pub body: String,
}

impl Received {
    /// The fields of a form, or of the query.
    pub fn form(&self) -> BTreeMap<String, String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// A server on this machine.
pub struct Server {
    /// Where it is, without a path.
    pub url: String,
    /// The port of it.
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// One that answers with what a function says, as it stands, and then waits for the other side to hang up.
    pub async fn start(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, None, false).await
    }

    /// One that hangs up itself.
    pub async fn closing(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, None, true).await
    }

    /// One that speaks TLS, as `localhost`.
    pub async fn over_tls(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, Some(acceptor()), false).await
    }

    async fn serve(
        answer: impl Fn(&Received) -> String + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
        closes: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = received.clone();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (log, answer, tls) = (log.clone(), answer.clone(), tls.clone());
                tokio::spawn(async move {
                    let answer = |request: &Received| {
                        log.lock().unwrap().push(request.clone());
                        answer(request)
                    };
                    match tls {
                        None => converse(stream, answer, closes).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, answer, closes).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), port, received, task }
    }

    /// An answer of JSON.
    pub fn ok(body: &str) -> String {
        Self::with_status("200 OK", body)
    }

    /// An answer of JSON with another status.
    pub fn with_status(status: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }

    /// What was asked so far, as `GET /path`.
    pub fn requests(&self) -> Vec<String> {
        self.all().iter().map(|request| format!("{} {}", request.method, request.path())).collect()
    }

    /// What was asked so far, as a function writes it.
    pub fn asked(&self, written: impl Fn(&Received) -> String) -> Vec<String> {
        self.all().iter().map(written).collect()
    }

    /// What was asked so far.
    pub fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// What the server that speaks TLS shows.
pub fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("tls-cert.pem")).unwrap()
}

/// A client that believes every certificate: so the whole internet can be one server.
pub fn trusting_all() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustsAll))
        .with_no_client_auth()
}

#[derive(Debug)]
struct TrustsAll;

impl ServerCertVerifier for TrustsAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

async fn converse<S>(mut stream: S, answer: impl FnOnce(&Received) -> String, closes: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(request) = receive(&mut stream).await else { return };
    let _ = stream.write_all(answer(&request).as_bytes()).await;
    let _ = stream.flush().await;
    if !closes {
        let _ = stream.read(&mut [0]).await;
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&chunk[..count]);
    }
    Some(Received {
        method: first.next()?,
        target: first.next()?,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

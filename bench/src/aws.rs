//! What the functions find of AWS: an embedded DynamoDB and a secret, both behind TLS, and the variables that lead there.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use dynoxide::Database;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use vestibule::aws::AMAZON_ROOTS;

/// The name of the table.
pub const TABLE: &str = "vestibule";
const SECRET_KEY: &str = "nobody knows this key, as nobody needs to; it is for measuring";

type Error = Box<dyn std::error::Error>;

/// Starts the services, and returns the variables of a function that finds its key in `SECRET_KEY`, and the database.
pub async fn start(directory: &Path) -> Result<(HashMap<String, String>, Database), Error> {
    let (tls, roots) = certificate()?;
    let bundle = directory.join("roots.pem");
    // A function reads those on AWS, and is to read no fewer here.
    std::fs::write(&bundle, format!("{AMAZON_ROOTS}\n{roots}"))?;

    let dynamodb = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let behind = dynamodb.local_addr()?;
    let database = database()?;
    tokio::spawn(dynoxide::server::serve_on(dynamodb, database.clone()));
    let dynamodb = tls_before(behind, tls.clone()).await?;

    let secrets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let behind = secrets.local_addr()?;
    let answer = json!({"ARN": secret_arn(), "Name": "key", "SecretString": SECRET_KEY}).to_string();
    let service = Router::new().fallback(post(|| async move { answer }));
    tokio::spawn(async { axum::serve(secrets, service).await });
    let secrets = tls_before(behind, tls).await?;

    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "a session token, which on AWS is longer than this"),
        ("AWS_CA_BUNDLE", &bundle.display().to_string()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
        ("SECRET_KEY", SECRET_KEY),
        // As the template sets them.
        ("RUST_LOG", "info"),
        ("TABLE_NAME", TABLE),
        ("SITE_NAME", ""),
        ("FRONTEND_URL", "https://app.example.com"),
        ("CSRF_TRUSTED_ORIGINS", "https://app.example.com"),
        ("ALLOWED_HOSTS", "*"),
        ("SESSION_COOKIE_SECURE", "true"),
        ("SESSION_COOKIE_DOMAIN", ""),
        ("SESSION_COOKIE_SAMESITE", "Lax"),
        ("CSRF_COOKIE_SECURE", "true"),
        ("CSRF_COOKIE_DOMAIN", ""),
        ("CSRF_COOKIE_SAMESITE", "Lax"),
        ("ACCOUNT_LOGIN_METHODS", "email"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,password1*"),
        ("ACCOUNT_USER_MODEL_USERNAME_FIELD", ""),
        ("ACCOUNT_EMAIL_VERIFICATION", "mandatory"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "false"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "false"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "false"),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((variables, database))
}

/// The same variables, for a function that has to ask Secrets Manager for its key, as on AWS.
pub fn with_secret_elsewhere(variables: &HashMap<String, String>) -> HashMap<String, String> {
    let mut variables = variables.clone();
    variables.remove("SECRET_KEY");
    variables.insert("SECRET_KEY_ARN".to_owned(), secret_arn());
    variables
}

fn secret_arn() -> String {
    "arn:aws:secretsmanager:eu-west-1:000000000000:secret:key".to_owned()
}

/// The template's table.
fn database() -> Result<Database, Error> {
    let database = Database::memory()?;
    database.create_table(serde_json::from_value(json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    }))?)?;
    Ok(database)
}

/// A server's certificate for localhost, and the authority that has signed it.
fn certificate() -> Result<(TlsAcceptor, String), Error> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}

/// Takes TLS off what is meant for another port.
async fn tls_before(port: std::net::SocketAddr, tls: TlsAcceptor) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("https://localhost:{}", listener.local_addr()?.port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                client.set_nodelay(true)?;
                let mut client = tls.accept(client).await?;
                let mut server = TcpStream::connect(port).await?;
                server.set_nodelay(true)?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    Ok(address)
}

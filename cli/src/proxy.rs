//! The proxy of `vestibule serve --behind-proxy`, in front of the API, with the frontend.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use url::Url;
use vestibule::random::Random;
use vestibule::secret::Secret;
use vestibule::settings::origin_verify_hash;

use crate::arguments::Serve;
use crate::cloudfront::{ApiOrigin, CloudFront};
use crate::data_dir::Endpoints;
use crate::gateway::Gateway;
use crate::layer::Layer;
use crate::ports::{self, Port, PortError};
use crate::template::TemplateError;

/// A port, and what answers there.
pub struct Proxy {
    /// Where it listens.
    pub port: Port,
    frontend: Url,
    secret: Secret,
    api_host: String,
}

impl Proxy {
    /// Listens, if there is to be one.
    pub async fn listen(options: &Serve, random: &Random) -> Result<Option<Self>, PortError> {
        let Some(frontend) = options.behind_proxy.clone() else { return Ok(None) };
        let port =
            ports::listen(options.host, options.proxy_port, "--proxy-port (VESTIBULE_PROXY_PORT)").await?;
        Ok(Some(Self {
            port,
            frontend,
            secret: Secret::new(random.secret()),
            api_host: ports::name(options.host),
        }))
    }

    /// The environment with the settings that such an origin needs, where it does not say otherwise.
    pub fn settings(
        proxy: Option<&Self>,
        mut environment: HashMap<String, String>,
        endpoints: &Endpoints,
    ) -> HashMap<String, String> {
        let (Some(proxy), Some(public)) = (proxy, &endpoints.public) else { return environment };
        for (name, value) in [
            ("PUBLIC_URL", public.as_str()),
            ("FRONTEND_URL", public),
            ("CSRF_TRUSTED_ORIGINS", public),
            ("ALLAUTH_TRUSTED_PROXY_COUNT", "2"),
        ] {
            let given = environment.entry(name.to_owned()).or_default();
            if given.is_empty() {
                value.clone_into(given);
            }
        }
        let hashes = environment.entry("ORIGIN_VERIFY_SHA256".to_owned()).or_default();
        *hashes = and_own(hashes, origin_verify_hash(proxy.secret.expose()));
        environment
    }

    /// Serves frontend and API.
    pub fn serve(
        self,
        layer: &mut Layer,
        gateway: Arc<Gateway>,
        port: u16,
        prefix: Option<String>,
    ) -> Result<(), TemplateError> {
        let host = format!("{}:{port}", self.api_host);
        let api = ApiOrigin { gateway, host, port, secret: self.secret, prefix };
        let cloudfront = Arc::new(CloudFront::new(api, self.frontend)?);
        let router = Router::new().fallback(ask_cloudfront).with_state(cloudfront);
        layer.serve(self.port.listeners, &router);
        Ok(())
    }
}

/// The hashes of a setting, a list as JSON or with commas, and this proxy's own. There may be two: of two that are given,
/// the first is that of a secret on its way out.
fn and_own(given: &str, own: String) -> String {
    let mut hashes: Vec<String> = serde_json::from_str(given).unwrap_or_else(|_| {
        given.split(',').map(str::trim).filter(|hash| !hash.is_empty()).map(str::to_owned).collect()
    });
    if hashes.len() == 2 {
        hashes.remove(0);
    }
    hashes.push(own);
    hashes.join(",")
}

async fn ask_cloudfront(
    State(cloudfront): State<Arc<CloudFront>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    cloudfront.answer(request, peer.ip()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_secret_joins_those_of_the_setting() {
        for (given, expected) in [
            ("", "own"),
            ("a", "a,own"),
            ("a, b", "b,own"),
            (r#"["a"]"#, "a,own"),
            (r#"["a", "b"]"#, "b,own"),
            ("[]", "own"),
            // What is wrong is still there to be told.
            ("a,b,c", "a,b,c,own"),
            (r#"["a""#, r#"["a",own"#),
        ] {
            assert_eq!(and_own(given, "own".to_owned()), expected, "{given}");
        }
    }
}

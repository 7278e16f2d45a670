//! The function `verify`: proving that an email address or a phone number is one's own.

mod email;
mod email_resend;
mod phone;
mod phone_resend;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/email/verify",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: email::needs,
            decide: email::decide,
        },
        Endpoint {
            path: "auth/email/verify/resend",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: |_, _| Vec::new(),
            decide: email_resend::decide,
        },
        Endpoint {
            path: "auth/phone/verify",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: |_, _| Vec::new(),
            decide: phone::decide,
        },
        Endpoint {
            path: "auth/phone/verify/resend",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: |_, _| Vec::new(),
            decide: phone_resend::decide,
        },
    ];
    Routes {
        name: "verify",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}

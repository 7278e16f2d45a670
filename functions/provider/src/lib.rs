//! The function `provider`: social login, sign-up and connecting of provider accounts.

pub mod engine;
pub mod providers;

mod accounts;
mod callback;
mod dummy;
mod finish;
mod landing;
mod outside;
mod redirect;
mod signup;
mod token;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/provider/redirect",
            client: None,
            when: When::Socialaccount,
            operations: redirect::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: redirect::decide,
        },
        Endpoint {
            path: "auth/provider/token",
            client: None,
            when: When::Socialaccount,
            operations: token::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: token::decide,
        },
        Endpoint {
            path: "auth/provider/signup",
            client: None,
            when: When::Socialaccount,
            operations: signup::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: signup::decide,
        },
        Endpoint {
            path: "account/providers",
            client: None,
            when: When::Socialaccount,
            operations: accounts::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: accounts::decide,
        },
        Endpoint {
            path: "/accounts/dummy/authenticate/",
            client: None,
            when: When::DummyProvider,
            operations: dummy::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: dummy::decide,
        },
        Endpoint {
            path: "/accounts/{provider}/login/callback/",
            client: None,
            when: When::Socialaccount,
            operations: callback::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: callback::decide,
        },
        Endpoint {
            path: "/accounts/{prefix}/{provider}/login/callback/",
            client: None,
            when: When::Socialaccount,
            operations: callback::PREFIXED,
            needs: |_, _| Vec::new(),
            decide: callback::decide,
        },
    ];
    Routes {
        name: "provider",
        endpoints: ENDPOINTS,
        uses_table: true,
        uses_secret_key: true,
        documents: &[],
        outside: Some(outside::make),
    }
}

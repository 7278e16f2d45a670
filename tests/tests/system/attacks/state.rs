//! `state`: missing, doubled, or of a purpose or a person that has changed on the way.

use serde_json::json;
use vestibule_tests::identity_provider::{IdentityProvider, query_of};

use super::{ANN, MALLORY, ann_gets_in};
use crate::social::{CALLBACK, arrive, depart, has_landed, is_refused, landing, openid_connect, providers};
use crate::{PASSWORD, UNLIMITED, log_in};

#[tokio::test]
async fn nobody_comes_back_without_the_state_of_their_own_browser() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = super::stack(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let (ann, mallory) = (stack.browser(), stack.browser());
    let location = depart(&ann, "club", "login").await;
    let of_mallory = query_of(&depart(&mallory, "club", "login").await)["state"].clone();
    let code =
        club.consent(&location, json!({"sub": "ann", "email": "ann@example.org", "email_verified": true}));
    let state = &query_of(&location)["state"];
    for query in [
        format!("code={code}"),
        format!("code={code}&state="),
        format!("code={code}&state=%00"),
        format!("code={code}&state={}", &state[1..]),
        format!("code={code}&state={}", state.to_lowercase()),
        format!("code={code}&state={of_mallory}"),
        format!("code={code}&state={state}&state={of_mallory}"),
        format!("code={code}&state[]={state}"),
        format!("error=access_denied&state={of_mallory}"),
    ] {
        is_refused(&ann.get(&format!("{CALLBACK}?{query}")).await);
    }
    assert_eq!(club.exchanges(), 0);
    has_landed(&arrive(&ann, CALLBACK, state, &code).await);
    ann.get("auth/session").await.is_logged_in_as("ann@example.org");
}

/// A browser that one person leaves, and another uses, connects nothing to the other.
#[tokio::test]
async fn a_connection_is_made_for_who_set_out_only() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = super::stack(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    for leaves in [true, false] {
        let browser = stack.browser();
        log_in(&browser, MALLORY, PASSWORD).await.is_logged_in_as(MALLORY);
        let location = depart(&browser, "club", "connect").await;
        let code = club.consent(&location, json!({"sub": "mallory"}));
        if leaves {
            browser.delete("auth/session").await.is(401);
            log_in(&browser, ANN, PASSWORD).await.is_logged_in_as(ANN);
        } else {
            // A login by a service takes the place of the one that there is.
            let token = json!({"id_token": json!({"id": 1, "email": "bob@example.org", "email_verified": true}).to_string()});
            let body = json!({"provider": "dummy", "process": "login", "token": token});
            browser.post("auth/provider/token", body).await.is_logged_in_as("bob@example.org");
        }
        let answer = arrive(&browser, CALLBACK, &query_of(&location)["state"], &code).await;
        assert!(landing(&answer).1.is_some(), "{:?}", answer.headers);
        assert!(!providers(&browser).await.contains(&"club mallory".to_owned()));
    }
    assert!(!stack.dynamodb.keys("SOCIAL#").await.iter().any(|key| key.contains("mallory")));
    ann_gets_in(&stack).await;
}

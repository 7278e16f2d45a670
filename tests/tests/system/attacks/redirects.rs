//! Open redirects: no page elsewhere is where a browser ends.

use vestibule_tests::identity_provider::{IdentityProvider, query_of};

use crate::social::{CALLBACK, openid_connect, submit};
use crate::{Answer, Stack, UNLIMITED};

/// Pages elsewhere, as they could be taken for one of ours.
const ELSEWHERE: &[&str] = &[
    "https://evil.example/",
    "HTTPS://EVIL.EXAMPLE/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\t//evil.example/",
    " //evil.example/",
    "\u{1}//evil.example/",
    "\u{feff}//evil.example/",
    "\u{a0}//evil.example/",
    "https:evil.example/",
    "https:/evil.example/",
    "https:\\evil.example/",
    "http:\\\\evil.example/",
    "https:///evil.example/",
    "https://localhost:3000@evil.example/",
    "http://localhost:3000@evil.example/",
    "http://localhost:3000:x@evil.example/",
    "http://localhost:3000%40evil.example/",
    "http://localhost:3000%2f@evil.example/",
    "http://localhost:3000\\@evil.example/",
    "http://localhost:3000\\.evil.example/",
    "http://localhost:3000.evil.example/",
    "http://localhost.evil.example:3000/",
    "http://localhost:30000/",
    "http://localhost:3000\u{3002}evil.example/",
    "http://localhost:3000\u{ff0f}evil.example/",
    "http://localhost\u{2024}evil.example:3000/",
    "http://user@localhost:3000/",
    "https://localhost:3000/",
    "http://localhost/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "javascript://localhost:3000/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "evil.example",
    "?next=//evil.example",
    "#//evil.example",
    ".//evil.example",
    "http://localhost:3000/\r\nLocation: https://evil.example/",
];

/// Where a browser goes, as browsers read it (WHATWG URL).
#[track_caller]
fn goes(answer: &Answer, api: &str, what: &str) -> String {
    assert_eq!(answer.status, 302, "{what}: {}", answer.text);
    let location = answer.header("location");
    assert_eq!(location.len(), 1, "{what}");
    assert!(location[0].is_ascii(), "{what}: {}", location[0]);
    let base = url::Url::parse(&format!("http://{api}/accounts/")).unwrap();
    base.join(location[0]).unwrap().origin().ascii_serialization()
}

#[tokio::test]
async fn a_browser_ends_on_no_page_elsewhere() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let browser = stack.browser();
    for url in ELSEWHERE {
        for (provider, process) in [("dummy", "login"), ("club", "connect")] {
            let fields = [("provider", provider), ("process", process), ("callback_url", url), ("next", url)];
            let answer = submit(&browser, "auth/provider/redirect", &fields).await;
            let end = goes(&answer, &stack.api, url);
            assert_eq!(end, "http://localhost:3000", "{url:?}");
            assert_eq!(query_of(answer.header("location")[0])["error"], "unknown", "{url:?}");
        }
    }
}

/// What is allowed at the beginning is what counts in the end: nothing in the callback names another page.
#[tokio::test]
async fn what_comes_back_names_no_page() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let browser = stack.browser();
    for query in [
        "next=https://evil.example/",
        "callback_url=https://evil.example/",
        "redirect_uri=https://evil.example/",
        "error=access_denied&next=//evil.example",
        "error=//evil.example",
        "state=//evil.example",
    ] {
        let answer = browser.get(&format!("{CALLBACK}?{query}")).await;
        assert_eq!(goes(&answer, &stack.api, query), "http://localhost:3000", "{query}");
    }
    // A form is sent on to the same path, whatever it says.
    for path in [CALLBACK.to_owned(), format!("{CALLBACK}?next=//evil.example")] {
        let answer = submit(
            &browser,
            &path,
            &[("state", "x"), ("code", "//evil.example"), ("next", "//evil.example")],
        )
        .await;
        let here = answer.header("location")[0];
        assert!(here.starts_with(CALLBACK), "{here}");
        assert_eq!(goes(&answer, &stack.api, &path), format!("http://{}", stack.api));
    }
    for path in [
        "//evil.example/accounts/oidc/club/login/callback/",
        "/\\evil.example/..//accounts/oidc/club/login/callback/",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", stack.api);
        let answer = crate::raw(&stack.api, request.as_bytes()).await.to_ascii_lowercase();
        assert!(!answer.contains("location:"), "{answer}");
    }
}

/// `ALLOWED_HOSTS = ["*"]`, which is the default, allows no redirect to all hosts.
#[tokio::test]
async fn a_wildcard_of_hosts_is_none_of_pages() {
    for hosts in [r#"["*"]"#, r#"["*", ".example.com"]"#] {
        let stack = Stack::start(&[("ALLOWED_HOSTS", hosts), UNLIMITED]).await;
        let browser = stack.browser();
        for url in ["https://evil.example/", "https://example.com.evil.example/", "https://badexample.com/"] {
            let fields = [("provider", "dummy"), ("process", "login"), ("callback_url", url)];
            let answer = submit(&browser, "auth/provider/redirect", &fields).await;
            assert_eq!(goes(&answer, &stack.api, url), "http://localhost:3000", "{hosts} {url}");
        }
    }
}

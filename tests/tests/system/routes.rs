//! What is deployed leads to every endpoint, and to nothing else.

use std::collections::BTreeSet;

use vestibule_cli::template::Route;

const ENDPOINTS: &str = "/_allauth/{client}/v1/";
/// Answers for paths that no function has.
const THE_REST: &str = "/_allauth/{proxy+}";

fn template() -> Vec<Route> {
    crate::template::template(&[]).api.routes
}

#[test]
fn the_template_routes_every_endpoint_and_nothing_else() {
    let mut served = BTreeSet::new();
    for function in vestibule_cli::routes() {
        let mut paths: Vec<String> =
            function.documents.iter().map(|document| document.path.to_owned()).collect();
        // Those come with the rest.
        paths.retain(|path| !(function.name == "config" && path.starts_with("/_allauth/")));
        for endpoint in function.endpoints {
            match endpoint.path.strip_prefix('/') {
                None => paths.push(format!("{ENDPOINTS}{}", endpoint.path)),
                // Whole paths are a function's own, with all that is below their first segment.
                Some(path) => paths.push(format!("/{}/{{proxy+}}", path.split('/').next().unwrap())),
            }
        }
        paths.dedup();
        for path in paths {
            let is_new = served.insert((path.clone(), function.name.to_owned()));
            assert!(is_new, "{path} is served twice");
        }
    }
    let routed: BTreeSet<_> = template()
        .into_iter()
        .filter(|route| route.path != THE_REST)
        .map(|route| (route.path, route.program))
        .collect();
    assert_eq!(
        served.difference(&routed).collect::<Vec<_>>(),
        [] as [&_; 0],
        "lack a route in template.yaml"
    );
    assert_eq!(routed.difference(&served).collect::<Vec<_>>(), [] as [&_; 0], "lead to no endpoint");
}

/// Functions answer 405 and CSRF refusals themselves, so they must get every method.
#[test]
fn routes_take_every_method() {
    let routes = template();
    assert!(!routes.is_empty());
    for route in routes {
        assert_eq!(route.method, "ANY", "{}", route.path);
    }
}

//! Which route a request takes, by the rules of HTTP APIs: the most specific path wins, segment by
//! segment (a text, then `{parameter}`, then `{greedy+}`), then a named method over `ANY`, and
//! `$default` takes what is left.

use std::collections::BTreeMap;

use crate::template::Route;

/// The methods that `ANY` stands for.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The routes of an API, ready to be matched.
pub struct RouteTable(Vec<Entry>);

/// The route that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The route.
    pub route: &'a Route,
    /// What the path has in place of the route's parameters.
    pub parameters: BTreeMap<String, String>,
}

struct Entry {
    route: Route,
    /// `None` for `$default`.
    pattern: Option<Vec<Segment>>,
}

enum Segment {
    Text(String),
    Parameter(String),
    Greedy(String),
}

impl RouteTable {
    /// A table of these routes.
    pub fn new(routes: Vec<Route>) -> Self {
        let pattern = |path: &str| (path != "$default").then(|| segments(path).map(segment).collect());
        let mut entries: Vec<_> =
            routes.into_iter().map(|route| Entry { pattern: pattern(&route.path), route }).collect();
        entries.sort_by_key(Entry::rank);
        Self(entries)
    }

    /// The route for a method and a decoded path, if there is one.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        self.0.iter().find_map(|entry| {
            let parameters = entry.parameters(method, path)?;
            Some(Match { route: &entry.route, parameters })
        })
    }
}

impl Entry {
    /// Entries that may match the same path are tried in this order.
    fn rank(&self) -> (bool, Vec<u8>, bool) {
        let kinds = self.pattern.iter().flatten().map(|segment| match segment {
            Segment::Text(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        });
        (self.pattern.is_none(), kinds.collect(), self.route.method == "ANY")
    }

    fn parameters(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        let wanted = self.route.method.as_str();
        if wanted != method && !(wanted == "ANY" && METHODS.contains(&method)) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let Some(pattern) = &self.pattern else { return Some(parameters) };
        let mut rest = path.strip_prefix('/')?;
        let mut ended = false;
        for segment in pattern {
            if ended {
                return None;
            }
            if let Segment::Greedy(name) = segment {
                parameters.insert(name.clone(), rest.to_owned());
                return (!rest.is_empty()).then_some(parameters);
            }
            let (own, after) = rest.split_once('/').unwrap_or_else(|| {
                ended = true;
                (rest, "")
            });
            match segment {
                Segment::Text(text) if text != own => return None,
                Segment::Parameter(_) if own.is_empty() => return None,
                Segment::Parameter(name) => drop(parameters.insert(name.clone(), own.to_owned())),
                _ => {}
            }
            rest = after;
        }
        ended.then_some(parameters)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        None => Segment::Text(text.to_owned()),
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Parameter(name.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: &[&str]) -> RouteTable {
        RouteTable::new(
            keys.iter()
                .map(|key| {
                    let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
                    Route { method: method.to_owned(), path: path.to_owned(), program: (*key).to_owned() }
                })
                .collect(),
        )
    }

    fn found(table: &RouteTable, request: &str) -> String {
        let (method, path) = request.split_once(' ').unwrap();
        let Some(found) = table.find(method, path) else { return "-".to_owned() };
        let parameters = found.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
        found.route.program.clone() + &parameters.collect::<String>()
    }

    #[test]
    fn the_most_specific_route_wins() {
        let table = table(&[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "ANY /pets/dog/1",
            "GET /pets/dog/1",
            "GET /pets/{kind}/1",
            "ANY /",
        ]);
        for (request, expected) in [
            ("GET /pets/dog/1", "GET /pets/dog/1"),
            ("POST /pets/dog/1", "ANY /pets/dog/1"),
            ("GET /pets/dog/2", "GET /pets/dog/{id} id=2"),
            ("GET /pets/cat/1", "GET /pets/{kind}/1 kind=cat"),
            ("GET /pets/cat/2", "GET /pets/{proxy+} proxy=cat/2"),
            ("GET /pets/dog/2/toys", "GET /pets/{proxy+} proxy=dog/2/toys"),
            ("POST /pets/dog/2", "ANY /{proxy+} proxy=pets/dog/2"),
            ("GET /pets/", "ANY /{proxy+} proxy=pets/"),
            ("GET /", "ANY /"),
            ("TRACE /pets", "-"),
        ] {
            assert_eq!(found(&table, request), expected, "{request}");
        }
    }

    #[test]
    fn nothing_else_matches() {
        let table = table(&["ANY /a/{client}/b", "GET /a/{rest+}", "POST /c"]);
        for (request, expected) in [
            ("GET /a/x/b", "ANY /a/{client}/b client=x"),
            ("PUT /a/x/b", "ANY /a/{client}/b client=x"),
            ("PUT /a/x/b/", "-"),
            ("PUT /a//b", "-"),
            ("PUT /a/x/B", "-"),
            ("PUT /a/x", "-"),
            ("GET /a", "-"),
            ("GET /a/", "-"),
            ("GET /c", "-"),
            ("POST /c", "POST /c"),
            ("POST /c/", "-"),
            ("POST c", "-"),
            ("POST ", "-"),
        ] {
            assert_eq!(found(&table, request), expected, "{request}");
        }
    }
}

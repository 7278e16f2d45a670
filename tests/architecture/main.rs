//! The structure of the code, read from its source: no two files import each other, however indirectly, no floor of the
//! shared crate imports a higher one, and no public type shares its name with another.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a reader of source that fails fails its test"
)]

mod documents;
mod imports;
mod names;
mod source;
mod standards;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use source::{Crate, crates};

/// The floors of the shared crate, from the ground up: each imports only itself and those before it.
const FLOORS: &[&[&str]] = &[
    &["secret"],
    &["domain"],
    &["snapshot", "changes"],
    &["clock", "random", "password", "password_rules", "breached", "settings"],
    &["signing", "secret_key", "jwt"],
    &["environment", "aws", "store", "outside", "texts"],
    &["flows"],
    &["app"],
    &["outbox"],
    &["http", "operator", "rotation"],
    &["migration"],
    &["lambda", "telemetry"],
];

#[test]
fn no_files_import_each_other() {
    let mut text = String::new();
    for krate in &crates() {
        let imports = imports::of(krate);
        text += &describe(&circles(&imports), &imports);
    }
    assert!(text.is_empty(), "circles:\n{text}");
}

#[test]
fn no_floor_imports_a_higher_one() {
    let shared = crates().into_iter().find(|krate| krate.name == "shared").unwrap();
    let floor = |file: &str| {
        let module = file.trim_start_matches("shared/src/").split(['/', '.']).next().unwrap();
        let found = FLOORS.iter().position(|floor| floor.contains(&module));
        found.unwrap_or_else(|| panic!("{file} stands on no floor: give its module a place in FLOORS"))
    };
    let is_root = |file: &str| file == "shared/src/lib.rs";
    for (file, used) in imports::of(&shared) {
        for other in used.iter().filter(|other| !is_root(&file) && !is_root(other)) {
            assert!(floor(other) <= floor(&file), "{file} imports {other}, which stands on a higher floor");
        }
    }
}

#[test]
fn no_function_links_another_function() {
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        // Its tests may link stand-ins.
        let (linked, _) = text.split_once("[dev-dependencies]").unwrap_or((&text, ""));
        let linked = linked.lines().find(|line| line.starts_with("vestibule-"));
        assert_eq!(linked, None, "{}: what functions share is in the shared crate", manifest.display());
    }
}

/// A zip has a function's program and, for `mail`, its templates (`infra/build.sh`): what no function links is in none.
#[test]
fn no_function_contains_the_local_stack() {
    let packed: Vec<String> = crates()
        .into_iter()
        .map(|krate| krate.name)
        .filter(|name| ["functions/", "examples/", "shared"].iter().any(|kind| name.starts_with(kind)))
        .collect();
    assert!(packed.len() > 10, "{packed:?}");
    for folder in packed {
        let manifest = std::fs::read_to_string(root().join(&folder).join("Cargo.toml")).unwrap();
        let (linked, _) = manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
        assert!(!linked.contains("vestibule-cli"), "{folder} links the local stack");
    }
    let build = std::fs::read_to_string(root().join("infra/build.sh")).unwrap();
    let copied: Vec<&str> = build.lines().filter(|line| line.trim_start().starts_with("cp ")).collect();
    assert_eq!(copied, ["cp -R functions/mail/templates target/lambda/mail/templates"]);
}

#[test]
fn no_public_type_shares_its_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for krate in &crates() {
        for (name, file) in names::public_types(krate) {
            places.entry(name).or_default().push(file);
        }
    }
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "one name, one thing: {places:#?}");
}

#[test]
fn customers_read_the_terms_of_the_field() {
    let faults = words::faults(&root());
    assert!(faults.is_empty(), "{}\nin the terms of the field:\n{}", faults.len(), faults.join("\n"));
}

/// The groups of files that reach each other, by Kosaraju's algorithm.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut reversed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, used) in imports {
        for other in used {
            reversed.entry(other).or_default().insert(file);
        }
    }
    let forward =
        |file: &str| imports.get(file).into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    let backward = |file: &str| reversed.get(file).into_iter().flatten().copied().collect::<Vec<_>>();
    let (mut seen, mut finished) = (BTreeSet::new(), Vec::new());
    for file in imports.keys() {
        visit(file, &forward, &mut seen, &mut finished);
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in finished.into_iter().rev() {
        let mut group = Vec::new();
        visit(&file, &backward, &mut seen, &mut group);
        if group.len() > 1 {
            found.push(group);
        }
    }
    found
}

/// Everything that is reached from a file, the farthest first.
fn visit<'a>(
    file: &str,
    next: &impl Fn(&str) -> Vec<&'a str>,
    seen: &mut BTreeSet<String>,
    finished: &mut Vec<String>,
) {
    if !seen.insert(file.to_owned()) {
        return;
    }
    for other in next(file) {
        visit(other, next, seen, finished);
    }
    finished.push(file.to_owned());
}

fn describe(circles: &[Vec<String>], imports: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for circle in circles {
        for file in circle {
            let within: Vec<_> = imports[file].iter().filter(|other| circle.contains(other)).collect();
            let _ = writeln!(text, "  {file} imports {within:?}");
        }
        text += "\n";
    }
    text
}

/// The root of the workspace.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn the_reader_finds_a_circle() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let krate = Crate::of_texts(
        "x",
        [
            file("x/src/lib.rs", "pub mod a; pub mod b; mod c;"),
            file("x/src/a.rs", "use super::b::B; pub struct A(B);"),
            file(
                "x/src/b.rs",
                "pub struct B; fn f() { crate::c::g(); } #[cfg(test)] mod tests { use crate::a::A; }",
            ),
            file("x/src/c.rs", "mod d; pub use d::D; pub fn g() {}"),
            file("x/src/c/d.rs", "use crate::a; pub struct D(a::A);"),
        ],
    );
    assert!(circles(&imports::of(&krate)).is_empty());

    let krate = Crate::of_texts(
        "x",
        [
            file("x/src/lib.rs", "mod a; mod b; mod c;"),
            file("x/src/a.rs", "use super::b; pub struct A(b::B);"),
            file("x/src/b.rs", "use crate::c::D; pub struct B(D);"),
            file("x/src/c.rs", "mod d; pub use d::D;"),
            file("x/src/c/d.rs", "fn f() { println!(\"{}\", crate::a::A::X); } pub struct D;"),
        ],
    );
    let found = circles(&imports::of(&krate));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        BTreeSet::from_iter(&found[0]),
        BTreeSet::from_iter(&["x/src/a.rs", "x/src/b.rs", "x/src/c/d.rs"].map(String::from))
    );
}

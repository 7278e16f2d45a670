//! Which file takes something from which other file of its crate.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Item, Macro, Path, UseTree, Visibility};

use crate::source::{Crate, Module};

/// The files that each file imports, by their names.
pub fn of(krate: &Crate) -> BTreeMap<String, BTreeSet<String>> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, module) in &krate.modules {
        let used = imports.entry(module.file.clone()).or_default();
        for mentioned in mentioned(module) {
            if let Some(file) = resolve(krate, path, &mentioned, 0).filter(|file| *file != module.file) {
                used.insert(file);
            }
        }
    }
    imports
}

/// The paths that a module mentions. What it only re-exports is not its own to need.
fn mentioned(module: &Module) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    module.items.iter().for_each(|item| reader.visit_item(item));
    let mut paths = reader.paths;
    for item in &module.items {
        let Item::Use(item) = item else { continue };
        for (name, path) in leaves(&item.tree) {
            let exports = !matches!(item.vis, Visibility::Inherited);
            if !exports || reader.words.contains(&name) {
                paths.push(path);
            }
        }
    }
    paths
}

/// What a `use` brings in: the name that it has from then on, and its path.
fn leaves(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    fn walk(tree: &UseTree, before: &[String], leaves: &mut Vec<(String, Vec<String>)>) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => walk(&path.tree, &with(&path.ident), leaves),
            UseTree::Name(name) if name.ident == "self" => {
                leaves.push((before.last().cloned().unwrap_or_default(), before.to_vec()));
            }
            UseTree::Name(name) => leaves.push((name.ident.to_string(), with(&name.ident))),
            UseTree::Rename(rename) => leaves.push((rename.rename.to_string(), with(&rename.ident))),
            UseTree::Glob(_) => leaves.push(("*".to_owned(), before.to_vec())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before, leaves)),
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found
}

/// The file in which a path of a module leads to something; none when that is in another crate.
fn resolve(krate: &Crate, from: &[String], path: &[String], depth: usize) -> Option<String> {
    // Re-exports lead on to each other, but not for ever.
    if depth > 16 {
        return None;
    }
    let (mut at, mut rest) = match path.first()?.as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (from.to_vec(), &path[1..]),
        "super" => (from[..from.len().checked_sub(1)?].to_vec(), &path[1..]),
        first => {
            let child: Vec<_> = from.iter().cloned().chain([first.to_owned()]).collect();
            krate.modules.contains_key(&child).then_some(())?;
            (from.to_vec(), path)
        }
    };
    while let Some(next) = rest.first() {
        if next == "super" {
            at.pop()?;
            rest = &rest[1..];
            continue;
        }
        let child: Vec<_> = at.iter().cloned().chain([next.clone()]).collect();
        if krate.modules.contains_key(&child) {
            at = child;
            rest = &rest[1..];
            continue;
        }
        let module = &krate.modules[&at];
        return match exported(module, next) {
            Some(mut exported) => {
                exported.extend_from_slice(&rest[1..]);
                resolve(krate, &at, &exported, depth + 1)
            }
            None => Some(module.file.clone()),
        };
    }
    Some(krate.modules.get(&at)?.file.clone())
}

/// Where a name leads that a module re-exports.
fn exported(module: &Module, name: &str) -> Option<Vec<String>> {
    module.items.iter().find_map(|item| match item {
        Item::Use(item) => {
            leaves(&item.tree).into_iter().find(|(leaf, _)| leaf == name).map(|(_, path)| path)
        }
        _ => None,
    })
}

#[derive(Default)]
struct Reader {
    paths: Vec<Vec<String>>,
    /// All names that are used.
    words: BTreeSet<String>,
}

impl Visit<'_> for Reader {
    fn visit_item_use(&mut self, _: &syn::ItemUse) {}

    fn visit_path(&mut self, path: &Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.words.extend(segments.first().cloned());
        if segments.len() > 1 {
            self.paths.push(segments);
        }
        visit::visit_path(self, path);
    }

    /// What is inside a macro may be anything: its tokens are read for paths.
    fn visit_macro(&mut self, mac: &Macro) {
        self.visit_path(&mac.path);
        self.read(mac.tokens.clone());
    }
}

impl Reader {
    fn read(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                proc_macro2::TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.paths.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    self.words.insert(ident.to_string());
                }
                proc_macro2::TokenTree::Group(group) => self.read(group.stream()),
                _ => self.paths.push(std::mem::take(&mut path)),
            }
            colons = 0;
        }
        self.paths.push(path);
        self.paths.retain(|path| path.len() > 1);
    }
}

//! Source files, parsed: each module of a crate with the file that it stands in.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{File, Item};

/// A crate of the workspace.
pub struct Crate {
    /// Its folder.
    pub name: String,
    /// Its modules by path, `[]` being the root: tests are left out.
    pub modules: BTreeMap<Vec<String>, Module>,
}

/// A module.
pub struct Module {
    /// The file that it stands in, from the root of the workspace.
    pub file: String,
    /// What it consists of, without tests and without the modules inside it.
    pub items: Vec<Item>,
}

/// All crates of the workspace but the tests.
pub fn crates() -> Vec<Crate> {
    let root = super::root();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    let patterns = members.split('"').skip(1).step_by(2).filter(|member| !member.starts_with("tests"));
    let mut folders = Vec::new();
    for pattern in patterns {
        match pattern.strip_suffix("/*") {
            Some(folder) => {
                let entries = std::fs::read_dir(root.join(folder)).unwrap();
                let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                folders.extend(names.map(|name| format!("{folder}/{name}")));
            }
            None => folders.push(pattern.to_owned()),
        }
    }
    folders.sort();
    folders
        .iter()
        .filter(|folder| root.join(folder).join("src").exists())
        .map(|folder| Crate::read(&root, folder))
        .collect()
}

impl Crate {
    fn read(root: &Path, folder: &str) -> Self {
        let mut texts = Vec::new();
        read_folder(root, &format!("{folder}/src"), &mut texts);
        Self::of_texts(folder, texts)
    }

    /// Of files and what is in them.
    pub fn of_texts(name: &str, texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts: BTreeMap<String, String> = texts.into_iter().collect();
        let mut krate = Self { name: name.to_owned(), modules: BTreeMap::new() };
        let roots = ["lib.rs", "main.rs"].map(|file| format!("{name}/src/{file}"));
        if let Some(root) = roots.iter().find(|file| texts.contains_key(*file)) {
            krate.add(Vec::new(), root, &texts);
        }
        krate
    }

    fn add(&mut self, path: Vec<String>, file: &str, texts: &BTreeMap<String, String>) {
        let parsed: File = syn::parse_file(&texts[file]).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add_items(path, file, parsed.items, texts);
    }

    fn add_items(
        &mut self,
        path: Vec<String>,
        file: &str,
        items: Vec<Item>,
        texts: &BTreeMap<String, String>,
    ) {
        let mut own = Vec::new();
        for item in items {
            match item {
                Item::Mod(module) if is_for_tests(&module.attrs) => {}
                Item::Mod(module) => {
                    let mut inner = path.clone();
                    inner.push(module.ident.to_string());
                    match module.content {
                        Some((_, items)) => self.add_items(inner, file, items, texts),
                        None => {
                            let folder = format!("{}/src/{}", self.name, inner.join("/"));
                            let file = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
                            let file = file.into_iter().find(|file| texts.contains_key(file));
                            self.add(inner, &file.unwrap_or_else(|| panic!("no file for {folder}")), texts);
                        }
                    }
                }
                item if is_for_tests(attributes(&item)) => {}
                item => own.push(item),
            }
        }
        self.modules.insert(path, Module { file: file.to_owned(), items: own });
    }
}

fn read_folder(root: &Path, folder: &str, texts: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read_folder(root, &path, texts);
        } else if Path::new(&path).extension().is_some_and(|kind| kind == "rs") {
            texts.push((path.clone(), std::fs::read_to_string(root.join(&path)).unwrap()));
        }
    }
}

/// Whether something is compiled for tests only.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
            || attribute.path().is_ident("test")
    })
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

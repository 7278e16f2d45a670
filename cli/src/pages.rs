//! Files of the pages: the modules that several of them share, and how all are served.

use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get};
use http::header;

/// The modules of a folder: those of each name, with its text.
macro_rules! modules {
    ($folder:literal: $($name:literal)*) => { &[$(($name, include_str!(concat!($folder, $name)))),*] };
}
pub(crate) use modules;

/// A module of a page: its name and its text.
pub type Module = (&'static str, &'static str);

/// The modules that pages share.
pub const COMMON: &[Module] = modules! { "pages/common/": "elements.js" "form.js" };

/// The style of forms, cards and dialogs.
pub const COMMON_STYLE: &str = include_str!("pages/common/common.css");

/// A file of a media type, for those who look at it as what it says it is.
pub fn file<S: Clone + Send + Sync + 'static>(
    kind: &'static str,
    text: impl Into<String>,
) -> MethodRouter<S> {
    let text = text.into();
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    get(async move || (headers, text).into_response())
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// All modules of a folder are served, and none makes HTML of data.
    pub fn check(folder: &str, modules: &[Module]) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages").join(folder);
        let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
        let scripts = files.filter(|file| file.extension().is_some_and(|kind| kind == "js"));
        let there: BTreeSet<String> =
            scripts.map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        let served: BTreeSet<String> = modules.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(served, there);
        for (name, text) in modules {
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(way), "{name}: {way}");
            }
        }
    }

    #[test]
    fn common_modules_are_served_and_make_no_html() {
        check("common", COMMON);
    }
}

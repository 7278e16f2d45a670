//! The style of all pages.

use vestibule::http::reply;

/// The style that the API's own pages have, and what those of the local stack share besides.
pub fn style() -> String {
    [reply::STYLE, include_str!("pages/style.css")].concat()
}

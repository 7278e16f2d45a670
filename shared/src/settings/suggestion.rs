//! "Did you mean": the known name nearest to a mistyped one.

/// A question that ends a sentence, naming the nearest of the known names; empty when none is near.
pub(super) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let distances = known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    match distances.min() {
        // More than a third of it different is another name, not a slip.
        Some((distance, nearest)) if distance * 3 <= own_length(name, nearest) => {
            format!("; did you mean {nearest}?")
        }
        _ => String::new(),
    }
}

/// The length of the name without the first word, where the two have that in common: it says nothing.
fn own_length(name: &str, nearest: &str) -> usize {
    match nearest.split_once('_') {
        Some((word, rest)) if name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_')) => rest.len(),
        _ => nearest.len(),
    }
}

//! "Did you mean": the known name nearest to a mistyped one.

/// A question that ends a sentence, naming the nearest of the known names; empty when none is near.
pub(super) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let distances = known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    match distances.min() {
        // More than a third of it different is another name, not a slip.
        Some((distance, nearest)) if distance * 3 <= nearest.len() => {
            format!("; did you mean {nearest}?")
        }
        _ => String::new(),
    }
}

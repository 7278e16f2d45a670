//! How an input is cut into the parts that a target needs, so that a person can read and write one.

/// Comes between two parts: an empty line with nothing but this in it.
const BETWEEN: &[u8] = b"\n~~~\n";

/// The first `N` parts; those that are missing are empty.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data;
    std::array::from_fn(|at| {
        let end = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN).filter(|_| at + 1 < N);
        let part = end.map_or(rest, |end| &rest[..end]);
        rest = end.map_or(&[], |end| &rest[end + BETWEEN.len()..]);
        part
    })
}

/// The input as text, if it is UTF-8.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Changes a text as the input says: `<position> <character>`, replaced at this position, or put after the end. None if that
/// leaves it as it is.
pub fn changed(text: &str, change: &str) -> Option<String> {
    let (position, by) = change.split_once(' ')?;
    let (position, by) = (position.parse::<usize>().ok()?, by.chars().next()?);
    let mut characters: Vec<char> = text.chars().collect();
    match characters.get_mut(position) {
        Some(character) => *character = by,
        None => characters.push(by),
    }
    let changed: String = characters.into_iter().collect();
    (changed != text).then_some(changed)
}

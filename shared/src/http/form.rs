//! Submitted HTML forms: `application/x-www-form-urlencoded`, or `multipart/form-data` (RFC 7578).

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::{Constraints, Multipart, SizeLimit};

use super::input::json::MAX_BODY_BYTES;

/// The most fields of a form: Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
const MOST_FIELDS: usize = 1000;

/// The fields of a form, in their order. None where the body is another one, or too large.
pub(super) fn read(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if body.len() > MAX_BODY_BYTES {
        Vec::new()
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        form_urlencoded::parse(body).into_owned().take(MOST_FIELDS).collect()
    } else if kind.eq_ignore_ascii_case("multipart/form-data") {
        multer::parse_boundary(content_type)
            .ok()
            .and_then(|boundary| parts(boundary, body))
            .unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The parts of a multipart form that are no files; none where it is malformed.
fn parts(boundary: String, body: &[u8]) -> Option<Vec<(String, String)>> {
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(body))]);
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(MAX_BODY_BYTES as u64));
    let mut form = Multipart::with_constraints(whole, boundary, limits);
    let read = async {
        let mut fields = Vec::new();
        while let Some(part) = form.next_field().await.ok()?.filter(|_| fields.len() < MOST_FIELDS) {
            let name = part.name().map(str::to_owned).filter(|_| part.file_name().is_none());
            let value = part.bytes().await.ok()?;
            fields.extend(name.map(|name| (name, String::from_utf8_lossy(&value).into_owned())));
        }
        Some(fields)
    };
    // All of the body is there, so nothing is waited for.
    read.now_or_never().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(content_type: &str, body: &str, name: &str) -> Option<String> {
        read(content_type, body.as_bytes()).into_iter().rfind(|(key, _)| key == name).map(|(_, value)| value)
    }

    #[test]
    fn both_kinds_of_forms_are_read() {
        let urlencoded = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(field(urlencoded, "a=1&b=%26&a=2", "a").as_deref(), Some("2"));
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--x\r\n\
                    Content-Disposition: form-data; name=\"b\"\r\nContent-Type: text/plain\r\n\r\n\u{e4}\r\n--x\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n3\r\n--x--\r\n";
        for kind in ["multipart/form-data; boundary=x", "Multipart/Form-Data;boundary=\"x\""] {
            assert_eq!(field(kind, body, "a").as_deref(), Some("1\r\n2"), "{kind}");
            assert_eq!(field(kind, body, "b").as_deref(), Some("\u{e4}"), "{kind}");
            assert_eq!(field(kind, body, "file"), None, "{kind}");
        }
    }

    #[test]
    fn what_is_no_form_has_no_fields() {
        let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        for (kind, body) in [
            ("application/json", "a=1"),
            ("", "a=1"),
            ("multipart/form-data", part),
            ("multipart/form-data; boundary=y", part),
            ("multipart/form-data; boundary=x", part),
            ("multipart/form-data; boundary=x", ""),
            ("multipart/form-data; boundary=", "a=1"),
        ] {
            assert_eq!(read(kind, body.as_bytes()), [], "{kind} {body}");
        }
    }

    #[test]
    fn forms_have_a_most_of_fields_and_bytes() {
        let kind = "application/x-www-form-urlencoded";
        assert_eq!(read(kind, "a=1&".repeat(MOST_FIELDS + 1).as_bytes()).len(), MOST_FIELDS);
        assert_eq!(read(kind, &vec![b'a'; MAX_BODY_BYTES + 1]), []);
        let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let body = format!("{}--x--", part.repeat(MOST_FIELDS + 1));
        assert_eq!(read("multipart/form-data; boundary=x", body.as_bytes()).len(), MOST_FIELDS);
    }
}

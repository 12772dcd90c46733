//! How DevTools writes names.

use std::borrow::Cow;

use crate::json::text::{quote, utf16_len};

/// `<div id="a">` → `<div>`, likewise behind `Detached `. `None` for names that are class names as they are.
pub(super) fn element(name: &[u8]) -> Option<Cow<'_, [u8]>> {
    let from = if name.starts_with(b"<") {
        0
    } else if name.starts_with(b"Detached <") {
        b"Detached <".len()
    } else {
        return None;
    };
    Some(match memchr::memchr(b' ', &name[from..]) {
        Some(space) => Cow::Owned([&name[..from + space], b">"].concat()),
        None => Cow::Borrowed(name),
    })
}

/// A property's name in `{a, b}`: in JSON's quotes if it could be mistaken for something else.
pub(crate) fn property(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().any(|byte| b",'\"{}".contains(byte)) {
        Cow::Owned(quote(name))
    } else {
        Cow::Borrowed(name)
    }
}

/// Length of [`property`] in UTF-16 units.
pub(crate) fn property_len(name: &[u8]) -> usize {
    utf16_len(&property(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let element =
            |name: &str| element(name.as_bytes()).map(|name| String::from_utf8(name.into_owned()).unwrap());
        assert_eq!(element("<div id=\"a\">").as_deref(), Some("<div>"));
        assert_eq!(element("<div>").as_deref(), Some("<div>"));
        assert_eq!(element("Detached <a b c>").as_deref(), Some("Detached <a>"));
        assert_eq!(element("Detached <").as_deref(), Some("Detached <"));
        assert_eq!(element("Detached HTML"), None);
        assert_eq!(element("x<div>"), None);
    }

    #[test]
    fn properties_as_json_stringify_writes_them() {
        for (name, shown) in [
            ("plain name", "plain name"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("it's", "\"it's\""),
            ("{\n\u{1}\\\u{7f}é}", "\"{\\n\\u0001\\\\\u{7f}é}\""),
            ("a\\b", "a\\b"),
        ] {
            assert_eq!(*property(name.as_bytes()), *shown.as_bytes());
        }
        assert_eq!(*property(b"{\xED\xA0\xBD\xED\x9F\xBF"), *b"\"{\\ud83d\xED\x9F\xBF\"");
        assert_eq!(property_len("{😀".as_bytes()), 5);
    }
}

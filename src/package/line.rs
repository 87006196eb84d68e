//! The text that is signed: a header line, and one line of restricted RFC 8785 JSON with one spelling.

use serde::{Serialize, de::DeserializeOwned};

use crate::words::Message;

/// Header and value as they are signed. The fields of `T` stand in the order of their names; it has no floats and no
/// maps, so what serde writes is canonical.
pub fn write<T: Serialize>(header: &str, value: &T) -> String {
    // A value of texts, integers and lists always has a spelling.
    let line = serde_json::to_string(value).unwrap_or_default();
    format!("{header}\n{line}\n")
}

/// Reads what [`write`] wrote, and refuses every other spelling of it.
pub fn read<T: Serialize + DeserializeOwned>(header: &str, text: &str) -> Result<T, Message> {
    let line = text.strip_prefix(header).and_then(|rest| rest.strip_prefix('\n'));
    let Some(line) = line else { return Err(Message::new("package-header").with("wanted", header)) };
    let value: T = serde_json::from_str(line.trim_end_matches('\n')).map_err(|error| fault(&error))?;
    if write(header, &value) == text { Ok(value) } else { Err(Message::new("package-spelling")) }
}

/// Which rule a line breaks. `serde_json` names the sort of a fault in its words only; a test holds them.
fn fault(error: &serde_json::Error) -> Message {
    let detail = error.to_string();
    let code = if detail.starts_with("unknown field") {
        "package-unknown-field"
    } else if detail.starts_with("duplicate field") {
        "package-duplicate-field"
    } else {
        "package-line"
    };
    Message::new(code).with("detail", detail)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Value {
        a: u64,
        b: String,
    }

    #[test]
    fn a_line_has_one_spelling_and_each_fault_its_name() {
        let text = write("loa test v1", &Value { a: 7, b: "đài\n".into() });
        assert_eq!(text, "loa test v1\n{\"a\":7,\"b\":\"đài\\n\"}\n");
        let code = |text: &str| read::<Value>("loa test v1", text).map_err(|message| message.code);
        assert_eq!(code(&text), Ok(Value { a: 7, b: "đài\n".into() }));
        for (from, to, expected) in [
            ("v1", "v2", "package-header"),
            ("{\"a\"", "{ \"a\"", "package-spelling"),
            ("\"a\":7", "\"a\":7,\"c\":1", "package-unknown-field"),
            ("\"a\":7", "\"a\":7,\"a\":7", "package-duplicate-field"),
            ("\"a\":7", "\"a\":7.0", "package-line"),
            ("\"a\":7", "\"a\":null", "package-line"),
            ("đ", "\\u0111", "package-spelling"),
            ("{\"a\":7,", "{", "package-line"),
            ("}\n", "}\n\n", "package-spelling"),
            ("}\n", "}", "package-spelling"),
            ("}\n", "}\n{}\n", "package-line"),
        ] {
            assert_eq!(code(&text.replacen(from, to, 1)), Err(expected), "{to}");
        }
        assert_eq!(code("loa test v1\n{\"b\":\"x\",\"a\":7}\n"), Err("package-spelling"));
    }
}

//! Whether bytes are one value of the restricted canonical JSON of leaves, found in one pass without
//! building anything.
//!
//! The restriction of RFC 8785 (JCS): no floats, no nulls, no arrays; integers within ±(2^53−1); keys of
//! letters, digits, `_`, `.`, `-`, strictly ascending; strings escaped as RFC 8785 section 3.2.2.2 says
//! and no otherwise. So every value has exactly one spelling.

use super::canonical::{LeafFault, MOST_INTEGER};

/// How deep objects may nest: bounds the recursion on hostile bytes.
const MOST_DEPTH: u32 = 8;

/// A reader over bytes that are known to be UTF-8.
pub struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Scan<'a> {
        Scan { text, at: 0 }
    }

    /// The next byte, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn fault<T>(&self) -> Result<T, LeafFault> {
        Err(LeafFault::NotCanonical { at: self.at })
    }

    /// Takes exactly `literal`.
    pub fn expect(&mut self, literal: &str) -> Result<(), LeafFault> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return self.fault();
        }
        self.at += literal.len();
        Ok(())
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), LeafFault> {
        if self.at == self.text.len() { Ok(()) } else { self.fault() }
    }

    /// Takes one object and gives its text.
    pub fn object(&mut self) -> Result<&'a str, LeafFault> {
        let start = self.at;
        self.object_at(0)?;
        Ok(&self.text[start..self.at])
    }

    fn object_at(&mut self, depth: u32) -> Result<(), LeafFault> {
        if depth == MOST_DEPTH {
            return self.fault();
        }
        self.expect("{")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut before = "";
        loop {
            let key = self.key()?;
            // Ascending and never equal: neither an order nor a twin key is left to choose.
            if key <= before {
                return self.fault();
            }
            before = key;
            self.expect(":")?;
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fault(),
            }
        }
    }

    /// Takes one key, with its quotes.
    pub fn key(&mut self) -> Result<&'a str, LeafFault> {
        self.expect("\"")?;
        let start = self.at;
        self.at += self.rest().iter().take_while(|byte| is_key_byte(**byte)).count();
        let key = &self.text[start..self.at];
        self.expect("\"")?;
        Ok(key)
    }

    fn value(&mut self, depth: u32) -> Result<(), LeafFault> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object_at(depth),
            Some(b't') => self.expect("true"),
            Some(b'f') => self.expect("false"),
            _ => self.integer().map(drop),
        }
    }

    /// Takes one string and gives its text between the quotes, still escaped.
    pub fn string(&mut self) -> Result<&'a str, LeafFault> {
        self.expect("\"")?;
        let start = self.at;
        loop {
            let plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | ..0x20);
            self.at += self.rest().iter().take_while(plain).count();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.fault(),
            }
        }
        let text = &self.text[start..self.at];
        self.at += 1;
        Ok(text)
    }

    /// RFC 8785 section 3.2.2.2: the short form where there is one, else `\u00xx` in lower case, and
    /// only for control characters, quote and backslash.
    fn escape(&mut self) -> Result<(), LeafFault> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        self.at += match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return self.fault(),
        };
        Ok(())
    }

    /// Takes one integer within ±(2^53−1).
    pub fn integer(&mut self) -> Result<i64, LeafFault> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let digits = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value * 10 + i64::from(digit - b'0');
            self.at += 1;
            if value > MOST_INTEGER {
                return Err(LeafFault::NotCanonical { at: start });
            }
        }
        let leading_zero = self.text.as_bytes().get(digits) == Some(&b'0');
        let length = self.at - digits;
        if length == 0 || (leading_zero && (length > 1 || negative)) {
            return Err(LeafFault::NotCanonical { at: start });
        }
        Ok(if negative { -value } else { value })
    }
}

/// Bytes of which keys are made.
pub fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str) -> bool {
        let mut scan = Scan::new(text);
        scan.object().and_then(|_| scan.end()).is_ok()
    }

    #[test]
    fn one_spelling_a_value() {
        for good in [
            "{}",
            r#"{"a":1,"b":"x","c":true,"d":{"e":false}}"#,
            r#"{"a":-1,"b":9007199254740991,"c":-9007199254740991}"#,
            r#"{"a":"Đức Phổ \"\\\b\t\n\f\r\u0000\u001f\u000b"}"#,
            "{\"a\":\"\u{7f}\u{2028}😀\"}",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "[]",
            "1",
            "{} ",
            " {}",
            r#"{"a": 1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,}"#,
            r#"{"":1}"#,
            r#"{"é":1}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":null}"#,
            r#"{"a":[]}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":01}"#,
            r#"{"a":-0}"#,
            r#"{"a":-}"#,
            r#"{"a":+1}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":99999999999999999999999}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u0009"}"#,
            r#"{"a":"\u001F"}"#,
            r#"{"a":"\u0020"}"#,
            r#"{"a":"\ud83d\ude00"}"#,
            "{\"a\":\"\u{1}\"}",
            r#"{"a":"x"#,
            r#"{"a":tru}"#,
            r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}"#,
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }
}

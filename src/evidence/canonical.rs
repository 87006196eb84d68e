//! The bytes of a leaf: one line of restricted RFC 8785 JSON (JCS), written by hand and read strictly.
//!
//! ```text
//! {"body":{…},"clk":{…},"kind":"play.start","seq":17,"v":1}
//! ```
//!
//! Every entry has exactly one spelling, so that two readers can never see two meanings in the same
//! bytes, and nobody needs to re-serialise in order to verify.

use std::cell::Cell;

use serde::{
    Deserialize as _, Deserializer,
    de::{self, EnumAccess, IntoDeserializer as _, VariantAccess, Visitor},
};
use serde_json::Value;

use super::{
    entry::{Body, Clk, Entry},
    quick,
    scan::{Scan, is_key_byte},
};

/// Integers lie within ± this: what every JSON reader keeps exactly (2^53 − 1, RFC 7493).
pub const MOST_INTEGER: i64 = (1 << 53) - 1;

/// A leaf is at most this long, in bytes: the limit of a C2SP tlog-tiles entry bundle.
pub const MOST_BYTES: usize = 65_535;

/// Why bytes are no leaf, or an entry cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafFault {
    /// Longer than [`MOST_BYTES`].
    #[error("the leaf is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// Not the one canonical spelling of a leaf.
    #[error("not canonical at byte {at}")]
    NotCanonical {
        /// Offset of the first byte that does not fit, from 0.
        at: usize,
    },
    /// Written in another version of the entry format.
    #[error("entry format {0} is not known")]
    Version(i64),
    /// A boot id that is not 32 lower-case hex digits.
    #[error("`{0}` is no boot id of 32 lower-case hex digits")]
    Boot(String),
    /// Canonical, but not the fields that its kind has.
    #[error("not a body of kind `{kind}`: {detail}")]
    Body {
        /// Its kind.
        kind: String,
        /// What does not fit.
        detail: String,
    },
    /// A value that leaves cannot hold: a float, a null, a list, an integer beyond 2^53−1.
    #[error("`{0}` cannot stand in a leaf")]
    Value(String),
}

/// What a canonical leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// An entry of a kind that this program knows.
    Known(Entry),
    /// An entry of a kind that a later program wrote.
    Unknown {
        /// Position in the log, from 0.
        seq: u64,
        /// The clocks when it was written.
        clk: Clk,
        /// Its kind.
        kind: String,
        /// Its body: canonical JSON.
        body: String,
    },
}

impl Leaf {
    /// Position in the log, from 0.
    #[must_use]
    pub fn seq(&self) -> u64 {
        match self {
            Leaf::Known(entry) => entry.seq,
            Leaf::Unknown { seq, .. } => *seq,
        }
    }

    /// The clocks when it was written.
    #[must_use]
    pub fn clk(&self) -> &Clk {
        match self {
            Leaf::Known(entry) => &entry.clk,
            Leaf::Unknown { clk, .. } => clk,
        }
    }

    /// What it says, when this program knows its kind.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        match self {
            Leaf::Known(entry) => Some(&entry.body),
            Leaf::Unknown { .. } => None,
        }
    }
}

/// The canonical leaf of `entry`: no line end, at most [`MOST_BYTES`].
pub fn encode(entry: &Entry) -> Result<String, LeafFault> {
    check_boot(&entry.clk)?;
    let value = |v: serde_json::Result<Value>| v.map_err(|e| LeafFault::Value(e.to_string()));
    let mut out = String::with_capacity(512);
    let tagged = value(serde_json::to_value(&entry.body))?;
    out.push_str("{\"body\":");
    match &tagged {
        Value::Object(one) if one.len() == 1 => one.values().try_for_each(|body| write(body, &mut out))?,
        other => return Err(LeafFault::Value(other.to_string())),
    }
    out.push_str(",\"clk\":");
    write(&value(serde_json::to_value(&entry.clk))?, &mut out)?;
    out.push_str(",\"kind\":\"");
    out.push_str(entry.body.kind());
    out.push_str("\",\"seq\":");
    write(&Value::from(entry.seq), &mut out)?;
    out.push_str(",\"v\":1}");
    if out.len() > MOST_BYTES { Err(LeafFault::TooLong) } else { Ok(out) }
}

fn write(value: &Value, out: &mut String) -> Result<(), LeafFault> {
    let refused = || LeafFault::Value(value.to_string());
    match value {
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => {
            let exact = |n: &i64| (-MOST_INTEGER..=MOST_INTEGER).contains(n);
            let number = number.as_i64().filter(exact).ok_or_else(refused)?;
            out.push_str(&number.to_string());
        }
        // serde_json escapes exactly as RFC 8785 section 3.2.2.2 asks.
        Value::String(text) => out.push_str(&serde_json::to_string(text).map_err(|_| refused())?),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if key.is_empty() || !key.bytes().all(is_key_byte) {
                    return Err(LeafFault::Value(key.clone()));
                }
                if i > 0 {
                    out.push(',');
                }
                out.push('"');
                out.push_str(key);
                out.push_str("\":");
                write(value, out)?;
            }
            out.push('}');
        }
        Value::Null | Value::Array(_) => return Err(refused()),
    }
    Ok(())
}

/// Reads the one canonical spelling of a leaf and refuses every other.
///
/// For a known kind: `encode` of the result gives the same bytes. For an unknown kind the body is only
/// known to be canonical.
pub fn decode(bytes: &[u8]) -> Result<Leaf, LeafFault> {
    if bytes.len() > MOST_BYTES {
        return Err(LeafFault::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| LeafFault::NotCanonical { at: e.valid_up_to() })?;
    match quick::read(text) {
        Some(entry) => Ok(Leaf::Known(entry)),
        None => decode_carefully(text),
    }
}

/// What [`decode`] means; it also knows why a text is no leaf, and leaves of later programs.
fn decode_carefully(text: &str) -> Result<Leaf, LeafFault> {
    let mut scan = Scan::new(text);
    scan.expect("{\"body\":")?;
    let body = scan.object()?;
    scan.expect(",\"clk\":")?;
    let clk = scan.object()?;
    scan.expect(",\"kind\":")?;
    let kind = scan.string()?;
    scan.expect(",\"seq\":")?;
    let seq = scan.integer()?;
    scan.expect(",\"v\":")?;
    let version = scan.integer()?;
    scan.expect("}")?;
    scan.end()?;
    if version != 1 {
        return Err(LeafFault::Version(version));
    }
    let malformed = |detail: String| LeafFault::Body { kind: kind.into(), detail };
    if kind.is_empty() || !kind.bytes().all(is_key_byte) {
        return Err(malformed("its name".into()));
    }
    let seq = u64::try_from(seq).map_err(|_| malformed("a negative `seq`".into()))?;
    let clk: Clk = serde_json::from_str(clk).map_err(|e| malformed(e.to_string()))?;
    check_boot(&clk)?;
    let known = Cell::new(false);
    match Body::deserialize(Tagged { kind, body, known: &known }) {
        Ok(body) => Ok(Leaf::Known(Entry { seq, clk, body })),
        Err(_) if !known.get() => Ok(Leaf::Unknown { seq, clk, kind: kind.into(), body: body.into() }),
        Err(error) => Err(malformed(error.to_string())),
    }
}

pub(super) fn check_boot(clk: &Clk) -> Result<(), LeafFault> {
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let good = clk.boot.len() == 32 && clk.boot.bytes().all(hex);
    if good { Ok(()) } else { Err(LeafFault::Boot(clk.boot.clone())) }
}

/// `kind` and `body` as serde's variant and content. The leaf has its body before its kind, which
/// serde's own tagging could only read by buffering every value.
struct Tagged<'a> {
    kind: &'a str,
    body: &'a str,
    known: &'a Cell<bool>,
}

impl<'de> Deserializer<'de> for Tagged<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = serde_json::Error;
    type Variant = Self;

    fn variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Self::Error> {
        let kind: de::value::StrDeserializer<'_, Self::Error> = self.kind.into_deserializer();
        let variant = seed.deserialize(kind)?;
        self.known.set(true);
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        Err(de::Error::custom("every kind has a body"))
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.body))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Self::Error> {
        self.unit_variant().and_then(|()| Err(de::Error::custom("a body is an object")))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        serde_json::Deserializer::from_str(self.body).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::samples;

    #[test]
    fn every_kind_has_its_golden_bytes() {
        let golden = include_str!("../../tests/golden/leaves.jsonl");
        let leaves: Vec<String> = samples::every_kind().iter().map(|e| encode(e).unwrap()).collect();
        assert_eq!(leaves.join("\n") + "\n", golden);
        for (line, entry) in golden.lines().zip(samples::every_kind()) {
            assert_eq!(decode(line.as_bytes()).unwrap(), Leaf::Known(entry));
        }
        let bytes: usize = leaves.iter().map(String::len).sum();
        assert!(bytes / leaves.len() <= 450, "a leaf should be short: {bytes} bytes");
    }

    #[test]
    fn what_people_do_in_the_pages_has_its_golden_bytes() {
        let leaves: Vec<String> = samples::of_the_pages().iter().map(|e| encode(e).unwrap()).collect();
        assert_eq!(leaves.join("\n") + "\n", include_str!("../../tests/golden/leaves-pages.jsonl"));
        for (leaf, entry) in leaves.iter().zip(samples::of_the_pages()) {
            assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry));
        }
    }

    #[test]
    fn twins_of_a_leaf_are_refused() {
        let leaf = encode(&samples::every_kind()[0]).unwrap();
        let twin = |from: &str, to: &str| {
            assert!(leaf.contains(from), "{from}");
            decode(leaf.replacen(from, to, 1).as_bytes()).unwrap_err()
        };
        twin("\"seq\":0", "\"seq\":0.0");
        twin("\"seq\":0", "\"seq\":-1");
        twin("\"seq\":0", "\"seq\": 0");
        twin("\"seq\":0", "\"seq\":0,\"seq\":0");
        twin("\"reason\":\"init\"", "\"reason\":\"\\u0069nit\"");
        twin("\"reason\":\"init\"", "\"more\":1,\"reason\":\"init\"");
        twin("\"offset_min\"", "\"extra\":1,\"offset_min\"");
        twin("\"sync\":true", "\"sync\":1");
        assert_eq!(twin("\"v\":1", "\"v\":2"), LeafFault::Version(2));
        assert!(matches!(twin("0123456789ab", "0123456789AB"), LeafFault::Boot(_)));
        assert_eq!(decode(&vec![b' '; MOST_BYTES + 1]), Err(LeafFault::TooLong));
        assert!(decode(b"\xff").is_err());
    }

    #[test]
    fn digests_and_names_of_a_body_have_one_spelling() {
        let accept = samples::every_kind().into_iter().find(|e| e.body.kind() == "schedule.accept").unwrap();
        let leaf = encode(&accept).unwrap();
        for (from, to) in [("\"count\":", "\"count\":1,\"count\":"), ("2022-03", "2022-3"), ("aaaa", "AAAA")]
        {
            assert!(leaf.contains(from), "{from} in {leaf}");
            assert!(decode(leaf.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn an_unknown_kind_is_kept_when_it_is_canonical() {
        let leaf = encode(&samples::every_kind()[0]).unwrap().replace("log.open", "later.kind");
        let Leaf::Unknown { kind, body, seq: 0, .. } = decode(leaf.as_bytes()).unwrap() else {
            panic!("known")
        };
        assert_eq!((kind.as_str(), body.starts_with("{\"origin\"")), ("later.kind", true));
        assert!(decode(leaf.replace("{\"origin\"", "{ \"origin\"").as_bytes()).is_err());
    }

    #[test]
    fn what_no_reader_keeps_exactly_is_not_written() {
        let mut entry = samples::every_kind().remove(0);
        entry.seq = 1 << 53;
        assert!(matches!(encode(&entry), Err(LeafFault::Value(_))));
        entry.seq = 0;
        entry.body = Body::Gap { reason: "x".repeat(MOST_BYTES) };
        assert_eq!(encode(&entry), Err(LeafFault::TooLong));
        entry.clk.boot = "A".repeat(32);
        assert!(matches!(encode(&entry), Err(LeafFault::Boot(_))));
    }

    /// The quick reading accepts what the careful one reads as a known kind, with the same result.
    fn agree(text: &str) {
        let careful = match decode_carefully(text) {
            Ok(Leaf::Known(entry)) => Some(entry),
            _ => None,
        };
        assert_eq!(quick::read(text), careful, "{text}");
    }

    #[test]
    fn both_readings_agree_on_twins() {
        let leaves: Vec<String> = samples::every_kind().iter().map(|e| encode(e).unwrap()).collect();
        for leaf in &leaves {
            agree(leaf);
            for (from, to) in [
                ("\"v\":1", "\"v\":01"),
                ("\"v\":1", "\"v\":2"),
                ("\"seq\":", "\"seq\":-"),
                ("\"seq\":", "\"seq\":0"),
                ("\"kind\":\"", "\"kind\":\"\\u0061"),
                ("\"sync\":true", "\"sync\":\"true\""),
                ("\"sync\":true", "\"sync\":1"),
                ("\"wall_ms\":1", "\"wall_ms\":\"1"),
                (",\"clk\":{", ",\"clk\":{},\"clk\":{"),
                ("{\"body\":{", "{\"body\":{\"clk\":{},"),
                ("},\"clk\":{", ",\"zz\":{}},\"clk\":{"),
                ("{\"body\":{", "{\"body\":{\"\":1,"),
                ("full", "{}"),
                ("\"full\"", "{\"full\":{}}"),
                ("\"full\"", "\"ful\\u006c\""),
                ("\"full\"", "\"ful\\\\l\""),
                ("\"n\":0", "\"n\":4294967296"),
                ("\"proof\":3", "\"proof\":256"),
                ("\"offset_min\":420", "\"offset_min\":2147483648"),
                ("2022-03/", "2022-03\\/"),
            ] {
                agree(&leaf.replacen(from, to, 1));
            }
        }
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(entry in samples::any_entry()) {
            let leaf = encode(&entry).unwrap();
            prop_assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry));
        }

        #[test]
        fn no_mutation_has_a_second_spelling(
            entry in samples::any_entry(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            how in 0..3u8,
        ) {
            let mut bytes = encode(&entry).unwrap().into_bytes();
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
            if let Ok(Leaf::Known(read)) = decode(&bytes) {
                prop_assert_eq!(encode(&read).unwrap().into_bytes(), bytes.clone());
            }
            if let Ok(text) = std::str::from_utf8(&bytes) {
                agree(text);
            }
        }

        #[test]
        fn both_readings_agree_on_other_fields_and_orders(
            entry in samples::any_entry(),
            other in samples::any_entry(),
            cut in any::<[prop::sample::Index; 2]>(),
            sort in any::<bool>(),
        ) {
            // The fields of two bodies, mixed: unknown, missing, doubled, out of order, of another type.
            let bodies = [&entry, &other].map(|entry| {
                let leaf = encode(entry).unwrap();
                leaf[9..leaf.find("},\"clk\"").unwrap()].to_owned()
            });
            let [a, b] = [0, 1].map(|n| bodies[n].split(',').collect::<Vec<_>>());
            let mut fields = [&a[..cut[0].index(a.len() + 1)], &b[cut[1].index(b.len() + 1)..]].concat();
            if sort {
                fields.sort_unstable();
            }
            let leaf = encode(&entry).unwrap().replace(&bodies[0], &fields.join(","));
            agree(&leaf);
        }

        #[test]
        fn bytes_from_outside_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}

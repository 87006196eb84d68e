//! The same reading as `canonical::decode`, in one pass: for a million leaves at a time.
//!
//! It checks the spelling and builds the entry at once, where the careful reading first checks all and then
//! parses. It accepts a leaf only if the careful reading gives the same entry (held by property tests) and
//! has no opinion about anything else: unknown kinds and every refusal belong to the careful reading.

use std::fmt;

use serde::{
    Deserialize as _, Deserializer,
    de::{
        self, EnumAccess, IntoDeserializer as _, MapAccess, VariantAccess, Visitor,
        value::{BorrowedStrDeserializer, StrDeserializer},
    },
};

use super::{
    canonical::{LeafFault, check_boot},
    entry::{Body, Clk, Entry},
    scan::Scan,
};

/// Not accepted here; why is for the careful reading to say.
#[derive(Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Refused {
        Refused
    }
}

impl From<LeafFault> for Refused {
    fn from(_: LeafFault) -> Refused {
        Refused
    }
}

/// The entry that `text` is the canonical leaf of, if its kind is known.
pub fn read(text: &str) -> Option<Entry> {
    // The kind stands behind the body. A quote within a string is escaped, so this finds a key; if it is a
    // deeper one than the leaf's own, what follows does not end where the leaf ends.
    let at = text.rfind(",\"clk\":{")?;
    let mut tail = Scan::new(&text[at..]);
    tail.expect(",\"clk\":").ok()?;
    let clk = Clk::deserialize(&mut tail).ok()?;
    tail.expect(",\"kind\":").ok()?;
    let kind = tail.string().ok()?;
    tail.expect(",\"seq\":").ok()?;
    let seq = u64::try_from(tail.integer().ok()?).ok()?;
    tail.expect(",\"v\":1}").ok()?;
    tail.end().ok()?;
    check_boot(&clk).ok()?;
    let mut head = Scan::new(&text[..at]);
    head.expect("{\"body\":").ok()?;
    let body = Body::deserialize(Tagged { kind, body: &mut head }).ok()?;
    head.end().ok()?;
    Some(Entry { seq, clk, body })
}

/// One value, refused unless it has its one spelling.
impl<'de> Deserializer<'de> for &mut Scan<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.peek() {
            Some(b'"') => {
                let text = self.string()?;
                if !text.contains('\\') {
                    return visitor.visit_borrowed_str(text);
                }
                let text = serde_json::from_str(&format!("\"{text}\""));
                visitor.visit_string(text.map_err(|_| Refused)?)
            }
            Some(b'{') => {
                self.expect("{")?;
                visitor.visit_map(Fields { scan: self, before: None })
            }
            Some(b't') => {
                self.expect("true")?;
                visitor.visit_bool(true)
            }
            Some(b'f') => {
                self.expect("false")?;
                visitor.visit_bool(false)
            }
            _ => match self.integer()? {
                negative @ ..0 => visitor.visit_i64(negative),
                other => visitor.visit_u64(other.cast_unsigned()),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let name: StrDeserializer<'_, Refused> = self.string()?.into_deserializer();
        visitor.visit_enum(name)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The fields of an object whose brace was taken.
struct Fields<'s, 'de> {
    scan: &'s mut Scan<'de>,
    before: Option<&'de str>,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Refused;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        match (self.scan.peek(), self.before) {
            (Some(b'}'), _) => {
                self.scan.expect("}")?;
                return Ok(None);
            }
            (_, None) => {}
            _ => self.scan.expect(",")?,
        }
        let key = self.scan.key()?;
        if key <= self.before.unwrap_or_default() {
            return Err(Refused);
        }
        self.before = Some(key);
        self.scan.expect(":")?;
        seed.deserialize(BorrowedStrDeserializer::<Refused>::new(key)).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(&mut *self.scan)
    }
}

/// `kind` and body as serde's variant and content.
struct Tagged<'s, 'de> {
    kind: &'de str,
    body: &'s mut Scan<'de>,
}

impl<'de> Deserializer<'de> for Tagged<'_, 'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Tagged<'_, 'de> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<Refused>::new(self.kind))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'_, 'de> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Err(Refused)
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(self.body)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.body.deserialize_map(visitor)
    }
}

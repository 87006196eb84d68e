//! Numbers and names that must not be mixed: frames, levels, digests, months, schedules, slot ids.

mod digest;
mod frames;
mod level;
mod month;
mod schedule_name;
mod slot_id;

pub use digest::{Digest, Hasher};
pub use frames::{Frames, RATE};
pub use level::Level;
pub use month::Month;
pub use schedule_name::ScheduleName;
pub use slot_id::SlotId;

/// A text that should have been a value of one of these types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {wanted}")]
pub struct Malformed {
    /// What stood there.
    pub found: String,
    /// What would have been accepted, with an example.
    pub wanted: &'static str,
}

/// Serde as the `Display` / `FromStr` text of a type.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                // No text is built on the way: a log of a million entries has millions of these.
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                from.deserialize_str(Text)
            }
        }
    };
}
use serde_as_text;

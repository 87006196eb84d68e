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
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use serde_as_text;

//! Audio and its measures: library, decoding, loudness, silence, and the master that airs.

mod master;

pub use master::{Mark, Master, MasterManifest};

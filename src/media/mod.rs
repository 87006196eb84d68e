//! Audio and its measures: library, decoding, loudness, silence, and the master that airs.

mod decode;
mod dither;
mod level;
mod library;
mod limiter;
mod loudness;
mod master;
mod measure;
mod mp4;
mod packets;
mod peak;
mod reader;
mod refusal;
mod render;
mod resample;
mod scratch;
mod silence;
mod sink;
mod sniff;
mod source;
mod trim;

pub use decode::{Damage, Decoder, FrameSource, Limits, Spec};
pub use library::Library;
pub use limiter::Limiter;
pub use loudness::Loudness;
pub use master::{Mark, Master, MasterManifest, MasterSpec};
pub use measure::{Measure, findings, measure};
pub use peak::TruePeak;
pub use reader::MasterReader;
pub use refusal::{Refusal, Why};
pub use render::{MediaError, Progress, Rendered, Renderer};
pub use resample::Conform;
pub use sniff::Format;
pub use source::Stop;

//! What the integration tests share: masters to air, and a sound server to air them on.

pub mod master;
pub mod player;
pub mod pulse;

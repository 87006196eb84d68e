//! Audio through the real encoders: what was encoded comes back, and every known trap is refused or survived.

mod encoders;
mod hostile;
mod masters;
mod traps;

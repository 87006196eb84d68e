//! Audio through the real encoders: what was encoded comes back, and every known trap is refused or survived.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    clippy::many_single_char_names,
    reason = "test signals are small numbers"
)]

mod encoders;
mod hostile;
mod masters;
mod traps;

//! The one integration binary; this list is its table of contents.

mod playout;
mod pulse;
mod support;
mod tidy;

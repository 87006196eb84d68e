//! The one integration binary; this list is its table of contents.

mod media;
mod tidy;

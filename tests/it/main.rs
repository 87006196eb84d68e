//! The one integration binary; this list is its table of contents.

mod findings;
mod tidy;

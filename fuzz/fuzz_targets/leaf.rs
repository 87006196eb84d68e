//! A leaf: what is accepted has exactly one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loa::evidence::{
    Leaf,
    canonical::{decode, encode},
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Leaf::Known(entry)) = decode(bytes) {
        assert_eq!(encode(&entry).expect("what was read can be written").as_bytes(), bytes);
    }
});

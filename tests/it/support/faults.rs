//! The library that stands between the program and the disk, and between it and the clocks.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Builds it in `folder`.
pub fn library(folder: &Path) -> PathBuf {
    let library = folder.join("faults.so");
    let sources = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/faults.c"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c"),
    ];
    let built = Command::new("gcc")
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .args(sources)
        .args(["-ldl", "-lpthread"])
        .status();
    assert!(built.unwrap().success());
    library
}

//! The library that stands between the program and the disk.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Builds it in `folder`.
pub fn library(folder: &Path) -> PathBuf {
    let library = folder.join("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/faults.c");
    let built = Command::new("gcc")
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
        .args([library.as_os_str(), source.as_ref()])
        .args(["-ldl", "-lpthread"])
        .status();
    assert!(built.unwrap().success());
    library
}

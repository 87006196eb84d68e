//! A package on a stick from a stranger: the container as it comes, then the notes within as if their signer had gone bad.
#![no_main]

use std::{fs, path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use loa::{
    keys::SigningKey,
    package::{self, Manifest, Shelf, Threshold, Trust, TrustChain},
};

/// In memory, one for all runs of this process.
static ROOT: LazyLock<String> = LazyLock::new(|| format!("/dev/shm/loa-fuzz-package-{}", std::process::id()));
static EDITOR: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate("bien-tap").expect("a key"));
static APPROVER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate("duyet").expect("a key"));
static CHAIN: LazyLock<TrustChain> = LazyLock::new(|| {
    let root = SigningKey::generate("goc").expect("a key");
    let trust = Trust {
        approvers: vec![APPROVER.public().clone()],
        channel: "quang-ngai".into(),
        editors: vec![EDITOR.public().clone()],
        expires_ms: 4_000_000_000_000,
        log: root.public().clone(),
        origin: "loa/centre/quang-ngai/1".into(),
        roots: vec![root.public().clone()],
        thresholds: Threshold { approvers: 1, editors: 1, roots: 1 },
        version: 1,
    };
    let note = trust.sign(std::slice::from_ref(&root)).expect("a trust file");
    TrustChain::begin(note.as_bytes()).expect("a chain")
});

fuzz_target!(|bytes: &[u8]| {
    let into = Path::new(&*ROOT).join("in/here");
    let _ = fs::remove_dir_all(&*ROOT);
    fs::create_dir_all(&into).expect("a folder");
    let unwrapped = package::unwrap(bytes, &into, 1 << 20);
    let beside = fs::read_dir(&*ROOT).expect("the folder").count();
    assert_eq!((beside, fs::read_dir(into.parent().expect("its folder")).expect("it").count()), (1, 1));
    if unwrapped.is_ok() {
        let shelf = Shelf::new(&into);
        for seq in shelf.packages().unwrap_or_default() {
            let Ok(note) = shelf.note(seq) else { continue };
            let _ = Manifest::open(&note, &CHAIN);
            let _ = shelf.proof(seq);
        }
        for version in shelf.trusts().unwrap_or_default() {
            let _ = shelf.trust(version).map(|note| CHAIN.clone().follow(&note));
        }
    }
    // Past the signatures, the content is the attacker's.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let signed = EDITOR.sign(text).and_then(|note| loa::keys::cosign(&note, &APPROVER));
    if let Ok(note) = signed
        && let Ok((manifest, _)) = Manifest::open(note.as_bytes(), &CHAIN)
    {
        assert_eq!(manifest.text().ok().as_deref(), Some(text), "it has one spelling");
        for file in &manifest.files {
            assert!(loa::disk::join_below(&into, &file.file).is_some_and(|path| path.starts_with(&into)));
        }
    }
});

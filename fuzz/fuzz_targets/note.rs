//! Signed notes, checkpoints, approvals, slot lists, and what packages are made of.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use loa::{
    evidence::Checkpoint,
    keys::{self, PublicKey, SigningKey},
    package::{Manifest, TlogProof, TrustChain},
    programme::{Approval, SlotList},
};

/// A known key, so that mutations of a note that it signed come close to being accepted.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate("loa/fuzz").expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    let keys: [PublicKey; 1] = [KEY.public().clone()];
    let _ = keys::open(bytes, &keys);
    let _ = Checkpoint::open(bytes, &keys);
    let _ = Approval::open(bytes, &keys);
    if let (Some(manifest), _) = Manifest::unchecked(bytes) {
        assert!(manifest.text().is_ok());
    }
    if let Ok(proof) = TlogProof::read(bytes) {
        assert_eq!(proof.text().as_bytes(), bytes);
    }
    let _ = TrustChain::begin(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = PublicKey::parse(text);
    let _ = SigningKey::parse(text);
    if let Ok(list) = text.parse::<SlotList>() {
        assert_eq!(list.to_string().parse::<SlotList>().ok(), Some(list), "{text}");
    }
    // The same bytes as a text that the key signs: past the signature, the content is the attacker's.
    if let Ok(note) = KEY.sign(text) {
        assert!(keys::open(note.as_bytes(), &keys).is_ok());
        if let Ok(head) = Checkpoint::open(note.as_bytes(), &keys) {
            let again = head.sign(&KEY).expect("what was read can be signed");
            assert_eq!(Checkpoint::open(again.as_bytes(), &keys).ok(), Some(head));
        }
        let _ = Approval::open(note.as_bytes(), &keys);
        let _ = Manifest::unchecked(note.as_bytes());
    }
});

//! Fields that stand in a leaf only where they say something.

use crate::evidence::{
    canonical::{Leaf, decode, encode},
    samples,
};

#[test]
fn what_is_the_wards_says_so_in_one_spelling() {
    let leaves: Vec<String> = samples::of_the_ward().iter().map(|e| encode(e).unwrap()).collect();
    assert_eq!(leaves.join("\n") + "\n", include_str!("../../../tests/golden/leaves-ward.jsonl"));
    for (leaf, entry) in leaves.iter().zip(samples::of_the_ward()) {
        assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry));
        let twin = leaf.replace("\"ward\":true", "\"ward\":false");
        assert!(twin != *leaf && decode(twin.as_bytes()).is_err(), "{twin}");
    }
}

#[test]
fn what_was_thrown_away_stands_only_where_there_is_some() {
    let mut end = samples::end(7, None, super::Outcome::Missed);
    let entry = |end: &super::End| super::Entry {
        body: super::Body::End(Box::new(end.clone())),
        ..samples::of_the_ward().remove(0)
    };
    assert!(!encode(&entry(&end)).unwrap().contains("muted"), "older entries keep their bytes");
    end.muted = super::Frames(96_000);
    let leaf = encode(&entry(&end)).unwrap();
    assert_eq!(decode(leaf.as_bytes()).unwrap(), Leaf::Known(entry(&end)));
    let twin = leaf.replace("\"muted\":96000", "\"muted\":0");
    assert!(twin != leaf && decode(twin.as_bytes()).is_err(), "{twin}");
}

#[test]
fn the_centres_entries_keep_their_bytes() {
    for leaf in samples::of_the_ward().iter().map(|e| encode(e).unwrap().replace(",\"ward\":true", "")) {
        let Ok(Leaf::Known(entry)) = decode(leaf.as_bytes()) else { panic!("{leaf}") };
        assert_eq!(encode(&entry).unwrap(), leaf);
    }
}

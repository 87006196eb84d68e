//! What a station brings home in one go, as text: one form on every way.
//!
//! ```text
//! old 1200                       how many entries the centre had, by what the station knows
//!
//! loa/station/pho-an/1           the head behind the new entries, a signed note
//! 1203
//! <root>
//!
//! — loa/station/pho-an/1 <signature>
//!
//! {"body":…,"seq":1200,"v":1}    the new entries, a leaf a line
//! …
//! ```
//! The first two parts are those of C2SP `tlog-witness`, "add-checkpoint". There is no consistency proof between them,
//! since the leaves are one.

/// The text of a push, read but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// How many entries the centre is said to have.
    pub old: u64,
    /// The signed note of the head behind the new entries.
    pub head: String,
    /// The new entries.
    pub leaves: Vec<String>,
}

/// A text that is no push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no push of a log")]
pub struct PushFault;

impl Push {
    /// Longest text that is read. A station makes its pushes shorter by far.
    pub const MOST_BYTES: usize = 8 << 20;

    /// Reads `text`; accepts exactly what [`Push::write`] makes.
    pub fn read(text: &str) -> Result<Push, PushFault> {
        let (old, rest) = text.split_once("\n\n").ok_or(PushFault)?;
        let number = old.strip_prefix("old ").ok_or(PushFault)?;
        let old: u64 = number.parse().map_err(|_| PushFault)?;
        let (said, rest) = rest.split_once("\n\n").ok_or(PushFault)?;
        let (signatures, leaves) = match rest.split_once("\n\n") {
            Some((signatures, leaves)) => (signatures, leaves.strip_suffix('\n').ok_or(PushFault)?),
            None => (rest.strip_suffix('\n').ok_or(PushFault)?, ""),
        };
        let head = format!("{said}\n\n{signatures}\n");
        let leaves =
            if leaves.is_empty() { Vec::new() } else { leaves.split('\n').map(str::to_owned).collect() };
        let push = Push { old, head, leaves };
        // One spelling of every push: no leading zeros, no empty lines elsewhere.
        if push.write() == text { Ok(push) } else { Err(PushFault) }
    }

    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = format!("old {}\n\n{}", self.old, self.head);
        if !self.leaves.is_empty() {
            text.push('\n');
        }
        for leaf in &self.leaves {
            text.push_str(leaf);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_has_one_spelling() {
        let head = "loa/station/a/1\n2\nAAAA\n\n\u{2014} a b\n";
        let two = Push { old: 0, head: head.into(), leaves: vec!["{0}".into(), "{1}".into()] };
        assert_eq!(two.write(), format!("old 0\n\n{head}\n{{0}}\n{{1}}\n"));
        assert_eq!(Push::read(&two.write()), Ok(two.clone()));
        let none = Push { leaves: Vec::new(), ..two };
        assert_eq!(none.write(), format!("old 0\n\n{head}"));
        assert_eq!(Push::read(&none.write()), Ok(none));
        for bad in [
            "",
            "old 0\n",
            "old 0\n\n",
            "old 00\n\na\n\nb\n",
            "old +1\n\na\n\nb\n",
            "old 1\n\na\n\nb",
            "old 1\n\na\n\nb\n\n",
            "old 1\n\na\n\nb\n\n\n",
            "old 1\n\na\n\nb\n\n{}",
            "old 1\na\n\na\n\nb\n",
        ] {
            assert_eq!(Push::read(bad), Err(PushFault), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_it_and_what_is_read_is_written_the_same(text in "(old [0-9]{1,3}\n\n)?([a—{}\n]|\n\n){0,12}\n?") {
            if let Ok(push) = Push::read(&text) {
                prop_assert_eq!(push.write(), text);
            }
        }
    }
}

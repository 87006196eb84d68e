//! How much goes at once: little at first, twice as much while it goes quickly, less where the line is slow or breaks.
//!
//! A push arrives whole or not at all. On a line of a few thousand bytes a second, or one that breaks every minute, long
//! pieces would begin anew for ever; short ones come home one by one.

use std::time::Duration;

/// Entries of the first piece: some seconds on the slowest line that is of use.
const FIRST: u64 = 128;

/// A piece is never shorter: below it the line's own words outweigh it.
const LEAST: u64 = 8;

/// It is never longer.
const MOST: u64 = 4096;

/// A piece that took less than the one is followed by a longer one, after more than the other by a shorter one. What is
/// urgent waits for a piece: where the line bears it, none takes more than two seconds.
const QUICK: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_secs(15);

/// Pieces of the same length that go well behind a break, before a longer one is tried.
const CALM: u32 = 8;

/// How much goes at once.
#[derive(Debug)]
pub(super) struct Pace {
    leaves: u64,
    calm: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { leaves: FIRST, calm: 0 }
    }
}

impl Pace {
    /// Entries of the next piece.
    pub(super) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// A piece went in this time.
    pub(super) fn went(&mut self, took: Duration) {
        if took > SLOW {
            self.leaves = (self.leaves / 2).max(LEAST);
        } else if self.calm > 0 {
            self.calm -= 1;
        } else if took < QUICK {
            self.leaves = (self.leaves * 2).min(MOST);
        }
    }

    /// A piece did not arrive.
    pub(super) fn broke(&mut self) {
        (self.leaves, self.calm) = ((self.leaves / 4).max(LEAST), CALM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pieces bring `entries` home by a line that takes `ms_each` for an entry and breaks behind `breaks` ms.
    fn pieces(entries: u64, ms_each: u64, breaks: u64) -> usize {
        let (mut pace, mut left, mut count) = (Pace::default(), entries, 0);
        while left > 0 {
            let piece = pace.leaves().min(left);
            let took = piece * ms_each;
            if took > breaks {
                pace.broke();
            } else {
                pace.went(Duration::from_millis(took));
                left -= piece;
            }
            count += 1;
            assert!(count < 10_000, "{left} never come");
        }
        count
    }

    #[test]
    fn a_good_line_is_soon_used_whole() {
        assert_eq!(pieces(128, 0, 60_000), 1);
        assert!(pieces(100_000, 0, 60_000) < 32);
    }

    #[test]
    fn a_slow_line_and_one_that_breaks_bring_everything() {
        // 300 bytes an entry at 3 KB/s; a tenth of that; a line that breaks every two seconds.
        assert!(pieces(20_000, 100, 60_000) < 400);
        assert!(pieces(2_000, 1_000, 60_000) < 300);
        assert!(pieces(20_000, 10, 2_000) < 400);
        assert!(pieces(1_000, 200, 2_000) < 250);
    }
}

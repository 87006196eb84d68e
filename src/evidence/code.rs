//! The short code of a checkpoint, for a pen: it goes from the page into the paper duty book, out of reach of
//! whoever can rewrite the disk.
//!
//! ```text
//! 1482-PQYM-V9MG-21W5-62PG-Z
//! ```
//! Size of the log; four groups of four symbols, the first 80 bits of its root in Crockford's base 32
//! (crockford.com/base32.html: no `I`, `L`, `O`, `U`); one check symbol, the remainder of size and bits divided by 37. A wrong symbol and two
//! swapped neighbours always change the remainder, so a slip of the pen is not taken for tampering. Eighty
//! bits: whoever wanted another log with the same code would have to try 2^80 of them.

use std::{fmt, str::FromStr};

use super::canonical::MOST_INTEGER;
use crate::units::Digest;

/// Crockford's 32 digits and his five further check symbols.
const SYMBOLS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// How many bits of the root a code holds, and in how many symbols.
const BITS: u32 = 80;
const LETTERS: usize = 16;

/// 2^80 modulo 37: the size stands above the bits of the root.
const SHIFT: u128 = (1 << BITS) % 37;

/// The size of a log and the first 80 bits of its root at that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// How many entries.
    pub size: u64,
    bits: u128,
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    /// Another number of symbols, or symbols that no code has.
    #[error("a code looks like `1482-PQYM-V9MG-21W5-62PG-Z`")]
    Shape,
    /// The check symbol belongs to another code: a slip in copying.
    #[error("the code was copied wrongly: its check symbol does not fit")]
    Check,
}

impl Code {
    /// The code of a log of `size` entries with `root`.
    #[must_use]
    pub fn new(size: u64, root: Digest) -> Code {
        let bits = root.0[..10].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        Code { size, bits }
    }

    fn check(self) -> usize {
        let remainder = (u128::from(self.size) % 37 * SHIFT + self.bits) % 37;
        usize::try_from(remainder).unwrap_or_default()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.size)?;
        for n in 0..LETTERS {
            let digit = self.bits >> (5 * (LETTERS - 1 - n)) & 31;
            let dash = if n % 4 == 0 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(SYMBOLS[usize::try_from(digit).unwrap_or_default()]))?;
        }
        write!(f, "-{}", char::from(SYMBOLS[self.check()]))
    }
}

/// The value of a symbol as a hand may have written it.
fn value(symbol: char) -> Option<usize> {
    let symbol = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    SYMBOLS.iter().position(|known| char::from(*known) == symbol)
}

impl FromStr for Code {
    type Err = CodeFault;

    /// Either case, `O` for 0, `I` and `L` for 1; spaces and dashes anywhere, since the last seventeen symbols
    /// are always root and check.
    fn from_str(text: &str) -> Result<Code, CodeFault> {
        let gap = |c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let values: Option<Vec<usize>> = text.chars().filter(|c| !gap(*c)).map(value).collect();
        let values = values.ok_or(CodeFault::Shape)?;
        let at = values.len().checked_sub(LETTERS + 1).filter(|at| *at > 0).ok_or(CodeFault::Shape)?;
        let (size, rest) = values.split_at(at);
        let size = size.iter().try_fold(0_u64, |size, digit| {
            let digit = u64::try_from(*digit).ok().filter(|digit| *digit < 10)?;
            let size = size.checked_mul(10)?.checked_add(digit)?;
            (size <= MOST_INTEGER.cast_unsigned()).then_some(size)
        });
        let size = size.ok_or(CodeFault::Shape)?;
        let (letters, check) = rest.split_at(LETTERS);
        if letters.iter().any(|digit| *digit > 31) {
            return Err(CodeFault::Shape);
        }
        let bits = letters.iter().fold(0_u128, |bits, digit| bits << 5 | *digit as u128);
        let code = Code { size, bits };
        if check == [code.check()] { Ok(code) } else { Err(CodeFault::Check) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_code() -> impl Strategy<Value = Code> {
        (prop_oneof![0..2000_u64, 0..1_u64 << 53], any::<[u8; 32]>())
            .prop_map(|(size, root)| Code::new(size, Digest(root)))
    }

    #[test]
    fn a_code_has_its_published_text() {
        // Computed by Python: int.from_bytes(sha256(b"loa").digest()[:10]), base 32 and % 37.
        let code = Code::new(1482, Digest::of(b"loa"));
        assert_eq!(code.to_string(), "1482-PQYM-V9MG-21W5-62PG-Z");
    }

    #[test]
    fn what_a_hand_writes_is_read() {
        let code = checked("12-0123-4567-89AB-CDEF");
        let text = code.to_string();
        let loose = [
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', " – "),
            text.replace('0', "O").replace('1', "l"),
            text.replace('0', "o").replace('1', "I"),
            format!("  {text}\n"),
        ];
        for loose in loose {
            assert_eq!(loose.parse(), Ok(code), "{loose}");
        }
        for bad in
            ["", "-", "12", "0123-4567-89AB-CDEF-0", "Ư2-0123-4567-89AB-CDEF-0", "A2-0123-4567-89AB-CDEF-0"]
        {
            assert_eq!(bad.parse::<Code>(), Err(CodeFault::Shape), "{bad}");
        }
        let beyond = format!("9007199254740992{}", &text[2..]);
        assert_eq!(beyond.parse::<Code>(), Err(CodeFault::Shape));
        assert_eq!(text.replace("CDEF", "CD*F").parse::<Code>(), Err(CodeFault::Shape));
    }

    /// The code that begins with `text`, whatever its check symbol.
    fn checked(text: &str) -> Code {
        let with = |check: &u8| format!("{text}-{}", char::from(*check)).parse().ok();
        SYMBOLS.iter().find_map(with).unwrap()
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_was_written(code in any_code()) {
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }

        #[test]
        fn one_slip_of_the_pen_is_noticed(code in any_code(), at in any::<prop::sample::Index>(), to in 0..37_usize) {
            let mut text = code.to_string().into_bytes();
            let at = at.index(text.len());
            prop_assume!(text[at] != b'-' && text[at] != SYMBOLS[to]);
            text[at] = SYMBOLS[to];
            prop_assert!(String::from_utf8(text).unwrap().parse::<Code>().is_err());
        }

        #[test]
        fn swapped_neighbours_are_noticed(code in any_code(), at in any::<prop::sample::Index>()) {
            let text = code.to_string().replace('-', "");
            let mut text = text.into_bytes();
            let at = at.index(text.len() - 1);
            prop_assume!(text[at] != text[at + 1]);
            text.swap(at, at + 1);
            prop_assert!(String::from_utf8(text).unwrap().parse::<Code>().is_err());
        }

        #[test]
        fn other_texts_never_panic(text in any::<String>()) {
            let _ = text.parse::<Code>();
        }
    }
}

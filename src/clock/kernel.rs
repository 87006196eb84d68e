//! `adjtimex(2)`, read only: the one system call here that no maintained safe crate offers.

use super::Health;

/// The kernel's synchronisation state; needs no privilege because nothing is set (`modes = 0`).
pub(super) fn health() -> Health {
    // `STA_UNSYNC` and `TIME_ERROR` as in `adjtimex(2)`.
    const STA_UNSYNC: i32 = 0x0040;
    const TIME_ERROR: i32 = 5;
    #[allow(unsafe_code, reason = "plain data out of one system call")]
    // SAFETY: `timex` is a C struct of integers for which all-zero bytes are a valid value; the kernel
    // writes only inside the struct it is handed, and `modes = 0` asks it to change nothing.
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex)
    };
    let synchronised = state >= 0 && state != TIME_ERROR && timex.status & STA_UNSYNC == 0;
    Health { synchronised, max_error_us: timex.maxerror }
}

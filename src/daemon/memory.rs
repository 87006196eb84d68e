//! `mallopt(3)`: how the C library keeps the memory of a process that lives for months; no safe crate offers it.

/// One heap for all threads from here on, and large pieces outside it; to be called before there are threads.
///
/// By itself the GNU C library gives threads that follow each other heaps in turn, up to eight for each core. Every
/// opening of a stream, every preparation and every question to the sound server is a thread of its own here, so
/// each heap in its turn grew to the largest of them. The work is rarely simultaneous and the device's callback
/// allocates nothing, so nobody waits for the one heap.
///
/// A large piece is a mapping of its own, and the system's again when freed, only until the first of its size is
/// freed: then the library learns to put that size into the heap. A ring of eight seconds comes with every stream,
/// and one whose stream never ends would hold all that was freed below it.
pub(super) fn share_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Where the library begins by itself; set, it learns nothing.
        const LARGE: libc::c_int = 128 << 10;
        for (limit, value) in [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, LARGE)] {
            #[allow(unsafe_code, reason = "two integers into one call of the C library")]
            // SAFETY: `mallopt` takes two integers and sets a limit of the allocator, under the allocator's lock.
            let taken = unsafe { libc::mallopt(limit, value) };
            if taken != 1 {
                tracing::debug!(limit, "the allocator does not take this limit");
            }
        }
    }
}

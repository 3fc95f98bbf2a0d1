//! Counts what a scan does, for the tests that bound it.

#[cfg(test)]
std::thread_local! {
    static DONE: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// One more step. Nothing outside of tests.
#[inline]
pub(super) fn count() {
    #[cfg(test)]
    DONE.set(DONE.get() + 1);
}

/// How many steps this thread has done since it was asked last.
#[cfg(test)]
pub(super) fn done() -> u64 {
    DONE.take()
}

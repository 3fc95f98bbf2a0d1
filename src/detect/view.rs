//! A text as the index reads it, with the way back to the original.

/// How many bytes an index may read past the end of a view.
pub(super) const PADDING: usize = 8;

/// Bytes made from a text and, for each of them, where its character begins in the original. The buffers are reused and
/// keep the size of the longest text.
#[derive(Default)]
pub(super) struct View {
    /// Followed by [`PADDING`] zeros once closed.
    pub(super) bytes: Vec<u8>,
    /// In bytes of the original; once closed also the original's length.
    pub(super) origin: Vec<u32>,
}

impl View {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.origin.clear();
    }

    /// Ends the view of an original of `len` bytes.
    pub(super) fn close(&mut self, len: usize) {
        self.bytes.extend([0; PADDING]);
        self.origin.push(len as u32);
    }

    /// The bytes from `at` on, with the padding; at most as far as the padding's beginning.
    pub(super) fn padded(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes from `at` on, without the padding.
    pub(super) fn tail(&self, at: usize) -> &[u8] {
        let end = self.bytes.len().saturating_sub(PADDING);
        self.bytes.get(at..end).unwrap_or_default()
    }

    /// Where the character of byte `at` begins in the original, in bytes; past the end, the original's length.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origin.get(at).or(self.origin.last()).map_or(0, |at| *at as usize)
    }

    /// Where the bytes from `start` to `end` stand in the original, with what was dropped behind them. `None` if they
    /// begin or end inside what one original character became.
    pub(super) fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let from = *self.origin.get(start)?;
        let to = *self.origin.get(end)?;
        let begins_inside = start > 0 && self.origin.get(start - 1) == Some(&from);
        let ends_inside = end > 0 && self.origin.get(end - 1) == Some(&to);
        (!begins_inside && !ends_inside).then_some((from as usize, to as usize))
    }
}

//! A text as an index reads it, with the way back to the original.

/// How many bytes an index may read past the end of a view.
pub(super) const PADDING: usize = 8;

/// Bytes made from a text and, for each of them, where its character begins in the original. The buffers are reused and
/// keep the size of the longest text.
#[derive(Default)]
pub(super) struct View {
    len: usize,
    /// The bytes, [`PADDING`] zeros, and whatever longer texts have left behind.
    bytes: Vec<u8>,
    /// In bytes of the original; behind the last also the original's length.
    origins: Vec<u32>,
}

impl View {
    /// Makes room for so many bytes, to be written with [`End::put`]; keeps those written already.
    pub(super) fn grow(&mut self, len: usize) {
        let len = len + PADDING;
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
            self.origins.resize(len, 0);
        }
    }

    /// Ends the view of an original of `len` bytes.
    pub(super) fn close(&mut self, end: End, len: usize) {
        self.len = end.len;
        if let (Some(padding), Some(last)) =
            (self.bytes.get_mut(end.len..end.len + PADDING), self.origins.get_mut(end.len))
        {
            padding.fill(0);
            *last = len as u32;
        }
    }

    /// The bytes, with the padding.
    pub(super) fn padded(&self) -> &[u8] {
        self.bytes.get(..self.len + PADDING).unwrap_or_default()
    }

    /// The bytes from `at` on, without the padding.
    pub(super) fn tail(&self, at: usize) -> &[u8] {
        self.bytes.get(at..self.len).unwrap_or_default()
    }

    /// Where the character of byte `at` begins in the original, in bytes; from the end on, the original's length.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at.min(self.len)).map_or(0, |at| *at as usize)
    }

    /// Where the bytes from `start` to `end` stand in the original, with what was dropped behind them. `None` if they
    /// begin or end inside what one original character became.
    pub(super) fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let (from, to) = (self.origin(start), self.origin(end));
        let begins_inside = start > 0 && self.origin(start - 1) == from;
        let ends_inside = end > 0 && self.origin(end - 1) == to;
        (end <= self.len && !begins_inside && !ends_inside).then_some((from, to))
    }
}

/// Where a view that is being written ends.
#[derive(Clone, Copy, Default)]
pub(super) struct End {
    pub(super) len: usize,
    /// The last byte kept.
    pub(super) last: u8,
}

impl End {
    /// Writes the byte, and goes on to the next place if it is to be kept: text tells too little beforehand to branch.
    #[inline]
    pub(super) fn put(self, view: &mut View, at: usize, byte: u8, kept: bool) -> Self {
        if let (Some(to), Some(origin)) = (view.bytes.get_mut(self.len), view.origins.get_mut(self.len)) {
            *to = byte;
            *origin = at as u32;
        }
        Self { len: self.len + usize::from(kept), last: if kept { byte } else { self.last } }
    }
}

//! A text as an index reads it, with the way back to the original.

use std::array;

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

/// The one byte that each character up to U+07FF becomes.
pub(super) type Short = [u8; 0x800];

/// In [`Short`]: nothing.
pub(super) const DROPPED: u8 = 0;
/// In [`Short`]: to be looked at.
pub(super) const UNSURE: u8 = 0xFF;

/// The table of what each character becomes.
pub(super) fn short(becomes: impl Fn(char) -> u8) -> Short {
    array::from_fn(|c| u32::try_from(c).ok().and_then(char::from_u32).map_or(UNSURE, &becomes))
}

impl View {
    /// Reads `text` in place of what was read before. `short` says what characters become and `kept` which of it is kept,
    /// given the last byte; for the rest `long` is asked, with its place in `text`.
    #[inline]
    pub(super) fn read(
        &mut self,
        text: &str,
        short: &Short,
        kept: impl Fn(u8, u8) -> bool,
        mut long: impl FnMut(&mut Self, End, usize, char) -> End,
    ) {
        self.grow(text.len());
        let (mut end, mut at) = (End::default(), 0);
        while let Some(rest) = text.as_bytes().get(at..) {
            // Slices of one length, so that the loop asks only once whether there is room.
            let bytes = self.bytes.as_mut_slice();
            let Some(origins) = self.origins.get_mut(..bytes.len()) else { break };
            for byte in rest {
                let becomes = if byte.is_ascii() { short[usize::from(*byte)] } else { UNSURE };
                if becomes == UNSURE {
                    break;
                }
                end = end.put(bytes, origins, at, becomes, kept(end.last, becomes));
                at += 1;
            }
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            end = match short.get(c as usize) {
                Some(&becomes) if becomes != UNSURE => {
                    end.put(&mut self.bytes, &mut self.origins, at, becomes, kept(end.last, becomes))
                }
                _ => long(self, end, at, c),
            };
            at += c.len_utf8();
        }
        self.close(end, text.len());
    }

    /// Writes the byte behind the present end, and keeps it or not.
    pub(super) fn put(&mut self, end: End, at: usize, byte: u8, kept: bool) -> End {
        end.put(&mut self.bytes, &mut self.origins, at, byte, kept)
    }

    /// Makes room for so many bytes, to be written with [`End::put`]; keeps those written already.
    pub(super) fn grow(&mut self, len: usize) {
        let len = len + PADDING;
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
            self.origins.resize(len, 0);
        }
    }

    /// Ends the view of an original of `len` bytes.
    fn close(&mut self, end: End, len: usize) {
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
    /// The last byte other than zero.
    pub(super) last: u8,
}

impl End {
    /// Writes the byte, and goes on to the next place if it is to be kept: text tells too little beforehand to branch.
    #[inline]
    fn put(self, bytes: &mut [u8], origins: &mut [u32], at: usize, byte: u8, kept: bool) -> Self {
        if let (Some(to), Some(origin)) = (bytes.get_mut(self.len), origins.get_mut(self.len)) {
            *to = byte;
            *origin = at as u32;
        }
        Self { len: self.len + usize::from(kept), last: if byte == 0 { self.last } else { byte } }
    }
}

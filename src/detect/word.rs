//! Where words begin and end.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// The word boundaries of one text, looked up only once something asks.
#[derive(Default)]
pub(super) struct Boundaries {
    /// Those of UAX #29, in bytes; empty until a place is asked for that cannot be told by its neighbours.
    found: Vec<usize>,
}

impl Boundaries {
    /// Forgets the text before.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }

    /// Whether a word may begin or end at byte `at` of `text`, the same text since the last [`Boundaries::clear`].
    /// Marks and invisible format characters are looked through to the visible characters on either side, as UAX #29
    /// does (WB4).
    pub(super) fn has(&mut self, text: &str, at: usize) -> bool {
        let (Some(head), Some(tail)) = (text.get(..at), text.get(at..)) else { return false };
        let before = head.chars().rev().find(|c| !is_looked_through(*c));
        let after = tail.char_indices().find(|(_, c)| !is_looked_through(*c));
        let (Some(before), Some((skipped, after))) = (before, after) else { return true };
        if !before.is_alphanumeric() || !after.is_alphanumeric() {
            return true;
        }
        if joins_in_latin(before) && joins_in_latin(after) {
            return false;
        }
        if self.found.is_empty() {
            self.found.extend(text.split_word_bound_indices().map(|(start, _)| start));
        }
        self.found.binary_search(&(at + skipped)).is_ok()
    }
}

/// Letters and digits between which UAX #29 knows no boundary (WB5, WB8 to WB10): spares nearly all texts the search.
fn joins_in_latin(c: char) -> bool {
    c.is_ascii_digit() || (c < '\u{250}' && c.is_alphabetic())
}

/// Marks, and the format characters (category Cf) that stand for nothing visible. Not the zero-width space, which
/// UAX #29 takes for the end of a word.
pub(super) fn is_looked_through(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` with a bar at each word boundary inside it.
    fn marked(text: &str) -> String {
        let mut boundaries = Boundaries::default();
        let mark = |(at, c)| [(at > 0 && boundaries.has(text, at)).then_some('|'), Some(c)];
        text.char_indices().flat_map(mark).flatten().collect()
    }

    #[test]
    fn any_visible_sign_ends_a_word() {
        assert_eq!(marked("propina.pdf"), "propina|.|pdf");
        assert_eq!(marked("pix:propina"), "pix|:|propina");
        assert_eq!(marked("o_propina_v3"), "o|_|propina|_|v3");
        assert_eq!(marked("d'água 1,5"), "d|'|água| |1|,|5");
        assert_eq!(marked("ação😀x²"), "ação|😀|x|²");
        assert_eq!(marked("中文かな"), "中|文|か|な");
        assert_eq!(marked("שלום"), "שלום");
    }

    #[test]
    fn what_is_looked_through_ends_no_word_and_hides_no_end() {
        assert_eq!(marked("pro\u{AD}pina"), "pro\u{AD}pina");
        assert_eq!(marked("a\u{303}o\u{FE0F}o"), "a\u{303}o\u{FE0F}o");
        assert_eq!(marked("oi\u{AD} ai"), "oi|\u{AD}| |ai");
        assert_eq!(marked("oi\u{AD}.ai"), "oi|\u{AD}|.|ai");
        assert_eq!(marked("\u{FEFF}oi\u{200E}"), "\u{FEFF}|oi|\u{200E}");
        assert_eq!(marked("oi\u{200B}ai"), "oi|\u{200B}|ai");
    }

    #[test]
    fn a_text_is_searched_only_when_needed_and_once() {
        let mut boundaries = Boundaries::default();
        assert!(boundaries.has("ação, oi", 6) && !boundaries.has("ação, oi", 1));
        assert!(boundaries.found.is_empty());
        assert!(boundaries.has("中文", 3) && boundaries.has("中文", 3));
        assert_eq!(boundaries.found, [0, 3]);
    }

    #[test]
    fn the_short_cuts_say_what_unicode_says() {
        // Later marks are left out: the crates that know them need not follow the same version of Unicode.
        let known = |c: &char| *c < '\u{500}' || !is_combining_mark(*c);
        for c in ('\0'..=char::MAX).filter(|c| is_looked_through(*c) || joins_in_latin(*c)).filter(known) {
            for text in [format!("a{c}a"), format!("ç{c}1"), format!("1{c}Ã")] {
                assert_eq!(text.split_word_bounds().count(), 1, "U+{:04X}", u32::from(c));
            }
        }
    }
}

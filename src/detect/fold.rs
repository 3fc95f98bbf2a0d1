//! What counts as the same: case, accents and white space folded away.
//!
//! [`fold`] says what folding is, plainly and slowly; [`read`] does the same in one pass over a text and keeps the way
//! back to it. A test holds them together byte for byte.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

use super::view::{self, DROPPED, Short, UNSURE, View};
use super::{Step, Steps};

/// `text` decomposed (NFD), without its marks, in one case, each run of white space one space.
pub(super) fn fold(text: &str) -> impl Iterator<Item = char> {
    collapse(text.nfd().filter(|c| !is_mark(*c)).flat_map(one_case))
}

/// `text` decomposed, each run of white space one space: equal for two texts exactly if they are canonically equivalent.
pub(super) fn decomposed(text: &str) -> impl Iterator<Item = char> {
    collapse(text.nfd())
}

/// Like [`decomposed`], and in one case.
pub(super) fn without_case(text: &str) -> impl Iterator<Item = char> {
    collapse(text.nfd().flat_map(one_case))
}

/// Like [`decomposed`], and without marks.
pub(super) fn without_marks(text: &str) -> impl Iterator<Item = char> {
    collapse(text.nfd().filter(|c| !is_mark(*c)))
}

/// Whether `c` sits on the letter before it (a canonical combining class other than zero).
pub(super) fn is_mark(c: char) -> bool {
    canonical_combining_class(c) != 0
}

/// Lower case by way of upper case, which also brings together what lower case alone leaves apart: `ß` and `ss`,
/// `σ` and `ς`, `ı` and `i`, `ﬁ` and `fi`. The first step is for `ẞ`, which is its own upper case.
fn one_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// The fewest steps after which `typed` and `seen`, equal once folded, are equal.
pub(super) fn steps_between(typed: &str, seen: &str) -> Steps {
    if typed == seen || decomposed(typed).eq(decomposed(seen)) {
        Steps::default()
    } else if without_marks(typed).eq(without_marks(seen)) {
        Steps::from_iter([Step::Accent])
    } else if without_case(typed).eq(without_case(seen)) {
        Steps::from_iter([Step::Case])
    } else {
        Steps::from_iter([Step::Case, Step::Accent])
    }
}

fn collapse(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut in_space = false;
    chars.filter_map(move |c| {
        let after_space = std::mem::replace(&mut in_space, c.is_whitespace());
        match (after_space, in_space) {
            (true, true) => None,
            (false, true) => Some(' '),
            (_, false) => Some(c),
        }
    })
}

/// Folds `text` into `view` in place of what was read before: byte for byte [`fold`], in one pass.
pub(super) fn read(text: &str, view: &mut View) {
    // Runs of white space are one blank.
    let kept = |last, byte| (byte != DROPPED) & !((byte == b' ') & (last == b' '));
    view.read(text, &SHORT, kept, |view, mut end, at, c| {
        let mut folded = |c: char| {
            let mut utf8 = [0; 4];
            let utf8 = c.encode_utf8(&mut utf8).as_bytes();
            // It may become more bytes than it has itself.
            view.grow(end.len + utf8.len() + text.len() - at);
            utf8.iter().for_each(|byte| end = view.put(end, at, *byte, true));
        };
        match c {
            '\0' => {
                folded(c);
                end.last = UNSURE;
            }
            // Nothing folds among the emoji, the commonest of long characters.
            '\u{1F000}'..='\u{1FAFF}' => folded(c),
            c if c.is_whitespace() => end = view.put(end, at, b' ', kept(end.last, b' ')),
            c => decompose_canonical(c, |part| {
                if !is_mark(part) {
                    one_case(part).for_each(&mut folded);
                }
            }),
        }
        end
    });
}

/// What each short character folds to.
static SHORT: LazyLock<Short> = LazyLock::new(|| {
    view::short(|c| match *fold(c.encode_utf8(&mut [0; 4])).collect::<String>().as_bytes() {
        [] => DROPPED,
        [byte] if byte != DROPPED => byte,
        _ => UNSURE,
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    fn one_pass(text: &str) -> View {
        let mut view = View::default();
        read("o que foi lido antes", &mut view);
        read(text, &mut view);
        view
    }

    fn plain(text: &str) -> String {
        fold(text).collect()
    }

    #[test]
    fn one_pass_and_the_plain_definition_agree_on_every_character() {
        let all: Vec<char> = ('\0'..='\u{FFFF}').chain(('\u{10000}'..='\u{10FFFF}').step_by(5)).collect();
        for block in all.chunks(500) {
            let text: String = block.iter().flat_map(|c| ['x', *c]).collect();
            let folded = one_pass(&text);
            assert_eq!(String::from_utf8_lossy(folded.tail(0)), plain(&text));
            let origins: Vec<usize> = (0..=folded.tail(0).len()).map(|at| folded.origin(at)).collect();
            assert!(origins.is_sorted());
            assert!(origins.iter().all(|at| text.is_char_boundary(*at)));
        }
    }

    #[test]
    fn case_and_accents_fold_in_composed_and_decomposed_text() {
        assert_eq!(plain("AÇÃO Ac\u{327}a\u{303}o ação"), "acao acao acao");
        assert_eq!(plain("Straße STRASSE ẞ"), "strasse strasse ss");
        assert_eq!(plain("İIıi ΟΔΟΣ οδος \u{212A}g Ǆ"), "iiii οδοσ οδοσ kg ǆ");
        assert_eq!(plain("a\u{303}\u{301}\u{336}"), "a");
        assert_eq!(plain("carro caro"), "carro caro");
    }

    #[test]
    fn white_space_of_any_kind_and_length_is_one_space() {
        assert_eq!(plain("a \t\r\n\u{A0}\u{2003}\u{3000}\u{2028}b  \u{301} c"), "a b c");
        assert_eq!(one_pass("a \u{A0}\u{2003} \u{301}\nb").tail(0), b"a b");
    }

    #[test]
    fn the_way_back_takes_marks_along_and_refuses_half_a_character() {
        let text = "xa\u{303}\u{301} ßy";
        let folded = one_pass(text);
        assert_eq!(folded.tail(0), b"xa ssy");
        assert_eq!(folded.original(1, 2), Some((1, 6)));
        assert_eq!(folded.original(3, 5), Some((7, 9)));
        assert_eq!(folded.original(3, 4), None);
        assert_eq!(folded.original(4, 6), None);
        assert_eq!(folded.original(0, 6), Some((0, text.len())));
        assert_eq!(folded.original(0, 8), None);
        assert_eq!(one_pass("\u{301}\u{301}a").original(0, 1), Some((4, 5)));
    }
}

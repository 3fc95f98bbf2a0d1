//! What a single character can be read as by someone who wants to read it.
//!
//! Readings come, in this order, from the FOLDED image, from the compatibility decomposition (UAX #15: full-width,
//! mathematical, circled letters), from the squared and regional letters that have none, from a short list picked by
//! hand, and from the confusables of UTS #39. [`Glyph::of`] asks them once for each character of the planes in use;
//! [`glyph`] looks the answer up.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::{Step, fold};

/// A letter, of whatever script.
pub(super) const LETTER: u16 = 1;
/// A digit: itself in a number, a letter in l33t.
pub(super) const DIGIT: u16 = 1 << 1;
/// A sign that may stand for a letter or just part two letters (`@`, `$`, `!`).
pub(super) const SIGN: u16 = 1 << 2;
/// A sign that may hide a letter (`*`, `#`).
pub(super) const MASK: u16 = 1 << 3;
/// White space, line breaks included.
pub(super) const SPACE: u16 = 1 << 4;
/// Punctuation that ordinary sentences put between words, often without a blank: it never joins parts of a word.
pub(super) const STOP: u16 = 1 << 5;
/// A full stop: ends a sentence or parts a word.
pub(super) const DOT: u16 = 1 << 6;
/// Shown as nothing.
pub(super) const INVISIBLE: u16 = 1 << 7;
/// Sits on the letter before it.
pub(super) const MARK: u16 = 1 << 8;
/// An upper-case letter, or one that looks like it.
pub(super) const UPPER: u16 = 1 << 9;
/// A stroke that may be an i or an l.
pub(super) const EITHER: u16 = 1 << 10;

/// What one character may stand for. No flag at all: a sign that parts words and nothing else, an emoji for instance.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Glyph {
    /// Which of this module's flags hold.
    pub(super) flags: u16,
    /// Up to three ASCII letters or digits in lower case, zeros behind; none for a letter that cannot be read as Latin.
    pub(super) letters: [u8; 3],
    /// The steps it takes to read them, as bits of [`super::Steps`]; the first eight steps fit.
    pub(super) steps: u8,
}

const WIDTH: u8 = 1 << Step::Width as u8;
const LOOKALIKE: u8 = 1 << Step::Lookalike as u8;
const LEET: u8 = 1 << Step::Leet as u8;

impl Glyph {
    const fn flagged(flags: u16) -> Self {
        Self { flags, letters: [0; 3], steps: 0 }
    }

    /// The letters that can be read, one to three, or none.
    pub(super) fn letters(&self) -> impl Iterator<Item = u8> {
        self.letters.into_iter().take_while(|letter| *letter != 0)
    }

    /// The definition, slow: several walks through Unicode's tables.
    fn of(c: char) -> Self {
        match c {
            '\0'..='\x7F' => return Self::of_ascii(c),
            // Ideographs and Hangul are read as nothing else; private use is no letter at all.
            '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' => {
                return Self::flagged(LETTER);
            }
            '\u{20000}'..='\u{3FFFF}' => return Self::flagged(LETTER),
            '\u{E0000}'..='\u{E0FFF}' => return Self::flagged(INVISIBLE),
            '\u{E000}'..='\u{F8FF}' | '\u{40000}'.. => return Self::default(),
            // Dashes and ellipses of clauses; UTS #39 takes some for hyphens.
            '–' | '—' | '―' | '…' | '‥' | '¿' | '«' | '»' | '‹' | '›' | '“'..='‟' | '。' | '、' =>
            {
                return Self::flagged(STOP);
            }
            '•' | '●' | '■' | '█' | '▒' | '░' | '◦' | '∗' | '✱' | '\u{FFFD}' => {
                return Self::flagged(MASK);
            }
            '¡' => return Self { flags: SIGN | EITHER | STOP, letters: *b"i\0\0", steps: LEET },
            _ if is_invisible(c) => return Self::flagged(INVISIBLE),
            _ if c.is_whitespace() || c == '\u{2800}' => return Self::flagged(SPACE),
            _ if is_combining_mark(c) || fold::is_mark(c) => return Self::flagged(MARK),
            _ => {}
        }
        let upper = if c.is_uppercase() { UPPER } else { 0 };
        let folded: String = fold::fold(c.encode_utf8(&mut [0; 4])).collect();
        if let Some(read) = Self::spelled(&folded, LETTER | upper, 0) {
            return read;
        }
        let wide: String = [c].into_iter().nfkd().filter(|c| !fold::is_mark(*c)).collect();
        if !wide.chars().eq([c])
            && let Some(read) = Self::of_wide(&wide, upper)
        {
            return read;
        }
        if let Some(letter) = boxed(c) {
            return Self { flags: LETTER | UPPER, letters: [letter, 0, 0], steps: WIDTH };
        }
        Self::of_look(c, upper)
    }

    /// What `wide`, the compatibility decomposition of a character without marks, can be read as if it is ASCII.
    fn of_wide(wide: &str, upper: u16) -> Option<Self> {
        // `⒫` and `⒈` come with what is around the letter or digit.
        let wide = if wide.len() > 1 { wide.trim_matches(['(', ')', '.', ',']) } else { wide };
        let upper = if wide.chars().any(char::is_uppercase) { UPPER } else { upper };
        if let Some(read) = Self::spelled(wide, LETTER | upper, WIDTH) {
            return Some(read);
        }
        let mut chars = wide.chars();
        match (chars.next(), chars.next()) {
            // A spacing accent decomposes to a blank with a mark, but is no white space.
            (None | Some(' '), None) => Some(Self::default()),
            (Some(sign), None) if sign.is_ascii() => {
                let read = Self::of_ascii(sign);
                Some(Self { steps: if read.steps == 0 { 0 } else { read.steps | WIDTH }, ..read })
            }
            _ => None,
        }
    }

    /// What `c`, which is no form of another character, looks like.
    fn of_look(c: char, upper: u16) -> Self {
        let (own, steps) = if c.is_alphanumeric() { (LETTER, LOOKALIKE) } else { (SIGN, LEET) };
        let looks = picked(c).map_or_else(|| look_of(c), str::to_owned);
        let one = |letter, more| Self { flags: own | upper | more, letters: [letter, 0, 0], steps };
        match (looks.as_str(), looks.chars().next()) {
            ("l", _) => one(b'l', EITHER),
            (_, Some(digit @ '0'..='9')) if looks.len() == 1 => one(leet(digit as u8), 0),
            (_, Some(sign)) if looks.len() == 1 && !sign.is_ascii_alphanumeric() => Self::of_ascii(sign),
            _ => Self::spelled(&looks, own | upper, steps).unwrap_or(Self::flagged(own & LETTER)),
        }
    }

    fn of_ascii(c: char) -> Self {
        let sign = |letter, more| Self { flags: SIGN | more, letters: [letter, 0, 0], steps: LEET };
        match c {
            'A'..='Z' => Self { flags: LETTER | UPPER, letters: [c.to_ascii_lowercase() as u8, 0, 0], steps: 0 },
            'a'..='z' => Self { flags: LETTER, letters: [c as u8, 0, 0], steps: 0 },
            '0'..='9' => Self { flags: DIGIT, letters: [c as u8, 0, 0], steps: 0 },
            '@' => sign(b'a', 0),
            '$' => sign(b's', 0),
            '!' => sign(b'i', EITHER | STOP),
            '|' => sign(b'i', EITHER),
            '*' | '#' | '_' | '%' | '&' => Self::flagged(MASK),
            '?' => Self::flagged(MASK | STOP),
            ',' | ';' | ':' | '"' | '(' | ')' | '[' | ']' | '{' | '}' => Self::flagged(STOP),
            '.' => Self::flagged(DOT),
            _ if c.is_whitespace() => Self::flagged(SPACE),
            _ if c.is_ascii_control() => Self::flagged(INVISIBLE),
            _ => Self::default(),
        }
    }

    /// `text` as one to three ASCII letters or digits.
    fn spelled(text: &str, flags: u16, steps: u8) -> Option<Self> {
        let mut letters = [0; 3];
        let readable = (1..=letters.len()).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        letters.iter_mut().zip(text.bytes()).for_each(|(to, letter)| *to = letter.to_ascii_lowercase());
        let digit = text.bytes().any(|b| b.is_ascii_digit());
        let flags = if digit { flags & !LETTER | DIGIT } else { flags };
        readable.then_some(Self { flags, letters, steps })
    }
}

/// Default-ignorable code points (Unicode's Derived Core Properties), format and control characters.
fn is_invisible(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}')
}

/// Letters in discs, in squares and of flags, which Unicode does not decompose.
fn boxed(c: char) -> Option<u8> {
    let c = u32::from(c);
    [0x1F150, 0x1F170, 0x1F1E6].into_iter().find_map(|first| {
        let nth = c.checked_sub(first).filter(|nth| *nth < 26)?;
        Some(b'a' + u8::try_from(nth).ok()?)
    })
}

/// Where UTS #39 is silent, or prefers another likeness than a reader of Portuguese does: small capitals, and Greek and
/// Cyrillic letters used for their shape. One image, then the characters that look like it.
const PICKED: [(&str, &str); 25] = [
    ("a", "ᴀɐɒДдΔ∆ΛλɅʌЛл₳"),
    ("b", "ʙᴃβбБъьƅ฿₿"),
    ("c", "ɔƆↄ₵₡¢©"),
    ("d", "ᴅᴆ∂δẟð"),
    ("e", "ᴇǝƎəƏƐɛεꞓꞒɜȝʒΣƩ∑ξэЭєЄ∈€"),
    ("f", "ꜰ"),
    ("g", "ɢ₲"),
    ("h", "ʜнћ"),
    ("i", "ɪ"),
    ("j", "ᴊ"),
    ("k", "ᴋĸκкϰ₭"),
    ("l", "ʟᴌ£₤"),
    ("m", "ᴍʍмɱՠ"),
    ("n", "ɴᴎиИηпПπΠ₦"),
    ("o", "ΘθѳΩ°⭕"),
    ("p", "ᴘᴩρ₱₽"),
    ("q", "ꞯ"),
    ("r", "ʀᴙᴚʁяЯгГΓ®"),
    ("s", "ꜱ§"),
    ("t", "ᴛтτ₮†"),
    ("u", "ᴜцЦμµ"),
    ("w", "ᴡшШщЩω₩"),
    ("x", "χ×❌✖"),
    ("y", "ʏ¥уУ"),
    ("z", "ᴢ"),
];

fn picked(c: char) -> Option<&'static str> {
    static IMAGES: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
        PICKED.iter().flat_map(|(image, shapes)| shapes.chars().map(|shape| (shape, *image))).collect()
    });
    IMAGES.get(&c).copied()
}

/// The prototype of UTS #39 with the picked likenesses put in, without marks; marks are what many prototypes add for
/// strokes and hooks.
fn look_of(c: char) -> String {
    let prototype = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).filter(|c| !fold::is_mark(*c)).collect();
    let prototype: String = prototype;
    if prototype == "rn" {
        return "m".to_owned();
    }
    let hook = |c: &char| matches!(c, '\'' | '`' | '˞' | 'ˉ' | '·');
    let bare = prototype.chars().filter(|c| prototype.chars().count() == 1 || !hook(c));
    bare.map(|c| match c {
        'ß' => "b".to_owned(),
        c => picked(c).map_or_else(|| c.to_lowercase().to_string(), str::to_owned),
    })
    .collect()
}

/// The letter a digit stands for in l33t; `1` is also an `l`.
pub(super) const fn leet(digit: u8) -> u8 {
    match digit {
        b'0' => b'o',
        b'1' => b'i',
        b'2' => b'z',
        b'3' => b'e',
        b'4' => b'a',
        b'5' => b's',
        b'6' | b'9' => b'g',
        b'7' => b't',
        b'8' => b'b',
        other => other,
    }
}

/// What `c` can be read as.
#[inline]
pub(super) fn glyph(c: char) -> Glyph {
    TABLE.get(c)
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Every character's glyph in blocks of 256, equal blocks kept once: some 200 KiB for the whole process.
struct Table {
    blocks: Vec<[Glyph; 256]>,
    /// For each block of Unicode its place in `blocks`.
    places: Vec<u16>,
}

impl Table {
    /// Takes some tens of milliseconds, once in a process.
    fn new() -> Self {
        let mut table = Self { blocks: Vec::new(), places: Vec::new() };
        let mut known = HashMap::new();
        for block in (0..=u32::from(char::MAX)).step_by(256) {
            let glyph = |c| char::from_u32(c).map_or(Glyph::default(), Glyph::of);
            // From plane 2 on all of a block is alike.
            let mut glyphs = [glyph(block); 256];
            if block < 0x20000 {
                (block..).zip(&mut glyphs).for_each(|(c, to)| *to = glyph(c));
            }
            let place = *known.entry(glyphs).or_insert_with(|| {
                table.blocks.push(glyphs);
                u16::try_from(table.blocks.len() - 1).unwrap_or(0)
            });
            table.places.push(place);
        }
        table
    }

    #[inline]
    fn get(&self, c: char) -> Glyph {
        let c = c as usize;
        let block = self.places.get(c >> 8).and_then(|place| self.blocks.get(usize::from(*place)));
        block.map_or(Glyph::default(), |block| block[c & 0xFF])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(c: char) -> (String, u8) {
        (String::from_utf8(glyph(c).letters().collect()).unwrap(), glyph(c).steps)
    }

    #[test]
    fn each_letter_is_read_in_each_of_its_forms() {
        for (nth, letter) in ('a'..='z').enumerate() {
            for (first, steps) in
                [(0x61, 0), (0x41, 0), (0xFF41, WIDTH), (0x24D0, WIDTH), (0x1D41A, WIDTH), (0x1F170, WIDTH)]
            {
                let c = char::from_u32(first + u32::try_from(nth).unwrap()).unwrap();
                assert_eq!(read(c), (letter.to_string(), steps), "{c}");
                assert_eq!(glyph(c).flags & UPPER != 0, [0x41, 0x1F170].contains(&first), "{c}");
            }
        }
        let small: String =
            "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ".chars().flat_map(|c| read(c).0.into_bytes()).map(char::from).collect();
        assert_eq!(small, "abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn letters_of_other_scripts_are_what_they_look_like() {
        for (text, looks) in
            [("авекмнорстух", "abekmhopctyx"), ("АВЕКМНОРСТУХ", "abekmhopctyx"), ("αβεικνορτυ", "abeikvoptu")]
        {
            let seen: Vec<_> = text.chars().map(|c| read(c).0).collect();
            assert_eq!(seen.concat(), looks);
            assert!(text.chars().all(|c| read(c).1 == LOOKALIKE));
        }
        assert_eq!(
            ["æ", "ß", "ﬁ", "㎏", "№"].map(|c| read(c.chars().next().unwrap()).0),
            ["ae", "ss", "fi", "kg", "no"]
        );
        assert!(['中', 'ж', 'ש', '각'].iter().all(|c| glyph(*c) == Glyph::flagged(LETTER)));
    }

    #[test]
    fn what_is_no_letter_is_told_apart() {
        let flags = |c: char| glyph(c).flags;
        assert!(
            ['\u{200B}', '\u{AD}', '\u{202E}', '\u{FE0F}', '\u{E0041}', '\0', '\u{3164}']
                .iter()
                .all(|c| flags(*c) == INVISIBLE)
        );
        assert!([' ', '\n', '\u{A0}', '\u{3000}', '\u{2028}', '\u{2800}'].iter().all(|c| flags(*c) == SPACE));
        assert!([',', ';', '(', '…', '—', '，', '”'].iter().all(|c| flags(*c) == STOP));
        assert!(['-', '/', '~', '·', '🙂', '´'].iter().all(|c| flags(*c) == 0));
        assert_eq!(
            [flags('.'), flags('．'), flags('*'), flags('?'), flags('\u{301}')],
            [DOT, DOT, MASK, MASK | STOP, MARK]
        );
        assert_eq!((read('＠'), flags('＠')), (("a".to_owned(), LEET | WIDTH), SIGN));
        assert_eq!((read('３'), flags('³')), (("3".to_owned(), WIDTH), DIGIT));
    }
}

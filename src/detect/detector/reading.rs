//! A text made plain for the detectors: one byte a visible character, and the runs of digits in it.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Stands in the plain text for a letter that is not Latin.
pub(super) const LETTER: u8 = 0x80;
/// Stands in the plain text for any other character without an ASCII counterpart.
const SIGN: u8 = 0x01;
/// Blanks and signs between two runs of digits that may still be one number.
const LONGEST_GAP: usize = 5;

/// A run of digits with nothing between them.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Stands in a link.
    pub(super) linked: bool,
    /// Belongs to an NF-e key or the line of a boleto, whose parts are nothing of their own.
    pub(super) barred: bool,
    /// Belongs to a phone with another country's code.
    pub(super) abroad: bool,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// A text as every [`super::Detector`] reads it. Its buffers are reused and keep the size of the longest text read.
#[derive(Default)]
pub struct Reading {
    /// Letters without accents in the case they were typed in, digits of any script as ASCII, no invisible characters.
    plain: Vec<u8>,
    /// For each plain byte where its character begins and ends in the original, marks included.
    origin: Vec<(u32, u32)>,
    groups: Vec<Group>,
}

impl Reading {
    /// Reads `text` in place of what was read before. Of a text of 4 GiB or more nothing is read.
    pub fn read(&mut self, text: &str) {
        self.plain.clear();
        self.origin.clear();
        self.groups.clear();
        if u32::try_from(text.len()).is_err() || holds_nothing(text.as_bytes()) {
            return;
        }
        self.plain.reserve(text.len());
        self.origin.reserve(text.len());
        let mut link = Link::default();
        let mut start = 0;
        for c in text.chars() {
            let end = start + c.len_utf8() as u32;
            match plain(c) {
                Plain::Byte(byte) => self.push(byte, (start, end), &mut link),
                Plain::Mark => {
                    if let Some(last) = self.origin.last_mut() {
                        last.1 = end;
                    }
                }
                Plain::Nothing => {}
            }
            start = end;
        }
        self.flag_chains();
    }

    pub(super) fn plain(&self) -> &[u8] {
        &self.plain
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The plain byte at `at`; NUL outside the text, which stands for no character a detector asks for.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.plain.get(at).copied().unwrap_or_default()
    }

    /// The plain byte `back` places before `at`; NUL outside the text.
    pub(super) fn byte_before(&self, at: usize, back: usize) -> u8 {
        at.checked_sub(back).map_or(0, |at| self.byte(at))
    }

    /// The plain bytes from `start` to `end`; nothing where that is not in the text.
    pub(super) fn part(&self, start: usize, end: usize) -> &[u8] {
        self.plain.get(start..end).unwrap_or_default()
    }

    /// What stands between group `index` and the next.
    pub(super) fn gap(&self, index: usize) -> Option<&[u8]> {
        let (before, after) = (self.groups.get(index)?, self.groups.get(index + 1)?);
        self.plain.get(before.end..after.start)
    }

    /// What stands between group `index` and the next, if it is short and made of `signs` only.
    pub(super) fn gap_of(&self, index: usize, signs: &[u8]) -> Option<&[u8]> {
        self.gap(index).filter(|gap| gap.len() <= LONGEST_GAP && gap.iter().all(|byte| signs.contains(byte)))
    }

    /// Plain bytes `start` to `end` as bytes of the original.
    pub(super) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let first = self.origin.get(start).map_or(0, |origin| origin.0);
        let last = end.checked_sub(1).and_then(|last| self.origin.get(last)).map_or(first, |origin| origin.1);
        (first as usize, last as usize)
    }

    fn push(&mut self, byte: u8, origin: (u32, u32), link: &mut Link) {
        let at = self.plain.len();
        self.plain.push(byte);
        self.origin.push(origin);
        link.see(&self.plain);
        if !byte.is_ascii_digit() {
            return;
        }
        match self.groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end = at + 1,
            None => {
                let linked = link.linked;
                self.groups.push(Group { start: at, end: at + 1, linked, barred: false, abroad: false });
            }
        }
    }

    /// Flags the groups of chains, which are numbers joined by blanks, dots and hyphens, that are known for something
    /// else: the line of a bill, the key of an invoice, a phone abroad.
    fn flag_chains(&mut self) {
        let mut first = 0;
        while let Some(group) = self.groups.get(first).copied() {
            let (mut last, mut digits) = (first, group.len());
            while self.gap_of(last, b" .-").is_some() {
                last += 1;
                digits += self.groups.get(last).map_or(0, Group::len);
            }
            let number = self.part(group.start, group.end);
            let abroad = self.byte_before(group.start, 1) == b'+' && !number.starts_with(b"55");
            let chain = self.groups.get_mut(first..=last).unwrap_or_default();
            let barred = is_bill(chain, digits);
            for group in chain {
                (group.barred, group.abroad) = (barred, abroad);
            }
            first = last + 1;
        }
    }
}

/// Whether `text` is without digits, signs of an address and characters that may stand for them, as most messages are:
/// then nothing can be found in it, and it need not be read. Digits beyond ASCII begin with U+0660, in UTF-8 with 0xD9.
fn holds_nothing(text: &[u8]) -> bool {
    let may_be_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'@' | b'(' | b'[' | b'{' | 0xD9..);
    !text.iter().any(may_be_number) && !text.windows(6).any(|word| word.eq_ignore_ascii_case(b"arroba"))
}

/// Whether a chain with this many digits is written as the access key of an NF-e (44 digits by fours, Manual de
/// Orientação do Contribuinte), the line of a boleto (47, its last two fields of 1 and 14, FEBRABAN) or that of a tax or
/// utility bill (48, four times 12 or 11 and 1).
fn is_bill(chain: &[Group], digits: usize) -> bool {
    match digits {
        44 => chain.iter().all(|group| group.len() == 4),
        47 => matches!(chain, [.., check, value] if check.len() == 1 && value.len() == 14),
        48 => matches!(chain.len(), 4 | 8) && chain.iter().all(|group| matches!(group.len(), 1 | 11 | 12)),
        _ => false,
    }
}

/// Whether the word being read is a link.
#[derive(Default)]
struct Link {
    linked: bool,
    /// A dot between two letters was seen: a slash after it makes a link.
    dotted: bool,
}

impl Link {
    fn see(&mut self, plain: &[u8]) {
        match plain {
            [.., b' ' | b'\n' | b'\t'] => *self = Self::default(),
            [.., b':', b'/', b'/'] => self.linked = true,
            [.., b'/' | b'?'] => self.linked |= self.dotted,
            [.., before, b'.', after] => self.dotted |= before.is_ascii_alphabetic() && after.is_ascii_alphabetic(),
            _ => {}
        }
    }
}

enum Plain {
    Byte(u8),
    /// Belongs to the character before it.
    Mark,
    Nothing,
}

fn plain(c: char) -> Plain {
    if c.is_ascii() {
        return Plain::Byte(match c as u8 {
            b'\r' => b'\n',
            byte => byte,
        });
    }
    if let Some(digit) = digit(c) {
        return Plain::Byte(b'0' + digit);
    }
    Plain::Byte(match c {
        '\u{85}' | '\u{2028}' | '\u{2029}' => b'\n',
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{30FC}' => b'-',
        '\u{B7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{3002}' | '\u{30FB}'
        | '\u{FE52}' => b'.',
        '\u{2044}' | '\u{2215}' => b'/',
        '\u{FE6B}' => b'@',
        // The ordinal signs of `nº` are letters to Unicode.
        'ª' | 'º' => SIGN,
        '\u{FF01}'..='\u{FF5E}' => u8::try_from(u32::from(c) - 0xFF00 + 0x20).unwrap_or(SIGN),
        _ if is_invisible(c) => return Plain::Nothing,
        _ if is_combining_mark(c) => return Plain::Mark,
        _ if c.is_whitespace() => b' ',
        _ if c.is_alphabetic() => base_letter(c),
        _ => SIGN,
    })
}

/// The letter of `c` without its accents, [`LETTER`] if it is not Latin.
fn base_letter(c: char) -> u8 {
    let mut base = None;
    decompose_canonical(c, |part| base = base.or(Some(part)));
    base.filter(char::is_ascii).map_or(LETTER, |base| base as u8)
}

/// Characters that show nothing and may stand between digits: zero-width, directional, fillers, soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{3164}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The zeros of Unicode's decimal digits (category Nd), each followed by its 1 to 9, in order.
const ZEROS: [u32; 68] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60,
    0x16AC0, 0x16B50, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
    0x1FBF0,
];

/// The value of a decimal digit of any script, or of a circled one.
fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let value = match code {
        0x2460..=0x2468 => code - 0x2460 + 1,
        0x2776..=0x277E => code - 0x2776 + 1,
        0x2780..=0x2788 => code - 0x2780 + 1,
        0x278A..=0x2792 => code - 0x278A + 1,
        0x24EA | 0x24FF => 0,
        ..0x660 => return None,
        _ => code - ZEROS.iter().rfind(|zero| **zero <= code)?,
    };
    u8::try_from(value).ok().filter(|value| *value < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reading {
        let mut reading = Reading::default();
        reading.read("o que foi lido antes: 123");
        reading.read(text);
        reading
    }

    #[test]
    fn each_visible_character_becomes_one_plain_byte() {
        let reading = read("Ação nº １２\u{200B}3\u{A0}4\u{2013}5\r\n＠д");
        assert_eq!(reading.plain(), b"Acao n\x01 123 4-5\n\n@\x80");
        assert_eq!(read("ac\u{327}a\u{303}o 1").plain(), b"acao 1");
    }

    #[test]
    fn a_text_that_can_hold_nothing_is_not_read_and_any_other_is() {
        assert_eq!(read("ação, não à toa; é só isso").plain(), b"");
        for text in ["1", "\u{660}", "１", "①", "𝟎", "@", "＠", "a (at) b", "a Arroba b"] {
            assert_ne!(read(text).plain(), b"", "{text}");
        }
    }

    #[test]
    fn digits_of_every_script_are_digits() {
        for text in ["0123456789", "٠١٢٣٤٥٦٧٨٩", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿", "⓪①②③④⑤⑥⑦⑧⑨", "०१२३४५६७८९"]
        {
            assert_eq!(read(text).plain(), b"0123456789", "{text}");
        }
        assert!(ZEROS.is_sorted());
        let digits = ZEROS.iter().flat_map(|zero| *zero..zero + 10).filter_map(char::from_u32);
        assert!(digits.clone().count() == ZEROS.len() * 10);
        for c in digits.filter(|c| !('\u{1CCF0}'..='\u{1CCF9}').contains(c)) {
            assert!(c.is_numeric(), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn the_way_back_takes_marks_along_and_leaves_invisible_characters_out() {
        let text = "é 1\u{FE0F}\u{20E3}2\u{200B} x";
        let reading = read(text);
        assert_eq!(reading.plain(), b"e 12 x");
        assert_eq!(reading.original(2, 4), (3, 11));
        assert_eq!(text.get(3..11), Some("1\u{FE0F}\u{20E3}2"));
    }

    #[test]
    fn groups_know_links_boletos_and_phones_abroad() {
        let flags = |text: &str| read(text).groups().iter().map(|g| (g.linked, g.barred, g.abroad)).collect::<Vec<_>>();
        assert_eq!(flags("https://x.com/12 34"), [(true, false, false), (false, false, false)]);
        assert_eq!(flags("loja.com.br/p?id=12"), [(true, false, false)]);
        assert_eq!(flags("a.b 12"), [(false, false, false)]);
        assert_eq!(flags("+351 912"), [(false, false, true); 2]);
        assert_eq!(flags("+55 912"), [(false, false, false); 2]);
        assert_eq!(flags(&"1234 ".repeat(11)), [(false, true, false); 11]);
        assert_eq!(flags(&"1234 ".repeat(10)), [(false, false, false); 10]);
        assert_eq!(flags(&"12345678901-2 ".repeat(4)), [(false, true, false); 8]);
        assert_eq!(flags(&"12345678901 ".repeat(4)), [(false, false, false); 4]);
    }
}

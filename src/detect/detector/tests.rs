//! Tables of sentences, one file a detector: what must be found stands between `«` and `»`, `\n` and `\u{…}` are the
//! characters they name, and lines after `# near misses` hold nothing.

use super::*;

fn found(detector: Detector, text: &str) -> Vec<(usize, usize)> {
    let (mut reading, mut found) = (Reading::default(), Vec::new());
    reading.read("antes: 529.982.247-25");
    reading.read(text);
    detector.find(&reading, &mut found);
    found
}

/// The text of a line and what must be found in it.
fn case(line: &str) -> (String, Vec<(usize, usize)>) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let mut read = c.len_utf8();
        match c {
            '«' => spans.push((text.len(), usize::MAX)),
            '»' => spans.last_mut().unwrap().1 = text.len(),
            '\\' if rest.starts_with("\\n") => {
                text.push('\n');
                read = 2;
            }
            '\\' => {
                read = rest.find('}').unwrap() + 1;
                text.push(char::from_u32(u32::from_str_radix(&rest[3..read - 1], 16).unwrap()).unwrap());
            }
            c => text.push(c),
        }
        rest = &rest[read..];
    }
    (text, spans)
}

fn hold(detector: Detector, table: &str) {
    let (positives, near_misses) = table.split_once("# near misses\n").unwrap();
    let mut wrong = String::new();
    for line in positives.lines().chain(near_misses.lines()) {
        let (text, spans) = case(line);
        let seen = found(detector, &text);
        if seen != spans {
            let seen: Vec<_> = seen.iter().map(|(start, end)| &text[*start..*end]).collect();
            wrong += &format!("{line}\n    found {seen:?}\n");
        }
    }
    assert!(positives.lines().count() >= 25 && positives.lines().all(|line| line.contains('«')));
    assert!(near_misses.lines().count() >= 40 && !near_misses.contains('«'));
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn cpfs_are_found_and_their_likes_are_not() {
    hold(Detector::Cpf, include_str!("tests/cpf.txt"));
}

#[test]
fn cnpjs_are_found_and_their_likes_are_not() {
    hold(Detector::Cnpj, include_str!("tests/cnpj.txt"));
}

#[test]
fn cards_are_found_and_their_likes_are_not() {
    hold(Detector::PaymentCard, include_str!("tests/card.txt"));
}

#[test]
fn phones_are_found_and_their_likes_are_not() {
    hold(Detector::Phone, include_str!("tests/phone.txt"));
}

#[test]
fn emails_are_found_and_their_likes_are_not() {
    hold(Detector::Email, include_str!("tests/email.txt"));
}

#[test]
fn pix_keys_are_found_and_their_likes_are_not() {
    hold(Detector::PixKey, include_str!("tests/pix.txt"));
}

#[test]
fn bank_accounts_are_found_and_their_likes_are_not() {
    hold(Detector::BankAccount, include_str!("tests/bank.txt"));
}

/// Numbers of a simple generator (Steele and Vigna's splitmix64), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn digits(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

/// How many of `tries` bare random numbers with `len` digits a detector takes for its own.
fn taken(detector: Detector, len: usize, tries: usize) -> usize {
    let mut random = Random(len as u64);
    (0..tries).filter(|_| !found(detector, &format!("olha: {} certo", random.digits(len))).is_empty()).count()
}

#[test]
fn random_digits_are_seldom_taken_for_anything() {
    for (detector, len, most) in [
        (Detector::Cpf, 11, 110),
        (Detector::Cnpj, 14, 5),
        (Detector::PaymentCard, 16, 250),
        (Detector::PaymentCard, 15, 40),
        (Detector::PaymentCard, 14, 50),
        (Detector::Phone, 11, 750),
        (Detector::Phone, 13, 20),
    ] {
        let taken = taken(detector, len, 10_000);
        assert!(taken <= most, "{detector:?} of {len} digits: {taken}");
        assert!(taken > 0 || most < 10, "{detector:?} of {len} digits is never found");
    }
    for len in [1, 4, 5, 6, 7, 8, 9, 10, 17, 18, 20, 22, 30, 44, 47, 48] {
        for detector in Detector::ALL {
            assert_eq!(taken(detector, len, 500), 0, "{detector:?} of {len} digits");
        }
    }
}

/// Pieces that texts of random order are made of.
const PARTS: &[&str] = &[
    "52998224725",
    "529.982.247-25",
    "pix ",
    "cpf ",
    "@",
    "a@b.com",
    "ag 1234",
    " conta 5678-9",
    "１",
    "\u{200B}",
    "é",
    "-",
    ".",
    " ",
    "\n",
    "/",
    "+55",
    "(11)",
    "98765-4321",
    "000201",
    "😀",
    "\u{301}",
    "4111 1111 1111 1111",
    "x",
    "0",
    "arroba",
    "12.ABC.345/01DE-35",
    "123e4567-e89b-42d3-a456-426614174000",
    "$",
    "_",
    "63040000",
    "gmail",
    "\u{20E3}",
    "д",
];

#[test]
fn spans_of_any_text_are_ordered_apart_and_cut_at_characters() {
    let mut random = Random(1);
    let (mut reading, mut spans) = (Reading::default(), Vec::new());
    for _ in 0..5_000 {
        let text: String = (0..random.below(12)).map(|_| PARTS[random.below(PARTS.len())]).collect();
        reading.read(&text);
        for detector in Detector::ALL {
            detector.find(&reading, &mut spans);
            let mut free = 0;
            for (start, end) in &spans {
                assert!(
                    free <= *start && start < end && text.get(*start..*end).is_some(),
                    "{detector:?} {text:?} {spans:?}"
                );
                free = *end;
            }
        }
    }
}

#[test]
fn what_is_found_in_a_span_is_found_alone_with_its_word() {
    for (detector, word, table) in [
        (Detector::Cpf, "cpf ", include_str!("tests/cpf.txt")),
        (Detector::Cnpj, "cnpj ", include_str!("tests/cnpj.txt")),
        (Detector::PaymentCard, "cartão ", include_str!("tests/card.txt")),
        (Detector::Email, "", include_str!("tests/email.txt")),
        (Detector::PixKey, "pix ", include_str!("tests/pix.txt")),
    ] {
        for (text, spans) in table.lines().take_while(|line| *line != "# near misses").map(case) {
            for (start, end) in spans {
                let alone = format!("{word}{}", &text[start..end]);
                assert_eq!(found(detector, &alone), [(word.len(), alone.len())], "{alone}");
            }
        }
    }
}

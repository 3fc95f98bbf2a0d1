//! Check digits.

/// Σ digit · weight, the weights running 2, 3, 4 … `highest` and round again from the last digit on.
fn weighted(digits: impl DoubleEndedIterator<Item = u32>, highest: u32) -> u32 {
    digits.rev().zip((2..=highest).cycle()).map(|(digit, weight)| digit * weight).sum()
}

/// The check digit modulo 11 of a weighted sum: 11 less the remainder, and 0 where that has two digits.
fn modulo_11(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Whether the last of `values` is the check digit of all before it, weights 2 to `highest` from the right.
fn ends_in_check_digit(values: &[u8], highest: u32) -> bool {
    let Some((check, rest)) = values.split_last() else { return false };
    modulo_11(weighted(rest.iter().copied().map(u32::from), highest)) == u32::from(*check)
}

fn all_equal(values: &[u8]) -> bool {
    values.windows(2).all(|pair| matches!(pair, [left, right] if left == right))
}

/// The two check digits of a CPF (Receita Federal); eleven equal digits pass them and are none.
pub(super) fn cpf(digits: &[u8]) -> bool {
    matches!(digits, [head @ .., _] if digits.len() == 11
        && !all_equal(digits) && ends_in_check_digit(head, 11) && ends_in_check_digit(digits, 11))
}

/// The two check digits of a CNPJ (IN RFB 2.229/2024): a character counts its ASCII code less 48, so that A is 17.
pub(super) fn cnpj(values: &[u8]) -> bool {
    matches!(values, [head @ .., _] if values.len() == 14
        && !all_equal(values) && ends_in_check_digit(head, 9) && ends_in_check_digit(values, 9))
}

/// Whether a number of eleven digits may be a PIS, PASEP, NIS or NIT (Caixa, INSS; they begin with 1 or 2) or a RENAVAM
/// (Senatran; 0 or 1): both end in the same check digit.
pub(super) fn pis_or_renavam(digits: &[u8]) -> bool {
    matches!(digits.first(), Some(0..=2)) && ends_in_check_digit(digits, 9)
}

/// The formula of Luhn (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let folded = |(index, digit): (usize, &u8)| match (index % 2, u32::from(*digit)) {
        (1, digit @ 5..) => digit * 2 - 9,
        (1, digit) => digit * 2,
        (_, digit) => digit,
    };
    !all_equal(digits) && digits.iter().rev().enumerate().map(folded).sum::<u32>() % 10 == 0
}

/// CRC-16 with polynomial 0x1021 and initial value 0xFFFF, as it ends a BR Code (EMV QRCPS, tag 63).
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn published_examples_have_the_right_last_digit_and_no_other() {
        type Check = fn(&[u8]) -> bool;
        let all: [(Check, &str); 6] = [
            (cpf, "52998224725"),
            (cnpj, "11222333000181"),
            (cnpj, "12ABC34501DE35"),
            (pis_or_renavam, "12061840541"),
            (pis_or_renavam, "00639884962"),
            (luhn, "4111111111111111"),
        ];
        for (check, text) in all {
            let mut digits = values(text);
            let right = digits.pop();
            let passing = (0..10).filter(|last| check(&[&*digits, &[*last]].concat()));
            assert_eq!(passing.collect::<Vec<_>>(), Vec::from_iter(right), "{text}");
        }
        // The last digit but one counts too.
        assert!(!cpf(&values("52998224735")) && !cnpj(&values("11222333000191")) && !luhn(&values("4111111111111121")));
        assert!(crc16(b"123456789") == 0x29B1);
    }

    #[test]
    fn equal_digits_and_other_lengths_are_refused() {
        for digit in 0..10 {
            assert!(!cpf(&[digit; 11]) && !cnpj(&[digit; 14]) && !luhn(&[digit; 16]));
        }
        assert!(!cpf(&values("5299822472")) && !cnpj(&values("1122233300018")) && !cpf(&[]) && !cnpj(&[]));
    }
}

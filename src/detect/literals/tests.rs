use super::*;
use crate::detect::Step;
use Anchor::{Prefix, Substring, Suffix, Word};
use Step::{Accent, Case, Invisible, Leet, Lookalike, Mask, Repeat, Spacing, Width};
use Strictness::{Disguised, Exact, Folded};

fn matcher(specs: &[(&str, Anchor, Strictness)]) -> Literals {
    let specs = specs.iter().map(|&(text, anchor, strictness)| LiteralSpec { text, anchor, strictness });
    Literals::new(specs).unwrap()
}

/// What one literal finds: the text of each span and the steps.
fn found<'t>(literal: &str, anchor: Anchor, strictness: Strictness, text: &'t str) -> Vec<(&'t str, Vec<Step>)> {
    let matcher = matcher(&[(literal, anchor, strictness)]);
    let mut scratch = Scratch::default();
    let hits = matcher.scan(text, &mut scratch).iter();
    hits.map(|hit| (&text[hit.start as usize..hit.end as usize], hit.steps.iter().collect())).collect()
}

/// The spans of a DISGUISED whole word.
fn seen<'t>(literal: &str, text: &'t str) -> Vec<&'t str> {
    found(literal, Word, Disguised, text).into_iter().map(|(span, _)| span).collect()
}

/// The one span and the steps of a DISGUISED whole word.
#[track_caller]
fn one<'t>(literal: &str, text: &'t str) -> (&'t str, Vec<Step>) {
    let mut found = found(literal, Word, Disguised, text);
    assert_eq!(found.len(), 1, "{literal:?} in {text:?}: {found:?}");
    found.remove(0)
}

#[test]
fn each_trick_is_found_at_its_span_with_its_steps() {
    for (literal, text, span, steps) in [
        ("propina", "a propina", "propina", &[][..]),
        ("propina", "a PROPINA!", "PROPINA", &[Case]),
        ("propina", "PrÓpina", "PrÓpina", &[Case, Accent]),
        ("propina", "o pr0pina.", "pr0pina", &[Leet]),
        ("propina", "PR0P1N4", "PR0P1N4", &[Case, Leet]),
        ("propina", "prop!na", "prop!na", &[Leet]),
        ("propina", "prop|na", "prop|na", &[Leet]),
        ("propina", "propin@ ali", "propin@", &[Leet]),
        ("suborno", "$ub0rno", "$ub0rno", &[Leet]),
        ("propina", "ｐｒｏｐｉｎａ", "ｐｒｏｐｉｎａ", &[Width]),
        ("propina", "ＰＲＯＰＩＮＡ", "ＰＲＯＰＩＮＡ", &[Case, Width]),
        ("propina", "𝓹𝓻𝓸𝓹𝓲𝓷𝓪", "𝓹𝓻𝓸𝓹𝓲𝓷𝓪", &[Width]),
        ("propina", "ⓟⓡⓞⓟⓘⓝⓐ", "ⓟⓡⓞⓟⓘⓝⓐ", &[Width]),
        ("propina", "🅿🆁🅾🅿🅸🅽🅰", "🅿🆁🅾🅿🅸🅽🅰", &[Case, Width]),
        ("propina", "🇵🇷🇴🇵🇮🇳🇦", "🇵🇷🇴🇵🇮🇳🇦", &[Case, Width]),
        ("propina", "рropina", "рropina", &[Lookalike]),
        ("propina", "ρrορіnа", "ρrορіnа", &[Lookalike]),
        ("propina", "ᴘʀᴏᴘɪɴᴀ", "ᴘʀᴏᴘɪɴᴀ", &[Lookalike]),
        ("propina", "РRОPINA", "РRОPINA", &[Case, Lookalike]),
        ("propina", "propiiina", "propiiina", &[Repeat]),
        ("propina", "ppproooopinaaaa", "ppproooopinaaaa", &[Repeat]),
        ("carro", "carrrro", "carrrro", &[Repeat]),
        ("caro", "carrrro", "carrrro", &[Repeat]),
        ("propina", "a p r o p i n a x", "p r o p i n a", &[Spacing]),
        ("propina", "p\nr\no\np\ni\nn\na", "p\nr\no\np\ni\nn\na", &[Spacing]),
        ("propina", "p.r.o.p.i.n.a", "p.r.o.p.i.n.a", &[Spacing]),
        ("propina", "p-r-o-p-i-n-a", "p-r-o-p-i-n-a", &[Spacing]),
        ("propina", "p_r_o_p_i_n_a", "p_r_o_p_i_n_a", &[Spacing]),
        ("propina", "p*r*o*p*i*n*a", "p*r*o*p*i*n*a", &[Spacing]),
        ("propina", "p|r|o|p|i|n|a", "p|r|o|p|i|n|a", &[Spacing]),
        ("propina", "p|r|o|p|!|n|a", "p|r|o|p|!|n|a", &[Leet, Spacing]),
        ("propina", "p@r@o@p@i@n@a", "p@r@o@p@i@n@a", &[Spacing]),
        ("propina", "p, r, o, p, i, n, a", "p, r, o, p, i, n, a", &[Spacing]),
        ("propina", "(p)(r)(o)(p)(i)(n)(a)", "p)(r)(o)(p)(i)(n)(a", &[Spacing]),
        ("propina", "p🙂r🙂o🙂p🙂i🙂n🙂a", "p🙂r🙂o🙂p🙂i🙂n🙂a", &[Spacing]),
        ("propina", "pro.pina", "pro.pina", &[Spacing]),
        ("propina", "pro-pina", "pro-pina", &[Spacing]),
        ("propina", "pro🙂pina", "pro🙂pina", &[Spacing]),
        ("propina", "pro\u{200B}pina", "pro\u{200B}pina", &[Invisible]),
        ("propina", "\u{200B}pro\u{AD}pi\u{202E}n\u{FE0F}a\u{2060}", "pro\u{AD}pi\u{202E}n\u{FE0F}a", &[Invisible]),
        ("propina", "pr*pina", "pr*pina", &[Mask]),
        ("propina", "PR#PINA", "PR#PINA", &[Case, Mask]),
        ("propina", "pr_pina", "pr_pina", &[Mask]),
        ("propina", "p*op*na", "p*op*na", &[Mask]),
        ("propina", "p**pina", "p**pina", &[Mask]),
        ("carro", "ca*ro", "ca*ro", &[Mask]),
        ("babado", "b*bado", "b*bado", &[Mask]),
        ("transferência", "transferênc*a", "transferênc*a", &[Mask]),
        ("transferência", "tr4n5f3r3nc14", "tr4n5f3r3nc14", &[Leet]),
        ("propina", "p r 0 p 1 n a", "p r 0 p 1 n a", &[Leet, Spacing]),
        (
            "propina",
            "P\u{200B}. R\u{336} . 0 . р . í . n . @",
            "P\u{200B}. R\u{336} . 0 . р . í . n . @",
            &[Case, Accent, Lookalike, Leet, Spacing, Invisible],
        ),
        ("suborno", "o s u b o r n o", "s u b o r n o", &[Spacing]),
        ("caixa dois", "c a i x a  d o i s", "c a i x a  d o i s", &[Spacing]),
        ("caixa dois", "c a i x a d o i s", "c a i x a d o i s", &[Spacing]),
        ("caixa dois", "caixa d o i s", "caixa d o i s", &[Spacing]),
        ("caixa dois", "caixa-dois", "caixa-dois", &[Spacing]),
        ("caixa dois", "caixadois", "caixadois", &[Spacing]),
        ("caixa dois", "caixa\n\u{A0}dois", "caixa\n\u{A0}dois", &[]),
        ("caixa 2", "caixa2", "caixa2", &[Spacing]),
        ("lavagem", "1avagem", "1avagem", &[Leet]),
        ("lavagem", "Iavagem", "Iavagem", &[Lookalike]),
        ("lavagem", "lavagem", "lavagem", &[]),
        ("propina", "PROPlNA", "PROPlNA", &[Case, Lookalike]),
        ("milha", "mi1ha", "mi1ha", &[Leet]),
        ("pix", "p1x", "p1x", &[Leet]),
        ("pix", "PIX", "PIX", &[Case]),
        ("pré-pago", "pr3-p4go", "pr3-p4go", &[Leet]),
        ("ação", "aça\u{303}o", "aça\u{303}o", &[]),
        ("ação", "acao", "acao", &[Accent]),
        ("strasse", "Straße", "Straße", &[Case]),
        ("aeroporto", "ærºporto", "ærºporto", &[Width, Lookalike]),
    ] {
        let (got, got_steps) = one(literal, text);
        assert_eq!((got, got_steps.as_slice()), (span, steps), "{literal:?} in {text:?}");
    }
}

#[test]
fn ordinary_text_spells_nothing() {
    for (literal, text) in [
        ("carro", "caro"),
        ("caro", "carro"),
        ("ana", "semana banana"),
        ("cpf", "C P F"),
        ("cpf", "c.p.f."),
        ("silva", "J R S Silvas"),
        ("jrsi", "J R Silva"),
        ("naopina", "não,pina"),
        ("fimana", "fim.Ana"),
        ("fimana", "fim. ana"),
        ("propina", "pro pina"),
        ("propina", "pro\npina"),
        ("propina", "pro...pina"),
        ("propina", "p ro p i n a"),
        ("propina", "p r o p i n as"),
        ("propina", "xp r o p i n a"),
        ("soso", "R$ 5050"),
        ("soso", "5050"),
        ("loosio", "10/05/10"),
        ("osoo", "0800"),
        ("mala", "MAIA Maia maia"),
        ("lago", "Iago"),
        ("final", "que festa fina!"),
        ("vil", "eu vi!"),
        ("anaa", "ana@gmail"),
        ("maria", "mari@hotmail.com"),
        ("propina", "pr**na"),
        ("propina", "p***ina"),
        ("propina", "*ropina"),
        ("propina", "propin*"),
        ("propina", "pr *pina"),
        ("caixa dois", "caixa, dois caixa. Dois caixa,dois caixa e dois"),
        ("de mais", "demais"),
        ("pix", "pi x"),
        ("pix", "p*x"),
        ("pt", "p7"),
    ] {
        assert!(seen(literal, text).is_empty(), "{literal:?} in {text:?}: {:?}", found(literal, Word, Disguised, text));
    }
    assert!(found("final", Substring, Disguised, "fina10").is_empty());
    assert!(found("pix", Prefix, Disguised, "p1xy").len() == 1);
}

#[test]
fn a_word_is_not_found_inside_another() {
    let seen = |anchor, strictness, text| found("ana", anchor, strictness, text).len();
    for strictness in [Folded, Disguised] {
        assert_eq!(seen(Word, strictness, "semana banana anais"), 0);
        assert_eq!(seen(Word, strictness, "a Ana, semana"), 1);
        assert_eq!(seen(Prefix, strictness, "semana Anais"), 1);
        assert_eq!(seen(Suffix, strictness, "semana Anais"), 1);
        assert_eq!(seen(Substring, strictness, "semana banana"), 3);
    }
    assert!(found("coração", Word, Folded, "coraçãozinho cora\u{E7}a\u{303}ozinho").is_empty());
    assert!(found("carro", Substring, Folded, "caro").is_empty());
    assert_eq!(found("car", Prefix, Disguised, "carro").len(), 1);
}

#[test]
fn case_and_accents_fold_and_exact_minds_them() {
    let spans = |literal, strictness| found(literal, Word, strictness, "AÇÃO acao ac\u{327}a\u{303}o ação").len();
    assert_eq!(
        [spans("ação", Folded), spans("acao", Disguised), spans("ação", Exact), spans("acao", Exact)],
        [4, 4, 2, 1]
    );
    assert_eq!(found("strasse", Word, Folded, "Straße STRASSE").len(), 2);
    assert!(found("s", Substring, Folded, "ß").is_empty());
    assert_eq!(found("ação", Word, Folded, "ACAO"), [("ACAO", vec![Case, Accent])]);
    assert!(found("propina", Word, Folded, "pr0pina рropina ｐｒｏｐｉｎａ p r o p i n a").is_empty());
}

#[test]
fn a_phrase_goes_across_any_white_space_and_its_punctuation_is_literal() {
    let text = "caixa dois, Caixa\r\n\tDois; caixa\u{A0}\u{2003}dois caixadois caixa, dois";
    assert_eq!(found("caixa  dois", Word, Exact, text).len(), 2);
    assert_eq!(found("caixa dois", Word, Folded, text).len(), 3);
    for strictness in [Folded, Disguised] {
        assert_eq!(found("caixa, dois", Word, strictness, text), [("caixa, dois", vec![])]);
        assert_eq!(found("a.b", Word, strictness, "a.b a-b"), [("a.b", vec![])]);
        assert_eq!(found("C++", Word, strictness, "c++ c"), [("c++", vec![Case])]);
        assert_eq!(found("R$ 5", Word, strictness, "r$ 5, r 5"), [("r$ 5", vec![Case])]);
    }
}

#[test]
fn all_literals_are_found_together_in_order() {
    let specs = [
        ("fiscal falsa", Word, Folded),
        ("nota", Prefix, Exact),
        ("fiscal", Word, Disguised),
        ("ota f", Substring, Folded),
        ("pf", Word, Disguised),
        ("a", Word, Disguised),
    ];
    let mut scratch = Scratch::default();
    let hits = matcher(&specs).scan("Nota nota fiscal falsa à PF", &mut scratch).to_vec();
    let places: Vec<_> = hits.iter().map(|hit| (hit.literal, hit.start, hit.end)).collect();
    assert_eq!(places, [(0, 10, 22), (1, 5, 9), (2, 10, 16), (3, 6, 11), (4, 26, 28), (5, 23, 25)]);
}

#[test]
fn of_readings_inside_each_other_the_innermost_counts() {
    assert_eq!(found("ana", Substring, Disguised, "aaana"), [("ana", vec![])]);
    assert_eq!(one("propina", "p p r o p i n a a"), ("p r o p i n a", vec![Spacing]));
    assert_eq!(one("suborno", "suborno$"), ("suborno", vec![]));
    assert_eq!(one("propina", "propina\u{200B}\u{AD}"), ("propina", vec![]));
    assert_eq!(one("propina", "propina\u{301}\u{336}."), ("propina\u{301}\u{336}", vec![Accent]));
}

#[test]
fn literals_that_hold_nothing_are_refused_and_no_literals_find_nothing() {
    let spec = |text| LiteralSpec { text, anchor: Word, strictness: Folded };
    assert_eq!(Literals::new([spec("a"), spec("\u{301}")]).err(), Some(LiteralsError::Blank { literal: 1 }));
    let long = "a".repeat(70_000);
    assert_eq!(Literals::new([spec(long.as_str())]).err(), Some(LiteralsError::TooLong { literal: 0 }));
    assert!(Literals::default().scan("propina", &mut Scratch::default()).is_empty());
    assert!(Literals::default().scan("", &mut Scratch::default()).is_empty());
}

#[test]
fn a_literal_takes_little_memory() {
    let words: Vec<String> = (0..1_000).map(|nth| format!("palavra{nth} vigiada")).collect();
    for strictness in [Folded, Disguised] {
        let specs = words.iter().map(|text| LiteralSpec { text, anchor: Word, strictness });
        let bytes = Literals::new(specs).unwrap().bytes();
        assert!((30_000..128_000).contains(&bytes), "{bytes}");
    }
}

//! Twenty watched terms, each in every disguise and every part of a message, through the real door; and twenty near words
//! that must raise nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

use crate::support::Tenant;

const TERMS: [&str; 20] = [
    "propina",
    "suborno",
    "caixa dois",
    "nota fria",
    "laranja",
    "rachadinha",
    "lavagem",
    "fraude",
    "sonegar",
    "telegram",
    "cassino",
    "aposta",
    "maconha",
    "agiota",
    "comissão",
    "sigiloso",
    "vazamento",
    "assédio",
    "vadia",
    "chantagem",
];

/// Words that hold a term's letters, or most of them, and are none.
const NEAR: [&str; 20] = [
    "propinada",
    "subornável?",
    "caixa, dois irmãos",
    "a nota está friamente escrita",
    "laranjada",
    "rachadura",
    "lavagens",
    "fraudes",
    "sonegadores",
    "telegrama",
    "cassinos",
    "apostador",
    "maconheiro",
    "agiotagem",
    "comissões",
    "sigilosamente",
    "vazamentos",
    "assediou",
    "vadiagem",
    "chantagens",
];

fn map_letters(text: &str, letter: impl Fn(char) -> Option<char>) -> String {
    text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).map(|c| letter(c).unwrap_or(c)).collect()
}

fn between(text: &str, what: &str) -> String {
    let word = |word: &str| word.chars().map(String::from).collect::<Vec<_>>().join(what);
    text.split(' ').map(word).collect::<Vec<_>>().join(if what == " " { "   " } else { " " })
}

/// The letters of a term, put the way people hide them.
fn disguises(term: &str) -> Vec<(&'static str, String)> {
    let table = |from: &str, to: &str| {
        let letters: BTreeMap<char, char> = from.chars().zip(to.chars()).collect();
        map_letters(term, move |c| letters.get(&c).copied())
    };
    let middle = term.chars().nth(2).expect("three letters");
    vec![
        ("upper case", term.to_uppercase()),
        ("no accents", map_letters(term, |_| None)),
        ("decomposed", term.nfd().collect()),
        ("full-width", map_letters(term, |c| char::from_u32(u32::from(c) + 0xFEE0).filter(|_| c.is_ascii_lowercase()))),
        ("zero-width space", between(term, "\u{200b}")),
        ("zero-width joiner", between(term, "\u{200d}")),
        ("soft hyphen", between(term, "\u{ad}")),
        ("Cyrillic", table("acehiopsxy", "асеһіорѕху")),
        ("Greek", table("aikopuv", "αικορυν")),
        ("repeated", term.replacen(middle, &middle.to_string().repeat(4), 1)),
        ("dots", between(term, ".")),
        ("blanks", between(term, " ")),
        ("in an address", format!("https://exemplo.com/{term}?x=1")),
    ]
}

/// The words that the term's matches show in a message, spans joined.
fn shown(matches: &[Value], id: &str, term: &str) -> Vec<String> {
    let of_message = matches.iter().filter(|found| found["message"]["providerId"] == id && found["pattern"] == term);
    of_message.map(|found| found["spans"][0]["text"].as_str().expect("text").to_owned()).collect()
}

fn text(id: &str, from: &str, body: &str) -> Value {
    json!({ "from": from, "id": id, "timestamp": "1760000000", "type": "text", "text": { "body": body } })
}

async fn post(tenant: &Tenant, messages: &[Value]) {
    assert_eq!(tenant.deliver(tenant.value(&json!({ "messages": messages }))).await, 200);
}

on_both_engines! {
    async fn a_term_is_found_in_every_disguise_and_every_part_of_a_message(world: World) {
        let a = world.tenant("alfa").await;
        let mut missed = Vec::new();
        for (place, term) in TERMS.iter().enumerate() {
            a.watch(term).await;
            let from = format!("55119{place:08}");
            let disguises = disguises(term);
            let messages: Vec<Value> = disguises
                .iter()
                .enumerate()
                .map(|(at, (_, hidden))| text(&format!("{place}.{at}"), &from, &format!("ó: {hidden} então")))
                .collect();
            post(&a, &messages).await;
            let part = |at: &str, what: Value| {
                let mut message = what;
                message["from"] = json!(from);
                message["id"] = json!(format!("{place}.{at}"));
                message["timestamp"] = json!("1760000000");
                message
            };
            let hidden = term.to_uppercase();
            post(&a, &[
                part("caption", json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "caption": hidden } })),
                part("file", json!({ "type": "document", "document": { "id": "2", "mime_type": "application/pdf", "filename": format!("{hidden}_v2.pdf") } })),
                part("button", json!({ "type": "button", "button": { "text": hidden } })),
                part("list", json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "title": hidden } } })),
                part("card", json!({ "type": "contacts", "contacts": [{ "name": { "formatted_name": format!("Zé {hidden}") } }] })),
                part("edited", json!({ "type": "text", "text": { "body": "nada" } })),
                part("e", json!({ "type": "edit", "edit": { "original_message_id": format!("{place}.edited"), "message": { "type": "text", "text": { "body": hidden } } } })),
            ]).await;
            let alerts = a.alerts().await;
            let matches: Vec<Value> = alerts.iter().flat_map(|alert| alert["matches"]["nodes"].as_array().expect("matches").clone()).collect();
            for (at, (trick, hidden)) in disguises.iter().enumerate() {
                let expected = if *trick == "in an address" { (*term).to_owned() } else { hidden.clone() };
                let seen = shown(&matches, &format!("{place}.{at}"), term);
                if seen != [expected] {
                    missed.push(format!("{term}, {trick}: {seen:?}"));
                }
            }
            for at in ["caption", "file", "button", "list", "card", "edited"] {
                if shown(&matches, &format!("{place}.{at}"), term).len() != 1 {
                    missed.push(format!("{term} in {at}"));
                }
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    async fn near_words_raise_nothing(world: World) {
        let a = world.tenant("alfa").await;
        for term in TERMS {
            a.watch(term).await;
        }
        let messages: Vec<Value> = NEAR.iter().enumerate().map(|(at, near)| text(&format!("{at}"), "5511988887777", near)).collect();
        post(&a, &messages).await;
        assert_eq!(a.matches().await, Vec::<Value>::new());
        assert_eq!(a.messages().await.len(), NEAR.len());
    }
}

//! `vigia scan`: terms on lines of JSON and on an exported chat, without a server.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::program::{Ended, run};

const TERMS: &str = r#"[{"id":"t1","pattern":"propina","mode":"WORD","strictness":"DISGUISED"},{"id":"d1","detector":"CPF"},
    {"id":"n1","pattern":"nota NEAR/3 fria","strictness":"FOLDED"}]"#;

async fn scan(folder: &Path, terms: &str, arguments: &[&str], input: &str) -> Ended {
    std::fs::write(folder.join("terms.json"), terms).expect("the terms are written");
    let arguments = [&["scan", "--terms", "terms.json"], arguments].concat();
    run(&BTreeMap::new(), folder, &arguments, input).await
}

fn answers(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

#[tokio::test]
async fn lines_are_answered_in_their_order_with_what_was_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"id\":\"m1\",\"text\":\"rola uma pr0pina\"}\n{\"id\":7,\"text\":\"nada\"}\n\n{\"text\":\"é nota das frias? nota muito fria\",\"id\":null}\n{\"id\":\"m4\",\"text\":\"CPF 529.982.247-25\\u0000\"}";
    let ended = scan(folder.path(), TERMS, &[], lines).await;
    let one = |term: &str, start: u64, end: u64, text: &str, steps: &[&str]| json!({ "term": term, "start": start, "end": end, "text": text, "steps": steps });
    let mut near = one("n1", 18, 33, "nota muito fria", &[]);
    near["spans"] = json!([[18, 22], [29, 33]]);
    assert_eq!(
        answers(&ended),
        [
            json!({ "id": "m1", "matches": [one("t1", 9, 16, "pr0pina", &["LEET"])] }),
            json!({ "id": 7, "matches": [] }),
            json!({ "id": null, "matches": [near] }),
            json!({ "id": "m4", "matches": [one("d1", 4, 18, "529.982.247-25", &[])] }),
        ]
    );
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    std::fs::write(folder.path().join("lines.jsonl"), lines).expect("the lines are written");
    let from_file = scan(folder.path(), TERMS, &["lines.jsonl"], "").await;
    assert_eq!((from_file.code, from_file.out), (0, ended.out));
}

#[tokio::test]
async fn what_is_no_message_is_refused_in_its_place_and_costs_no_other_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let huge = format!("{{\"id\":\"g\",\"text\":\"{}é propina\"}}", "ção ".repeat(250_000));
    let too_long = format!("{{\"id\":\"x\",\"text\":\"{}\"}}", "a".repeat(17 * 1024 * 1024));
    let bad =
        ["lixo", "[]", "{\"id\":1}", "{\"id\":1,\"text\":7}", "{\"id\":1,\"text\":\"\\ud800\"}", "\u{0}", &too_long];
    let mut lines = vec![huge.as_str()];
    lines.extend(bad);
    lines.push("{\"id\":\"z\",\"text\":\"propina\u{7f}\\u001b\"}");
    let ended = scan(folder.path(), TERMS, &[], &lines.join("\n")).await;
    let answers = answers(&ended);
    assert_eq!(answers.len(), lines.len());
    assert_eq!(answers[0]["matches"][0]["start"], 1_000_002, "a text of a megabyte");
    for (place, answer) in answers.iter().enumerate().skip(1).take(bad.len()) {
        assert_eq!(answer["line"], place + 1);
        assert!(answer["error"].as_str().is_some_and(|words| words.starts_with("It is")), "{answer}");
    }
    assert_eq!(answers[lines.len() - 1]["matches"][0]["end"], 7);
    assert_eq!((ended.code, ended.err.trim_end()), (1, "7 of 9 lines are no messages: they are answered by why."));
}

#[tokio::test]
async fn terms_that_cannot_be_watched_are_told_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    for (terms, words) in [
        ("", "cannot be read"),
        ("{}", "cannot be read"),
        (r#"[{"id":"a","pattern":"x","mod":"WORD"}]"#, "mod"),
        (r#"[{"id":"a","pattern":"x","mode":"WORDS"}]"#, "WORDS"),
        (r#"[{"id":"a"}]"#, "a pattern or a detector"),
        (r#"[{"id":"a","pattern":"x","detector":"CPF"}]"#, "not both"),
        (r#"[{"id":"ok","pattern":"propina"},{"id":"a","pattern":"(a AND"}]"#, "character 7"),
    ] {
        let ended = scan(folder.path(), terms, &[], "").await;
        assert_eq!(
            (ended.code, ended.out.as_str(), ended.err.trim_end().lines().count()),
            (1, "", 1),
            "{terms}: {ended:?}"
        );
        assert!(ended.err.contains(words), "{words} in {}", ended.err);
    }
    let absent = scan(folder.path(), TERMS, &["absent.jsonl"], "").await;
    assert_eq!((absent.code, absent.err.trim_end().lines().count()), (1, 1), "{absent:?}");
}

#[tokio::test]
async fn an_exported_chat_is_shown_with_its_hits_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let chat = "12/03/2024 14:04 - As mensagens são protegidas com a criptografia de ponta a ponta. propina\n\
        12/03/2024 14:05 - Maria Silva: bom dia\n12/03/2024 14:06 - Maria: e a p.r.o.p.i.n.a\u{1b}[2J? CPF 529.982.247-25\n\
        12/03/2024 14:08 - Maria Silva: <Mídia oculta>\n";
    std::fs::write(folder.path().join("chat.txt"), chat).expect("the chat is written");
    let ended = scan(folder.path(), TERMS, &["--export", "chat.txt"], "").await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let shown: Vec<&str> = ended.out.lines().collect();
    assert_eq!(
        shown,
        [
            "12/03/2024 14:06 Maria: e a [p.r.o.p.i.n.a] [2J? CPF [529.982.247-25]",
            "    t1: p.r.o.p.i.n.a (SPACING)",
            "    d1: 529.982.247-25",
        ]
    );
    assert_eq!(
        ended.err.trim_end(),
        "3 messages read, 2 hits; 1 hold a sound, a picture or a file, which is not scanned."
    );
    std::fs::write(folder.path().join("letter.txt"), "Prezados,\n").expect("a letter is written");
    let refused = scan(folder.path(), TERMS, &["--export", "letter.txt"], "").await;
    assert_eq!((refused.code, refused.out.as_str(), refused.err.trim_end().lines().count()), (1, "", 1), "{refused:?}");
}

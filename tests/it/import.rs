//! `vigia import` beside a running server: an exported chat comes in once, however often it is given.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::program::{Ended, run};
use crate::support::{Tenant, World};

const NUMBER: &str = "+5511950000000";

fn write(world: &World, name: &str, text: &str) -> PathBuf {
    let file = world.folder.path().join(name);
    std::fs::write(&file, text).expect("the file is written");
    file
}

fn zip(world: &World, name: &str, inner: &str, text: &str) -> PathBuf {
    let path = world.folder.path().join(name);
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [("IMG-0001.jpg", &b"\xff\xd8\xff"[..]), (inner, text.as_bytes())] {
        archive.start_file(name, options).expect("an entry");
        archive.write_all(bytes).expect("its bytes");
    }
    archive.finish().expect("an archive");
    path
}

async fn import(world: &World, tenant: &Tenant, file: &std::path::Path, more: &[&str]) -> Ended {
    let file = file.to_str().expect("a path");
    let mut arguments = vec!["import", "--json"];
    for (option, value) in [("--tenant", &*tenant.slug), ("--number", NUMBER)] {
        if !more.contains(&option) {
            arguments.extend([option, value]);
        }
    }
    arguments.extend(more);
    arguments.push(file);
    run(&world.environment(), world.folder.path(), &arguments, "").await
}

/// The summary of the one file.
async fn imported(world: &World, tenant: &Tenant, file: &std::path::Path, more: &[&str]) -> Value {
    let ended = import(world, tenant, file, more).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let summary = ended.json();
    assert_eq!(summary["files"].as_array().map(Vec::len), Some(1), "{summary}");
    summary["files"][0].clone()
}

fn counts(summary: &Value) -> [u64; 5] {
    ["read", "imported", "known", "parked", "alerts"]
        .map(|name| summary[name].as_u64().unwrap_or_else(|| panic!("{name} in {summary}")))
}

/// Refused in one sentence, with nothing imported.
async fn refused(world: &World, tenant: &Tenant, file: &std::path::Path, more: &[&str], words: &str) {
    let ended = import(world, tenant, file, more).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains(words), "{words:?} in {:?}", ended.err);
    assert_eq!(ended.err.trim_end().lines().count(), 1, "{}", ended.err);
    assert_eq!(ended.json()["error"], ended.err.trim_end());
    let inside = tenant.manager.read("{ conversations { totalCount } alerts { totalCount } }").await;
    assert_eq!(inside, json!({ "conversations": { "totalCount": 0 }, "alerts": { "totalCount": 0 } }));
}

const ANDROID_PT: &str =
    "12/03/2024 14:04 - As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta.
12/03/2024 14:05 - Maria Silva: bom dia
12/03/2024 14:06 - Padaria Aurora: bom dia, Maria
12/03/2024 14:07 - Maria Silva: e a propina
fica para quando?
12/03/2024 14:08 - Maria Silva: <Mídia oculta>
";

on_both_engines! {
    async fn a_chat_comes_in_once_and_a_longer_export_adds_only_what_is_new(world: World) {
        let tenant = world.tenant("importa").await;
        tenant.watch("propina").await;
        let file = write(&world, "Conversa do WhatsApp com Maria Silva.txt", ANDROID_PT);
        let summary = imported(&world, &tenant, &file, &[]).await;
        assert_eq!(summary["company"], "Padaria Aurora", "guessed from the title");
        assert_eq!((counts(&summary), &summary["mediaLeftOut"]), ([5, 5, 0, 0, 1], &json!(1)));
        assert_eq!(summary["notScanned"], 1, "the picture that was left out");
        assert_eq!(counts(&imported(&world, &tenant, &file, &[]).await), [5, 0, 5, 0, 0]);
        let longer = format!("{ANDROID_PT}13/03/2024 09:00 - Maria Silva: da propina não se fala\n13/03/2024 09:01 - Padaria Aurora: não\n");
        let file = write(&world, "Conversa do WhatsApp com Maria Silva.txt", &longer);
        assert_eq!(counts(&imported(&world, &tenant, &file, &["--me", "Padaria Aurora"]).await)[..4], [7, 2, 5, 0]);

        let query = "{ conversations { nodes { contact { name } messages(first: 20) { nodes { text direction origin kind sentAt } } } }
                       alerts { nodes { foundAfterwards matches { nodes { sourceText } } } } }";
        let inside = tenant.manager.read(query).await;
        let conversations = inside["conversations"]["nodes"].as_array().expect("conversations");
        assert_eq!((conversations.len(), &conversations[0]["contact"]["name"]), (1, &json!("Maria Silva")));
        let messages = conversations[0]["messages"]["nodes"].as_array().expect("messages");
        assert_eq!(messages.len(), 7);
        assert!(messages.iter().all(|message| message["origin"] == "IMPORT"));
        assert_eq!(messages[2]["text"], "bom dia, Maria");
        assert_eq!(messages[2]["direction"], "OUTBOUND");
        assert_eq!(messages[2]["sentAt"].as_str().map(|at| &at[..19]), Some("2024-03-12T17:06:00"), "São Paulo's time");
        let alerts = inside["alerts"]["nodes"].as_array().expect("alerts");
        let found: Vec<&Value> = alerts.iter().flat_map(|alert| alert["matches"]["nodes"].as_array().expect("matches")).collect();
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|found| found["sourceText"] == "e a propina\nfica para quando?"));
        assert!(alerts.iter().all(|alert| alert["foundAfterwards"] == true));
    }

    async fn both_phones_write_in_both_languages_and_in_archives(world: World) {
        let tenant = world.tenant("formatos").await;
        tenant.watch("propina").await;
        tenant.watch("kickback").await;
        let iphone_pt = "[12/03/2024, 14:04:01] Fulana: \u{200e}As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta.\r\n[12/03/2024, 14:05:09] Fulana: cadê a propina?\r\n[12/03/2024, 14:05:20] Loja: aqui não\r\n\u{200e}[12/03/2024, 14:06:00] Fulana: \u{200e}imagem ocultada\r\n";
        let iphone_en = "[3/12/24, 2:05:09\u{202f}PM] John Buyer: about the kickback\n[3/12/24, 2:05:11\u{202f}PM] Shop: no\n[3/13/24, 9:00:00\u{202f}AM] John Buyer: fine\n";
        let android_en = "3/12/24, 2:04 PM - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.\n3/12/24, 2:05 PM - Jane: the kickback?\n3/13/24, 2:06 PM - Shop: no\n";
        let exports = [
            (zip(&world, "Conversa do WhatsApp - Fulana.zip", "_chat.txt", iphone_pt), "Loja", 4),
            (zip(&world, "WhatsApp Chat - John Buyer.zip", "_chat.txt", iphone_en), "Shop", 3),
            (write(&world, "WhatsApp Chat with Jane.txt", android_en), "Shop", 3),
            (zip(&world, "arquivo.zip", "Conversa do WhatsApp com Maria Silva.txt", ANDROID_PT), "Padaria Aurora", 5),
        ];
        for (file, company, read) in &exports {
            let summary = imported(&world, &tenant, file, &[]).await;
            assert_eq!((summary["company"].as_str(), counts(&summary)), (Some(*company), [*read, *read, 0, 0, 1]), "{}", file.display());
        }
        let inside = tenant.manager.read("{ conversations { totalCount } alerts { totalCount nodes { foundAfterwards } } }").await;
        assert_eq!((&inside["conversations"]["totalCount"], &inside["alerts"]["totalCount"]), (&json!(4), &json!(4)));
        let verified = run(&world.environment(), world.folder.path(), &["verify", "--json", "--tenant", "formatos"], "").await;
        assert_eq!((verified.code, verified.json()["whole"].as_bool()), (0, Some(true)), "{verified:?}");
    }

    async fn what_cannot_be_imported_is_told_in_one_sentence_and_nothing_comes_in(world: World) {
        let tenant = world.tenant("recusa").await;
        tenant.watch("propina").await;
        let chat = write(&world, "Conversa do WhatsApp com Maria Silva.txt", ANDROID_PT);
        let renamed = write(&world, "chat.txt", ANDROID_PT);
        refused(&world, &tenant, &write(&world, "carta.txt", "Prezados,\npropina\n"), &[], "no chat exported").await;
        // One of several: none of them comes in.
        refused(&world, &tenant, &write(&world, "carta.txt", "Prezados,\npropina\n"), &[chat.to_str().expect("a path")], "no chat exported").await;
        refused(&world, &tenant, &write(&world, "vazio.txt", ""), &[], "no chat exported").await;
        refused(&world, &tenant, &write(&world, "quebrado.zip", "PK\u{3}\u{4}nada"), &[], "damaged").await;
        refused(&world, &tenant, &zip(&world, "fotos.zip", "leia-me.md", "nada"), &[], "no chat").await;
        refused(&world, &tenant, &world.folder.path().join("ausente.txt"), &[], "cannot be read").await;
        refused(&world, &tenant, &renamed, &[], "--me").await;
        refused(&world, &tenant, &chat, &["--me", "Ninguém"], "Neither").await;
        refused(&world, &tenant, &chat, &["--time-zone", "Lua/Base"], "time zone").await;
        refused(&world, &tenant, &chat, &["--number", "+5511999999999"], "not registered").await;
        refused(&world, &tenant, &chat, &["--tenant", "ninguem"], "no such company").await;
    }

    async fn on_a_renamed_file_the_company_is_who_it_is_said_to_be(world: World) {
        let tenant = world.tenant("quem").await;
        let file = write(&world, "chat.txt", ANDROID_PT);
        let summary = imported(&world, &tenant, &file, &["--me", "Maria Silva"]).await;
        assert_eq!((summary["company"].as_str(), counts(&summary)[1]), (Some("Maria Silva"), 5));
        let inside = tenant.manager.read("{ conversations { nodes { contact { name } } } }").await;
        assert_eq!(inside["conversations"]["nodes"], json!([{ "contact": { "name": "Padaria Aurora" } }]));
    }
}

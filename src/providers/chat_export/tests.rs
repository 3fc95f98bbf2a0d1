use std::{
    io::{Cursor, Write},
    path::PathBuf,
};

use jiff::tz::TimeZone;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::providers::{Direction, Event, Incoming, Message, Origin, Peer, Source};

const ANDROID: &str = "\
12/03/2024 14:05 - As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta. Toque para saber mais.
12/03/2024 14:05 - Fulana: Bom dia, preciso do contrato
segue meu CPF: 111.444.777-35

obrigada
12/03/2024 14:06 - Loja: Claro: já envio
12/03/2024 14:07 - Loja: Contrato.pdf (arquivo anexado)
Leia a cláusula 3
12/03/2024 14:08 - Fulana: <Mídia oculta>
13/03/2024 09:00 - Fulana: Mensagem apagada
13/03/2024 09:01 - Fulana: às 15h <Mensagem editada>
";

const IPHONE: &str = "\u{feff}[12/03/2024, 14:05:00] Fulana: \u{200e}As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta. Ninguém fora desta conversa pode ler ou ouvi-las.\r
[12/03/2024, 14:05:09] Fulana: Bom dia\r
tudo bem?\r
\u{200e}[12/03/2024, 14:06:10] Loja: \u{200e}<anexado: 00000012-PHOTO-2024-03-12-14-06-10.jpg>\r
\u{200e}[12/03/2024, 14:06:30] Loja: Contrato.pdf • \u{200e}3 páginas \u{200e}documento omitido\r
\u{200e}[12/03/2024, 14:07:00] Fulana: \u{200e}imagem ocultada\r
[12/03/2024, 14:08:00] Fulana: \u{200e}Esta mensagem foi apagada.\r
[12/03/2024, 14:09:00] Loja: fechado \u{200e}<Mensagem editada>\r
[12/03/2024, 14:10:00] Fulana: \u{200e}Ligação de voz perdida\r
";

fn zone() -> TimeZone {
    TimeZone::get("America/Sao_Paulo").unwrap()
}

fn parsed(text: &str) -> Vec<Entry<'_>> {
    parse(text, &zone()).unwrap_or_else(|error| panic!("{error}"))
}

/// Local time of the first entry.
fn first_time(text: &str) -> String {
    local(&parsed(text)[0])
}

fn local(entry: &Entry) -> String {
    let at = jiff::Timestamp::from_microsecond(entry.at).unwrap();
    at.to_zoned_datetime(zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn one(body: &str) -> String {
    format!("12/03/2024 14:05 - Fulana: {body}")
}

fn chat<'a>() -> Chat<'a> {
    Chat { company: "Loja", title: Some("Fulana"), number: "+55 11 4000-0000" }
}

fn messages(text: &str, chat: &Chat) -> Vec<(Vec<u8>, Message)> {
    let entries = parsed(text);
    let unpack = |incoming: Incoming| match incoming.event {
        Event::Message(message) => (incoming.raw, *message),
        other => panic!("{other:?}"),
    };
    to_incoming(text, &entries, chat).unwrap_or_else(|error| panic!("{error}")).map(unpack).collect()
}

fn ids(text: &str, chat: &Chat) -> Vec<String> {
    identify(&parsed(text), chat).unwrap_or_else(|error| panic!("{error}"))
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn saved(directory: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_android_chat_is_read_whole() {
    let entries = parsed(ANDROID);
    assert_eq!(entries.len(), 7);
    assert!(entries[0].sender.is_none() && entries[0].kind == Kind::System);
    assert_eq!(entries[1].sender, Some("Fulana"));
    assert_eq!(entries[1].text, "Bom dia, preciso do contrato\nsegue meu CPF: 111.444.777-35\n\nobrigada");
    assert_eq!(entries[2].text, "Claro: já envio");
    assert_eq!((entries[3].kind, entries[3].text.as_ref()), (Kind::Document, "Leia a cláusula 3"));
    assert_eq!(entries[3].medium.as_ref().unwrap().archive_name, Some("Contrato.pdf"));
    assert_eq!(entries[4].kind, Kind::Unsupported);
    assert!(entries[4].medium.as_ref().unwrap().archive_name.is_none() && entries[4].text.is_empty());
    assert!(entries[5].was_deleted && entries[5].text.is_empty());
    assert!(entries[6].was_edited && entries[6].text == "às 15h");
    assert_eq!(local(&entries[6]), "2024-03-13 09:01:00");
}

#[test]
fn an_iphone_chat_is_read_whole() {
    let entries = parsed(IPHONE);
    assert_eq!(entries.len(), 8);
    assert!(entries[0].sender.is_none() && entries[0].kind == Kind::System);
    assert_eq!((entries[1].sender, entries[1].text.as_ref()), (Some("Fulana"), "Bom dia\ntudo bem?"));
    assert_eq!(local(&entries[1]), "2024-03-12 14:05:09");
    assert_eq!(entries[2].kind, Kind::Image);
    assert_eq!(entries[2].medium.as_ref().unwrap().archive_name, Some("00000012-PHOTO-2024-03-12-14-06-10.jpg"));
    assert_eq!(entries[2].medium.as_ref().unwrap().file_name, Some("PHOTO-2024-03-12-14-06-10.jpg"));
    assert_eq!((entries[3].kind, entries[3].text.as_ref()), (Kind::Document, ""));
    assert_eq!(entries[3].medium.as_ref().unwrap().file_name, Some("Contrato.pdf"));
    assert_eq!(entries[4].kind, Kind::Image);
    assert!(entries[5].was_deleted);
    assert!(entries[6].was_edited && entries[6].text == "fechado");
    assert_eq!((entries[7].kind, entries[7].sender), (Kind::System, Some("Fulana")));
}

#[test]
fn every_way_of_writing_a_head_is_understood() {
    for (head, expected) in [
        ("[12/03/2024, 14:05:09] A: x", "2024-03-12 14:05:09"),
        ("\u{200e}[12/03/24 14:05:09] A: x", "2024-03-12 14:05:09"),
        ("[3/12/24, 2:05:09\u{202f}PM] A: x", "2024-03-12 14:05:09"),
        ("[05.08.23, 5:52:02\u{202f}PM] A: x\n[29.08.23, 5:52:02\u{202f}PM] A: x", "2023-08-05 17:52:02"),
        ("12/03/2024 14:05 - A: x", "2024-03-12 14:05:00"),
        ("12/03/2024, 14:05 - A: x", "2024-03-12 14:05:00"),
        ("12/03/2024 às 14:05 - A: x", "2024-03-12 14:05:00"),
        ("3/12/24, 2:05\u{202f}PM - A: x", "2024-03-12 14:05:00"),
        ("20/6/2017 8:28 p.\u{a0}m. - A: x", "2017-06-20 20:28:00"),
        ("3/12/24, 12:05 AM - A: x", "2024-03-12 00:05:00"),
        ("3/12/24, 12:05 pm - A: x", "2024-03-12 12:05:00"),
        ("2024-03-12 14:05 - A: x", "2024-03-12 14:05:00"),
        ("[2024-03-12, 14:05:09] A: x", "2024-03-12 14:05:09"),
        ("12.03.24, 14:05 - A: x", "2024-03-12 14:05:00"),
    ] {
        assert_eq!(first_time(head), expected, "{head}");
        assert_eq!(parsed(head)[0].sender, Some("A"), "{head}");
        assert_eq!(parsed(head)[0].text, "x", "{head}");
    }
}

#[test]
fn day_and_month_are_told_apart_once_for_the_whole_file() {
    assert_eq!(first_time("02/03/2024 10:00 - A: x\n25/03/2024 10:00 - A: y"), "2024-03-02 10:00:00");
    assert_eq!(first_time("02/03/2024 10:00 - A: x\n03/25/2024 10:00 - A: y"), "2024-02-03 10:00:00");
    assert_eq!(first_time("3/2/24, 9:00 AM - A: x"), "2024-03-02 09:00:00", "twelve hours alone");
    assert_eq!(first_time("3/2/24, 9:00 - A: x"), "2024-02-03 09:00:00", "twenty-four hours alone");
    assert_eq!(
        first_time("3/2/24, 9:00 AM - A: x\n1/3/24, 9:00 AM - A: y"),
        "2024-02-03 09:00:00",
        "month first would run backwards"
    );
    assert_eq!(
        first_time("01/12/2024 9:00 - A: x\n02/11/2024 9:00 - A: y"),
        "2024-01-12 09:00:00",
        "day first would run backwards"
    );
}

#[test]
fn a_line_in_another_style_or_off_the_calendar_stays_in_its_message() {
    for quoted in ["[12/03/2024, 14:05:09] Loja: sim", "12/03/24 14:05 - Loja: sim", "31/02/2024 14:05 - Loja: sim"] {
        let text = format!("12/03/2024 14:05 - Fulana: veja\n{quoted}\n13/03/2024 10:00 - Loja: ok");
        let entries = parsed(&text);
        assert_eq!(entries.len(), 2, "{quoted}");
        assert_eq!(entries[0].text, format!("veja\n{quoted}"));
    }
}

#[test]
fn a_time_the_clocks_skipped_or_repeated_is_resolved() {
    // Brazil's last summer time began at 2018-11-04 00:00 and ended at 2019-02-17 00:00.
    assert_eq!(first_time("04/11/2018 00:30 - A: x"), "2018-11-04 01:30:00");
    let repeated = parsed("16/02/2019 23:30 - A: x")[0].at;
    assert_eq!(repeated, "2019-02-17T01:30:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
}

#[test]
fn media_are_told_by_every_marker() {
    for (body, kind, archive_name, caption) in [
        ("<Media omitted>", Kind::Unsupported, None, ""),
        ("<Arquivo de mídia oculto>\nolha", Kind::Unsupported, None, "olha"),
        (
            "\u{200e}IMG-20240312-WA0001.jpg (file attached)\nolha\nisso",
            Kind::Image,
            Some("IMG-20240312-WA0001.jpg"),
            "olha\nisso",
        ),
        ("PTT-20240312-WA0002.opus (arquivo anexado)", Kind::Audio, Some("PTT-20240312-WA0002.opus"), ""),
        ("STK-20240312-WA0003.webp (arquivo anexado)", Kind::Sticker, Some("STK-20240312-WA0003.webp"), ""),
        ("VID-20240312-WA0004.mp4 (arquivo anexado)", Kind::Video, Some("VID-20240312-WA0004.mp4"), ""),
        ("Fulano de Tal.vcf (arquivo anexado)", Kind::Contacts, Some("Fulano de Tal.vcf"), ""),
        ("\u{200e}<attached: 00000003-AUDIO-2024.opus>", Kind::Audio, Some("00000003-AUDIO-2024.opus"), ""),
        ("olha \u{200e}<anexado: 00000004-PHOTO.jpg>", Kind::Image, Some("00000004-PHOTO.jpg"), "olha"),
        ("olha\nisso \u{200e}<anexado: 00000004-PHOTO.jpg>", Kind::Image, Some("00000004-PHOTO.jpg"), "olha\nisso"),
        ("áudio ocultado", Kind::Audio, None, ""),
        ("\u{200e}vídeo omitido", Kind::Video, None, ""),
        ("\u{200e}GIF omitted", Kind::Video, None, ""),
        ("figurinha omitida", Kind::Sticker, None, ""),
        ("\u{200e}Contact card omitted", Kind::Contacts, None, ""),
        ("olha isso \u{200e}imagem ocultada", Kind::Image, None, "olha isso"),
        ("\u{200e}image omitted\nolha", Kind::Image, None, "olha"),
    ] {
        let text = one(body);
        let entry = &parsed(&text)[0];
        let medium = entry.medium.as_ref().unwrap_or_else(|| panic!("{body}"));
        assert_eq!((entry.kind, medium.archive_name, entry.text.as_ref()), (kind, archive_name, caption), "{body}");
    }
}

#[test]
fn words_that_only_resemble_a_marker_stay_words() {
    for body in [
        "a imagem ocultada no site",
        "veja a imagem ocultada",
        "veja\nimagem ocultada",
        "veja <Mídia oculta>",
        "segue (arquivo anexado)",
        "../../etc/passwd.txt (arquivo anexado)",
        "<anexado: nada>",
        "a Mensagem apagada era minha",
        "<Mensagem editada> era isso",
    ] {
        let text = one(body);
        let entry = &parsed(&text)[0];
        assert!(entry.medium.is_none() && !entry.was_deleted && !entry.was_edited, "{body}");
        assert_eq!((entry.kind, entry.text.as_ref()), (Kind::Text, body));
    }
}

#[test]
fn nothing_written_before_a_documents_marker_is_lost() {
    for words in ["a.pdf • 111.444.777-35 é o meu CPF", "a.pdf • 11144477735", "a.pdf • 3 páginas para Fulana"]
    {
        let text = one(&format!("{words} \u{200e}documento omitido"));
        assert_eq!(parsed(&text)[0].text, words);
    }
}

#[test]
fn deleted_messages_are_told_in_both_languages() {
    for body in [
        "Mensagem apagada",
        "Esta mensagem foi apagada.",
        "\u{200e}Você apagou esta mensagem.",
        "This message was deleted",
        "\u{200e}You deleted this message.",
    ] {
        let text = one(body);
        assert!(parsed(&text)[0].was_deleted && parsed(&text)[0].text.is_empty(), "{body}");
    }
}

#[test]
fn a_deletion_by_an_administrator_keeps_what_follows() {
    let text = one("Mensagem apagada pelo admin 111.444.777-35");
    let entry = &parsed(&text)[0];
    assert!(entry.was_deleted && entry.text == "Mensagem apagada pelo admin 111.444.777-35");
}

#[test]
fn notices_have_no_sender_even_when_they_quote_a_subject_with_a_colon() {
    for notice in [
        "Fulana criou o grupo \"Obra: fase 2\"",
        "Fulana mudou o nome do grupo de \"A\" para \"B: C\"",
        "Fulana entrou usando o link de convite deste grupo",
    ] {
        let text = format!("12/03/2024 14:05 - {notice}");
        let entry = &parsed(&text)[0];
        assert!(entry.sender.is_none() && entry.kind == Kind::System && entry.text == notice, "{notice}");
    }
}

#[test]
fn an_iphone_groups_own_name_is_no_sender() {
    let text = "[12/03/24, 14:05:00] Obra 2: \u{200e}Messages and calls are end-to-end encrypted.\n\
                [12/03/24, 14:05:00] Obra 2: \u{200e}Fulana added you\n\
                [12/03/24, 14:06:00] Fulana: bom dia\n\
                [12/03/24, 14:07:00] \u{202a}+55 11 98765‑0000\u{202c}: oi";
    let names: Vec<String> = senders(&parsed(text)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["+55 11 98765‑0000", "Fulana"]);
    let chat = Chat { company: "Loja", title: Some("Obra 2"), number: "551140000000" };
    let messages = messages(text, &chat);
    assert!(messages.iter().all(|(_, message)| message.group.as_ref().unwrap().starts_with("export-group:")));
    assert!(messages[1].1.peer == Peer::default() && messages[1].1.kind == Kind::System);
    assert_eq!(messages[3].1.peer.wa_id.as_deref(), Some("5511987650000"));
    assert!(messages[3].1.peer.user_id.is_none() && messages[3].1.peer.name.is_none());
}

#[test]
fn what_is_no_export_is_refused() {
    for text in [
        "",
        "\n\n",
        "Querida Fulana,\n12/03/2024 14:05 - Fulana: oi",
        "a;b;c\n1;2;3",
        "12/03/2024: reunião",
        "99/99/2024 14:05 - A: x",
    ] {
        assert!(matches!(parse(text, &zone()), Err(ExportError::NotAnExport)), "{text}");
    }
}

#[test]
fn the_company_is_whom_the_chat_is_not_named_after() {
    let entries = parsed(ANDROID);
    assert_eq!(senders(&entries), [("Fulana".to_owned(), 4), ("Loja".to_owned(), 2)]);
    assert_eq!(guess_company_side(&entries, Some("Fulana")).as_deref(), Some("Loja"));
    assert_eq!(guess_company_side(&entries, Some("fulana ❤")).as_deref(), Some("Loja"));
    assert!(guess_company_side(&entries, Some("Beltrana")).is_none());
    assert!(guess_company_side(&entries, None).is_none());
}

#[test]
fn a_company_that_is_neither_of_two_is_an_error_and_not_a_group() {
    let entries = parsed(ANDROID);
    let wrong = Chat { company: "Loja Ltda", ..chat() };
    assert!(matches!(identify(&entries, &wrong), Err(ExportError::CompanyNotInChat)));
}

#[test]
fn messages_know_direction_peer_and_their_exact_lines() {
    let messages = messages(ANDROID, &chat());
    let (raw, first) = &messages[1];
    assert!(raw.starts_with(b"12/03/2024 14:05 - Fulana: Bom dia") && raw.ends_with(b"\n\nobrigada"));
    assert!(first.direction == Direction::Inbound && first.origin == Origin::Import && first.group.is_none());
    assert!(first.id.starts_with("export:") && first.id.len() == 7 + 64);
    assert_eq!(first.peer.name.as_deref(), Some("Fulana"));
    assert!(first.peer.wa_id.is_none() && first.peer.user_id.as_ref().unwrap().starts_with("export:"));
    assert!(messages.iter().all(|(_, message)| message.peer == first.peer));
    let document = &messages[3].1;
    assert_eq!(document.direction, Direction::Outbound);
    assert_eq!(document.text, Some((Source::Caption, "Leia a cláusula 3".to_owned())));
    let media = document.media.as_ref().unwrap();
    assert_eq!((media.provider_id.as_deref(), media.mime_type.as_str()), (Some("Contrato.pdf"), "application/pdf"));
    assert!(messages[4].1.media.is_none() && messages[4].1.text.is_none());
}

#[test]
fn a_document_left_out_still_shows_its_name() {
    let messages = messages(IPHONE, &chat());
    let document = &messages[3].1;
    assert!(document.media.is_none() && document.kind == Kind::Document);
    assert_eq!(document.text, Some((Source::FileName, "Contrato.pdf".to_owned())));
}

#[test]
fn a_longer_export_adds_only_what_is_new() {
    let longer = format!("{ANDROID}14/03/2024 10:00 - Loja: até logo\n");
    let (before, after) = (ids(ANDROID, &chat()), ids(&longer, &chat()));
    assert_eq!(before, after[..before.len()]);
    assert!(!before.contains(after.last().unwrap()));
}

#[test]
fn the_same_message_has_one_id_with_or_without_its_medium_and_by_minutes_or_seconds() {
    let with = "12/03/2024 14:05 - Fulana: IMG-1.jpg (arquivo anexado)\nolha  isso\n12/03/2024 14:05 - Loja: é";
    let without =
        "[12/03/2024, 14:05:03] Fulana: olha isso \u{200e}imagem ocultada\n[12/03/2024, 14:05:59] Empresa: e\u{301}";
    assert_eq!(ids(with, &chat()), ids(without, &Chat { company: "Empresa", ..chat() }));
}

#[test]
fn equal_messages_of_one_minute_and_equal_words_elsewhere_are_different_messages() {
    let text = "12/03/2024 14:05 - Loja: ok\n12/03/2024 14:05 - Loja: ok\n12/03/2024 14:06 - Loja: ok\n12/03/2024 14:05 - Fulana: ok";
    let mut all = ids(text, &chat());
    let elsewhere = text.replace("Fulana", "Beltrana");
    all.extend(ids(&elsewhere, &Chat { title: Some("Beltrana"), ..chat() }));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_medium_a_deletion_and_mere_words_are_never_one_message() {
    let bodies = ["olha", "<Mídia oculta>\nolha", "", "<Mídia oculta>", "Mensagem apagada"];
    let mut all: Vec<String> = bodies.iter().flat_map(|body| ids(&one(body), &chat())).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), bodies.len());
}

#[test]
fn a_group_has_one_id_by_title_and_number() {
    let text = "12/03/2024 14:05 - Ana: a\n12/03/2024 14:06 - Bia: b\n12/03/2024 14:07 - Loja: c";
    let group =
        |title, number| messages(text, &Chat { company: "Loja", title: Some(title), number })[0].1.group.clone();
    assert!(group("Obra", "+55 11 4000-0000").is_some());
    assert_eq!(group("Obra", "+55 11 4000-0000"), group("Obra", "551140000000"));
    assert_ne!(group("Obra", "551140000000"), group("Obra", "551140000001"));
    assert_ne!(group("Obra", "551140000000"), group("Obras", "551140000000"));
    let by_title = "12/03/2024 14:05 - Ana: a\n12/03/2024 14:07 - Loja: c";
    assert!(messages(by_title, &Chat { title: Some("Obra"), ..chat() })[0].1.group.is_some());
    assert!(messages(by_title, &Chat { title: Some("Ana-2"), ..chat() })[0].1.group.is_none());
}

#[test]
fn a_notice_tells_a_group_that_has_neither_title_nor_third_sender() {
    let text = "12/03/2024 14:04 - Ana criou o grupo \"Obra\"\n12/03/2024 14:05 - Ana: a\n12/03/2024 14:07 - Loja: c";
    let untitled = Chat { title: None, ..chat() };
    let messages = messages(text, &untitled);
    assert!(messages.iter().all(|(_, message)| message.group.is_some() && message.group == messages[0].1.group));
    assert!(messages[1].1.peer.name.as_deref() == Some("Ana") && messages[2].1.peer == Peer::default());
}

#[test]
fn a_chat_in_which_nobody_is_named_but_the_company_still_has_a_contact() {
    let messages = messages("12/03/2024 14:05 - Loja: oi", &Chat { title: None, ..chat() });
    let peer = &messages[0].1.peer;
    assert!(peer.user_id.is_some() && peer.name.is_none());
}

#[test]
fn a_text_file_is_read_with_its_title() {
    let directory = tempfile::tempdir().unwrap();
    let path = saved(&directory, "Conversa do WhatsApp com Fulana (1).txt", IPHONE.as_bytes());
    let export = read(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(export.title.as_deref(), Some("Fulana"));
    assert!(export.text.starts_with('['), "the byte-order mark is gone");
    assert!(read(&saved(&directory, "clientes.txt", ANDROID.as_bytes())).unwrap_or_else(|_| panic!()).title.is_none());
}

#[test]
fn an_archive_is_read_with_its_media_whatever_its_extension() {
    let directory = tempfile::tempdir().unwrap();
    let photo = "00000012-PHOTO-2024-03-12-14-06-10.jpg";
    let bytes = zipped(&[("00000002-notas.txt", b"x"), ("_chat.txt", IPHONE.as_bytes()), (photo, b"jpeg")]);
    let mut export =
        read(&saved(&directory, "WhatsApp Chat - Fulana.bin", &bytes)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(parsed(&export.text).len(), parsed(IPHONE).len());
    assert_eq!(export.medium(photo, 4).unwrap().as_deref(), Some(b"jpeg".as_slice()));
    assert!(export.medium("../_chat.txt", 4).unwrap().is_none());
    assert!(matches!(export.medium(photo, 3), Err(ExportError::MediumTooLarge)));
}

#[test]
fn an_attached_text_does_not_pass_for_the_chat() {
    let directory = tempfile::tempdir().unwrap();
    let forged = b"12/03/2024 14:05 - Loja: prometo".as_slice();
    let bytes = zipped(&[
        ("_chat.txt", forged),
        ("Conversa do WhatsApp com Beltrana.txt", forged),
        ("Conversa do WhatsApp com Fulana.txt", ANDROID.as_bytes()),
    ]);
    let export = read(&saved(&directory, "Conversa do WhatsApp com Fulana.zip", &bytes))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(export.text == ANDROID);
    assert_eq!(export.title.as_deref(), Some("Fulana"));
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let refused =
        |name, bytes: &[u8]| read(&saved(&directory, name, bytes)).err().map(|error| error.to_string()).unwrap();
    assert!(refused("utf16.txt", b"\xff\xfe1\x002\x00").contains("UTF-8"));
    assert!(refused("empty.zip", &zipped(&[])).contains("holds no chat"));
    assert!(refused("photos.zip", &zipped(&[("a.jpg", b"x")])).contains("holds no chat"));
    let whole = zipped(&[("_chat.txt", ANDROID.as_bytes())]);
    assert!(refused("cut.zip", &whole[..whole.len() / 2]).contains("damaged"));
    assert!(refused("two.zip", &zipped(&[("a.txt", b"x"), ("b.txt", b"y")])).contains("holds no chat"));
    assert!(read(&directory.path().join("none.txt")).is_err());
}

#[test]
fn a_zip_bomb_stops_at_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = zipped(&[("_chat.txt", ANDROID.as_bytes()), ("a.jpg", &vec![0; 1 << 20])]);
    let mut export = read(&saved(&directory, "bomb.zip", &bytes)).unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(export.medium("a.jpg", 1 << 19), Err(ExportError::MediumTooLarge)));
    assert_eq!(export.medium("a.jpg", 1 << 20).unwrap().map(|bytes| bytes.len()), Some(1 << 20));
}

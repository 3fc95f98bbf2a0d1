//! Each kind of item Meta sends, from its sample: the signature and every field mapped.

use super::*;
use crate::providers::meta::signature_is_valid;

const SECRET: &[u8] = b"segredo-ficticio-de-teste";

#[test]
fn every_sample_is_in_the_table() -> Result {
    let table: Vec<&str> = SAMPLES_AND_ITEMS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(sample_names()?, table);
    Ok(())
}

#[test]
fn every_sample_yields_every_field() -> Result {
    for (name, _, items) in SAMPLES_AND_ITEMS {
        assert_eq!(told(&fs::read_to_string(format!("{SAMPLES}{name}"))?), *items, "{name}");
    }
    Ok(())
}

#[test]
fn every_sample_is_signed_and_not_when_one_byte_is_added() -> Result {
    for (name, signature, _) in SAMPLES_AND_ITEMS {
        let mut body = fs::read(format!("{SAMPLES}{name}"))?;
        let header = format!("sha256={signature}");
        let is_valid = |body: &[u8]| signature_is_valid(Some(header.as_bytes()), body, [SECRET].into_iter());
        assert!(is_valid(&body), "{name}");
        body.push(b'\n');
        assert!(!is_valid(&body), "{name}");
    }
    Ok(())
}

/// Name, signature under [`SECRET`], items.
const SAMPLES_AND_ITEMS: &[(&str, &str, &[&str])] = &[
    (
        "meta_account_update_partner_removed.json",
        "4c4a826f53840788405836df1e87f38a5a733cf8260782a773c1de252bb83a54",
        &["- parked UnknownField"],
    ),
    (
        "meta_app_state_sync.json",
        "c274654da3194d789f604a1802e10f2d5d29161144238b62d9110943e045e19f",
        &["510000000000001 address book", "510000000000001 address book"],
    ),
    (
        "meta_audio_voice.json",
        "e832969e497bcc4150718c0b9302799212f948373d512bb3db3a7a5a5a2ec16c",
        &["520000000000002 Live Inbound Audio \
             id=wamid.HBgMNTUzMTgwMDIwMDAwFQIAEhgUM0EwQkIxNDhFMTIzNjA2MjE5NjQA \
             peer=553180020000/BR.1810020000000002/Bruno Carvalho \
             media=(610000000000002, audio/ogg; codecs=opus, -, 38d2bbec4c8df006c2935bc77b2d03523e3011a4768668ae0578dc929c75a676, -) at=1760000006"],
    ),
    (
        "meta_bsuid_text_without_phone.json",
        "77bdbb8bc04ac281daa599b2cec3d8c2e985746a7256bc327c16ef15345e0449",
        &["510000000000001 Live Inbound Text \
             id=wamid.HBgTQlIuMTgxMDA0MDAwMDAwMDAwNBUCABIYFDNBRVhFTVBMTzAwMDAwMDAwMDAxAA== \
             peer=-/BR.1810040000000004/Marina \
             Text=Oi, prefiro não deixar meu número. Podemos conversar por aqui? at=1760000032"],
    ),
    (
        "meta_button_template.json",
        "5e3894aa889ef1caf99dee73f57a28eb470c600039b572a9856405ca741e6abf",
        &["510000000000001 Live Inbound Button \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBQ0JBOUMyRTlBM0ZEM0ZCMjRBAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             reply_to=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjBGNDdFMTlEN0U5NEZBRAA= \
             Interactive=Quero falar com um atendente at=1760000015"],
    ),
    (
        "meta_call_terminate.json",
        "4d24a665509fc523fd1f112f016baf651ddaad7943a21e82cdd3ebef934e96c9",
        &["510000000000001 parked UnknownField"],
    ),
    (
        "meta_contacts.json",
        "34bd137383245462af98c02ed8f332d97f39c80aa54e554e3bcbbc368c6b20ad",
        &["510000000000001 Live Inbound Contacts \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMTg2RUE4QTBCNkVFNzhFRTcwAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             ContactCard=Carlos Eduardo Lima\nTransportes Fictícios Ltda\n+55 11 93003-0000\ncarlos@exemplo.invalid at=1760000011"],
    ),
    (
        "meta_document.json",
        "c1bd2ccb351ee9ce6a2eb84c279f3e9868aa6f143c4cebb3416bd7c3c343bb90",
        &["510000000000001 Live Inbound Document \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBRkZBMUQ1NzU4QkM1OTVBOTJFAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             media=(610000000000004, application/pdf, Contrato_Prestação_de_Serviços_v3.pdf, e7ef39129cdb66457958e88fe3d1da46bed2f07f96ee23646bb9007901beb2b5, -) \
             Caption=Segue o contrato assinado at=1760000008"],
    ),
    (
        "meta_echo_text.json",
        "4709ce473bac450fc5d3066a019f90915e1184638213a26f4c95fc057ee4040c",
        &["510000000000001 Echo Outbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjAwREUxRDFDRDQ3NDUzNAA= \
             peer=5511910010000/BR.1810010000000001/- \
             Text=Ana, te respondo do celular: a proposta segue até as 18h. at=1760000026"],
    ),
    (
        "meta_edit_text.json",
        "b5e15b33c6676f6082014bd9eda816acd6231e2e4b0f7e33a29768daa70cd0b2",
        &["510000000000001 edit of=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBRTI4RkE1NkM3NzY0RkE4MzQ0AA== \
             by=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             Text=Corrigindo: o valor combinado foi R$ 1.250,00 at=1760000021"],
    ),
    (
        "meta_group_text.json",
        "8e10970335dc26a5247cd0566059fd8c005f0f9ab718e6d5ae89f72d0dd27ac3",
        &["520000000000002 Live Inbound Text \
             id=wamid.HBgMNTUzMTgwMDIwMDAwFQIAEhgUM0E2QjM0NEZEMDkwQzg3ODAyRTMA \
             peer=553180020000/BR.1810020000000002/Bruno Carvalho \
             group=Y2FwaV9ncm91cDpleGVtcGxvLWZpY3RpY2lvLTAxZD \
             Text=Pessoal, reunião do grupo amanhã às 9h at=1760000030"],
    ),
    (
        "meta_history_chunk.json",
        "8ac385c1227887bfc3c27a30d00d08082bc5525142b96c058fb059607cc08a53",
        &[
            "510000000000001 History Outbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjA3NDlGOTdDNDkwQURGQQA= \
             peer=5511910010000/BR.1810010000000001/- delivery=Read \
             Text=Olá Ana, tudo certo com a entrega? at=1758272000",
            "510000000000001 History Inbound Unsupported \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBNjgwMkVBQkRCMjlEMTRBRUU0AA== \
             peer=5511910010000/BR.1810010000000001/- delivery=Played at=1758272060",
            "510000000000001 History Inbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMDZCNjREQTdFREYxM0MzNDkwAA== \
             peer=5511910010000/BR.1810010000000001/- delivery=Read \
             Text=Chegou sim, obrigada! at=1758272090",
        ],
    ),
    (
        "meta_history_declined.json",
        "9ee016a669f01223ead689b6c6b1cb9190b2b4f802a3e226881d3eca92615304",
        &["510000000000001 parked HistoryDeclined"],
    ),
    (
        "meta_image_caption_url.json",
        "9fadfe8ffa784a3ff6100a35c71f540fddb70da1422ab235e37374e0d35a9210",
        &["510000000000001 Live Inbound Image \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMzQxMTFERkNFQkRCRDdCQjdBAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             media=(610000000000001, image/jpeg, -, bf83c4b8be8fad9032667c0f2560fccb0101e42f79e3009dd236b485093373e0, -) \
             Caption=Comprovante do Pix de hoje cedo at=1760000005"],
    ),
    (
        "meta_interactive_button_reply.json",
        "a33869db95202485ea283f8c2cedf118223c3799dbd59d83562be4b36e92f9c5",
        &["510000000000001 Live Inbound Interactive \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBRkJDOTYzNEQ4NUJDQUE1RDRDAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             reply_to=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjA5NzlCMUQ3Rjk5NDdGNwA= \
             Interactive=Confirmo o agendamento at=1760000012"],
    ),
    (
        "meta_interactive_list_reply.json",
        "1a4a9702e426efba2b9cbfd00f9948bfea0e7b13e153806319c75599decfc90c",
        &["510000000000001 Live Inbound Interactive \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMTQyNEFDOTU4M0NFRTZGNkQ4AA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             reply_to=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjBCNjQyREVDMUZFNDkyOAA= \
             Interactive=Financeiro\nBoletos, notas e segunda via at=1760000013"],
    ),
    (
        "meta_interactive_nfm_reply.json",
        "ebc278d0fea3e28cb6deca4ca3456fe635215d388559a99be5c1ad937202f3ee",
        &["510000000000001 Live Inbound Interactive \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBQUU3QkRBRDJCMjI3MEQ1QjlFAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             reply_to=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjAzOEEzNTVGMTE0RDk2RQA= \
             Interactive=Sent\nAna Beatriz Souza\nPrefiro contato no período da tarde at=1760000014"],
    ),
    (
        "meta_location.json",
        "7370dd09e603978781a8d7e1d61787a3a5b92605b8e0aa3f2fde96e06c2fb9a9",
        &["510000000000001 Live Inbound Location \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBOUVBMTA1RjNERDMyMjdEMjg1AA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             Location=Escritório Fictício\nAv. Imaginária, 1000 - Bela Vista, São Paulo - SP at=1760000010"],
    ),
    (
        "meta_order.json",
        "974a2329841b1ec0fa4e7353f024777d0490fc9d77e6a87126b39273d7cc14cc",
        &["510000000000001 Live Inbound Order \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBODhCMDIyMUU0QjgzQUQ0NUQxAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             Order=Pode entregar na filial? at=1760000017"],
    ),
    (
        "meta_reaction.json",
        "c69b196eb1d01a50ef3001092d0acc4c806b71278527dca4b1d151e53ac2f324",
        &["510000000000001 reaction on=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjA0M0VGODEwMzA2N0YxQwA= \
             by=5511910010000/BR.1810010000000001/Ana Beatriz Souza emoji=👍 at=1760000016"],
    ),
    (
        "meta_request_welcome.json",
        "d1e147d019f0af433021e78fa5966b856723956e396308a2a3a56f86ae7fe7c1",
        &["510000000000001 Live Inbound System \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBOUNFQkM3Q0FFQzBEQkVGRDI3AA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza at=1760000020"],
    ),
    (
        "meta_revoke.json",
        "863581177aa0c03b790960e5551bcd18a71f6582f8f283052f933a77cb8a1f06",
        &["510000000000001 revoke of=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBNEY2MTdDMjZDRkMxQTY3RkFGAA== at=1760000022"],
    ),
    (
        "meta_status_delivered.json",
        "0ac091a72e9c68dc84563f61096ea81d1b71fd40b4c955dd7eaafded3772d3e0",
        &[
            "510000000000001 status of=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjBFMDQ5MjUzRTgxNDE3OQA= Delivered codes=[] at=1760000023",
        ],
    ),
    (
        "meta_status_failed.json",
        "d03b64d9994de839b96a5801fd48861e2e8e9b1bf70e98512fd9ee27d2d4a90b",
        &[
            "510000000000001 status of=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjA2NUJFNzk1QjRCOTRDQwA= Failed codes=[131047] at=1760000025",
        ],
    ),
    (
        "meta_status_sent_with_conversation.json",
        "f5f9afac68f5cd2e38627088896c719ffb753e3f98f98c32e1a4e81e9e9174e3",
        &[
            "510000000000001 status of=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjAyNzgyMTQ1OTRBMkY0QwA= Sent codes=[] at=1760000024",
        ],
    ),
    (
        "meta_sticker.json",
        "8da29a53399b97bc4bdbd9d529091b27d97bbe36f9a70f1cd9b63c0463deaeb5",
        &["510000000000001 Live Inbound Sticker \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBNTdGNTkyRUQ2NzFFOTBFMjRBAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             media=(610000000000005, image/webp, -, db00527ebde875fb15f476ea0e49a8335a59bb578cd09922940aea798b1a7d35, -) at=1760000009"],
    ),
    (
        "meta_system_number_change.json",
        "eb5271aedd673a941f574e6b18b45d54e11b53d4e9c1308bdd2baafd24643a07",
        &["510000000000001 Live Inbound System \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMUUyNTlCNUNCMUJFMTlCQjdBAA== \
             peer=5511910010000/-/- change=5511910010000/-/-->5511910990000/-/- at=1760000018 \
             Text=User Ana Beatriz Souza changed from 5511910010000 to 5511910990000 at=1760000018"],
    ),
    (
        "meta_text.json",
        "115f7b4b5ff609bf3cf4c37c673fb4c0896b737512cf292e6e8559cd4a64d8e6",
        &["510000000000001 Live Inbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBNTI5MDYxMkFCQzU1RkRGODhCAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             Text=Bom dia! Vocês conseguem me mandar a proposta comercial ainda hoje? at=1760000001"],
    ),
    (
        "meta_text_forwarded.json",
        "7be6eca88ab0871cba789b6743bd3d8b69a5b10221d0045f5bb90fac07d9ca88",
        &["510000000000001 Live Inbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMTBEMjk1NTFFNThEMzc5NTcxAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza forwarded=yes \
             Text=Encaminho o recado do financeiro: nota fiscal só na próxima segunda. at=1760000003"],
    ),
    (
        "meta_text_referral_ad.json",
        "6f532853e5be09d5216a116f2e4165b45574ceca7322c3e07f410e5dc9aab0e7",
        &["510000000000001 Live Inbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBNEVEODk0NjRDMjVGN0NBRUM0AA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             referral=Fale com a gente\nPlanos a partir de R$ 99,90 por mês\nComo podemos ajudar? \
             Text=Olá! Vi o anúncio e quero saber mais sobre o plano empresarial. at=1760000004"],
    ),
    (
        "meta_text_reply_context.json",
        "23065d2164a117c198427ac5b6fda0a0200603687f6702db20566b5941d95e00",
        &["510000000000001 Live Inbound Text \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBMTlBRTExQzYyRkYzMUY1QjcwAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza \
             reply_to=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABEYEjNFQjBBOTIxRDE0OTU0ODJCNwA= \
             Text=Sobre esse orçamento aqui: dá para parcelar em 3x? at=1760000002"],
    ),
    (
        "meta_unsupported.json",
        "e35a778d5dea4a38e389ceae82c9ef80064394dbda9de9f0a38a014e29aefbfb",
        &["510000000000001 Live Inbound Unsupported \
             id=wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDNBQzQ5NzcyNzEzMzJGRDQ0QUMwAA== \
             peer=5511910010000/BR.1810010000000001/Ana Beatriz Souza codes=[131051] at=1760000019"],
    ),
    (
        "meta_user_id_update.json",
        "3e7b17be01dbff51c1cc207a548bd45e7c921c58ea14fc198210ba43e19be977",
        &["510000000000001 -/BR.1810010000000001/-->5511910990000/BR.1810010000000099/Ana Beatriz Souza at=1760000033"],
    ),
    (
        "meta_value_errors.json",
        "cb5f5e009b336a5ecb57220274f2d13b292fd6814585e1c066ae723ac7df242f",
        &["510000000000001 parked ProviderError"],
    ),
    (
        "meta_video.json",
        "3c870c260d37db384d436902a3c7612d0873a627cda2cc5438f22eba480fc8e2",
        &["520000000000002 Live Inbound Video \
             id=wamid.HBgMNTUzMTgwMDIwMDAwFQIAEhgUM0E5MTczOTM4NDg2NDlBODM4OEEA \
             peer=553180020000/BR.1810020000000002/Bruno Carvalho \
             media=(610000000000003, video/mp4, -, a29eb5302e1b6691a2835e428467ffffda24134f3d5980a8aeaf7e6560b08dea, -) \
             Caption=Vídeo da vistoria do galpão at=1760000007"],
    ),
];

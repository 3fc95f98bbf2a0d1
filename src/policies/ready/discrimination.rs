//! Discrimination.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Discriminação",
    purpose: "Prevenir e apurar discriminação por raça, origem, religião, gênero, orientação sexual, idade ou deficiência, vedada pelas Leis 7.716/1989 e 9.029/1995. Pode tocar em dados sensíveis: o acesso é restrito a quem apura e só alcança o necessário.",
    legal_basis: LegalBasis::LegalObligation,
    severity: Severity::High,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern(
            r#""preto fedido" OR "preta fedida" OR "negro fedido" OR "negra fedida" OR "preto imundo" OR "negro imundo" OR "serviço de preto" OR "coisa de preto" OR "preto safado" OR "negro safado""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("tinha que ser preto" OR "tinha que ser preta" OR "só podia ser preto") UNLESS (sapato OR vestido OR roupa OR carro OR cor OR tênis OR calça OR camisa OR terno OR bolsa OR cabo OR fundo OR tinta)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("seu macaco" OR "sua macaca" OR "macaco fedido" OR "bando de macacos" OR "bando de macaco") UNLESS (hidráulico OR pneu OR carro OR zoológico OR mecânic* OR oficina OR pelúcia OR fantasia)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""crioulo safado" OR "crioulo fedido" OR "neguinho fedido" OR "neguinha fedida" OR "nega fedida""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""cabelo de bombril" OR "cabelo ruim de preto" OR "cabelo ruim de negro" OR "cabelo ruim de negra""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"viadinho OR viadagem OR "seu viado" OR "esse viado" OR "bando de viado" OR "coisa de viado""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(r#"boiola OR boiolas OR "sua bicha" OR "bicha louca" OR "bichona""#, Strictness::Disguised),
        Watched::Pattern("traveco OR travecos", Strictness::Disguised),
        Watched::Pattern(
            "sapatão UNLESS (segurança OR calç* OR couro OR bota OR botas OR EPI OR palhaço OR número OR tamanho)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"mongoloide OR mongoloides OR "retardado mental" OR "retardada mental" OR "débil mental""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""seu aleijado" OR "sua aleijada" OR "esse aleijado" OR "essa aleijada""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""baiano preguiçoso" OR "nordestino preguiçoso" OR "nordestino burro" OR "paraíba burro" OR "baianada" OR "só podia ser nordestino" OR "só podia ser baiano""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""cabeça chata" UNLESS (parafuso OR parafusos OR phillips OR prego OR rebite OR broca)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""macumbeiro safado" OR "seu macumbeiro" OR "sua macumbeira" OR "judeu safado" OR "coisa de macumbeiro""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("não contrata" OR "não contrate" OR "não contratar" OR "não contratamos" OR "não quero contratar" OR "evita contratar" OR "evite contratar") NEAR/5 (grávida* OR gestante* OR negro* OR negra* OR preto* OR preta* OR gay OR gays OR gorda* OR gordo* OR idos* OR "gente velha" OR nordestin* OR evangélic* OR deficiente* OR mulher OR mulheres)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("velho demais" OR "velha demais" OR "gordo demais" OR "gorda demais") NEAR/6 (vaga OR contratar OR cargo OR recepção)"#,
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "isso aí é serviço de preto, manda refazer",
        "só podia ser preto mesmo, olha a bagunça que deixou",
        "volta pra selva, seu macaco",
        "prende esse cabelo de bombril antes de atender",
        "para de viadagem e carrega a caixa",
        "v1adinho do marketing pediu folga",
        "aquele traveco não pode atender cliente",
        "essa sapatão do estoque quer mandar em mim",
        "parece um mongoloide lendo o manual",
        "lá vem esse aleijado segurar o elevador de novo",
        "nordestino preguiçoso, por isso não rende",
        "tira essa guia, coisa de macumbeiro",
        "evita contratar mulher, depois engravida",
        "não contrata gente velha para a loja nova",
        "ela é gorda demais pra recepção",
        "aquela neguinha fedida do caixa",
        "o novato é boiola, já aviso",
        "cabeça chata não sabe dirigir, deixa que eu levo",
    ],
    #[cfg(test)]
    clear: &[
        "quero o sapato preto no tamanho 38",
        "o vestido tinha que ser preto por causa da formatura",
        "o macaco hidráulico de 2 toneladas chegou",
        "esqueci o seu macaco na oficina junto com o pneu",
        "o Pedro Preto e a Ana Branco assinaram o contrato",
        "gato preto para adoção, muito dócil",
        "feijão preto ou carioca?",
        "pega o viaduto e vira à direita na avenida",
        "manda a segunda via do boleto, a outra foi enviada",
        "o sapatão de segurança do EPI veio no número errado",
        "parafuso de cabeça chata, pacote com 100",
        "Aleijadinho nasceu em Ouro Preto",
        "a bichinha da gata comeu toda a ração",
        "o efeito retardado do remédio leva uma hora",
        "vaga exclusiva para pessoas com deficiência, mandem currículo",
        "a semana da consciência negra terá palestra com mulheres negras",
        "este freezer está velho demais, vamos trocar",
        "não contrata frete por telefone, usa o sistema",
    ],
};

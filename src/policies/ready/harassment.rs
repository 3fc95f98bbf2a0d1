//! Moral and sexual harassment.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Assédio moral e sexual",
    purpose: "Prevenir e apurar assédio moral e sexual no trabalho, como manda a Lei 14.457/2022, protegendo quem é alvo dele. As conversas são tratadas em sigilo e lidas somente por quem apura denúncias.",
    legal_basis: LegalBasis::LegalObligation,
    severity: Severity::High,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern(
            "nudes UNLESS (batom OR batons OR esmalte OR esmaltes OR sapato* OR sandália* OR tom OR tons OR cor OR cores OR maquiagem)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""foto pelada" OR "fotos pelada" OR "foto pelado" OR "foto sem roupa" OR "fotos sem roupa" OR "foto íntima" OR "fotos íntimas""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("senta no meu colo" OR "sentar no meu colo" OR "vem pro meu colo") UNLESS (neto OR neta OR filho OR filha OR bebê OR gato OR gata OR cachorro OR cachorrinha OR vovó OR vovô)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""sua gostosa" OR "oi gostosa" OR "você é gostosa" OR "vc é gostosa" OR "você é muito gostosa" OR "vc é muito gostosa" OR "você tá gostosa" OR "vc tá gostosa" OR "vc tá muito gostosa" OR "bom dia gostosa""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""me dá tesão" OR "com tesão em você" OR "tesão por você" OR "tesão em vc" OR "que tesão você""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""quero te comer" OR "vontade de te comer" OR "quero te pegar toda" OR "passar a mão em você" OR "passar a mão na sua bunda""#,
            Strictness::Disguised,
        ),
        Watched::Pattern("transar NEAR/3 (comigo OR contigo OR você OR vc)", Strictness::Disguised),
        Watched::Pattern(
            r#"("sair comigo" OR "sai comigo" OR "jantar comigo" OR "motel comigo") NEAR/10 (promoção OR demissão OR demitida OR demito OR vaga OR aumento OR emprego)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""sua incompetente" OR "seu incompetente" OR "sua inútil" OR "seu inútil" OR "sua imprestável" OR "seu imprestável" OR "sua imbecil" OR "seu imbecil" OR "sua idiota" OR "seu idiota" OR "sua retardada" OR "seu retardado" OR "sua otária" OR "seu otário" OR "sua vagabunda" OR "seu vagabundo" OR "sua vadia" OR "sua piranha""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("sua burra" OR "seu burro") UNLESS (pasto OR fazenda OR sítio OR carroça OR leite)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""cala a boca" NEAR/6 (incompetente OR burro OR burra OR idiota OR inútil OR "sua louca")"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""vou acabar com a sua vida" OR "vou acabar com sua vida" OR "vou acabar com a sua carreira" OR "vou te arrebentar" OR "vou te quebrar na porrada" OR "vou fazer da sua vida um inferno""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("ser demitida" OR "ser demitido" OR "perder o emprego" OR "manter o emprego" OR "continuar no emprego") NEAR/8 (obedec* OR "fica quieto" OR "fica quieta" OR "cala a boca" OR "boca fechada")"#,
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "manda nudes que eu te coloco no turno da manhã",
        "m4nda nud3s vai, ninguém vê",
        "quero uma foto sem roupa sua, prometo apagar",
        "vem cá e senta no meu colo, estagiária",
        "bom dia gostosa, capricha no decote amanhã",
        "você é muito gostosa para ficar nesse setor",
        "sempre quis transar com você, sabia?",
        "se sair comigo hoje a promoção é sua",
        "sua incompetente, nem pra tirar cópia serve",
        "seu inútil, a equipe inteira paga pelo seu erro",
        "cala a boca e trabalha, sua burra",
        "vou acabar com a sua carreira se falar com o RH",
        "quer continuar no emprego? então boca fechada",
        "n.u.d.e.s agora ou esquece o aumento",
        "que vontade de te comer nessa sala vazia",
        "com tesão em você desde a entrevista",
    ],
    #[cfg(test)]
    clear: &[
        "a coleção nova tem batom e esmalte em tons nudes",
        "o sr. Nunes mandou a proposta revisada",
        "que comida gostosa, dona Maria, parabéns",
        "foi uma tarde gostosa na praia com as crianças",
        "meu neto só dorme se senta no meu colo",
        "quero jantar comigo mesmo hoje kkk, sozinho em casa",
        "o seu burro fugiu do pasto, vem buscar",
        "cala a boca kkkkk não acredito que você passou",
        "fui promovido! agora sou coordenador",
        "a campanha contra o assédio começa na segunda, participem",
        "ele foi idiota de não comprar o ingresso antes",
        "vou acabar com essa pilha de relatórios hoje",
        "a vaga de estágio ainda está aberta?",
        "me sinto inútil com o pé engessado",
        "não quero perder o emprego, preciso me organizar melhor",
    ],
};

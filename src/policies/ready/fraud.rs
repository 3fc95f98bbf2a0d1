//! Fraud, and cash outside the books.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Fraude e caixa dois",
    purpose: "Prevenir e apurar fraude documental, sonegação e movimentação de dinheiro fora da contabilidade. As conversas são usadas somente para proteger a empresa e apurar responsabilidades, com acesso restrito a pessoas designadas.",
    legal_basis: LegalBasis::LegitimateInterest,
    severity: Severity::Critical,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern(
            r#""caixa dois" UNLESS (fila OR mercado OR supermercado OR loja OR operador* OR atendente OR senha OR "caixa um" OR "caixa três" OR papelão OR litros)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""caixa 2" UNLESS (fila OR mercado OR supermercado OR loja OR operador* OR atendente OR senha OR "caixa 1" OR "caixa 3" OR papelão OR litros)"#,
            Strictness::Folded,
        ),
        Watched::Pattern(
            r#""nota fria" OR "notas frias" OR "nf fria" OR "nota fiscal fria" OR "notas fiscais frias" OR "nota fiscal falsa" OR "notas fiscais falsas""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""meia nota" NEAR/8 (fiscal OR faturar OR fatura OR cliente OR imposto OR metade)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""empresa fantasma" OR "empresas fantasmas" OR "empresa de fachada" OR "funcionário fantasma" OR "funcionários fantasmas""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("lavar dinheiro" OR "lavar o dinheiro" OR "lavando dinheiro" OR "lavagem de dinheiro") UNLESS (prevenção OR curso OR treinamento OR palestra OR política OR calça OR máquina)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("sem nota" OR "sem nf") NEAR/4 (vendo OR vende OR vender OR desconto OR faço OR fazer OR faz OR sai) UNLESS (não OR nunca OR proibido) NEAR/5"#,
            Strictness::Disguised,
        ),
        Watched::Pattern("sonegar OR sonegando OR sonegou OR sonegam OR sonegamos OR sonegação", Strictness::Disguised),
        Watched::Pattern("superfatur*", Strictness::Disguised),
        Watched::Pattern(
            r#""por fora da nota" OR "por fora da folha" OR "por fora da contabilidade" OR "fora da contabilidade" OR "esquentar a nota" OR "esquentar nota" OR "esquentar dinheiro" OR "esquentar o dinheiro""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""por fora" NEAR/3 (salário OR pagar OR pago OR paga OR pagamos OR receber OR recebo OR recebe) UNLESS (frete OR entrega OR taxa OR gorjeta OR estacionamento)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""conta laranja" OR "conta de laranja" OR "sócio laranja" OR "nome de laranja" OR "nome de um laranja" OR "usar de laranja" OR "usar como laranja""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            "(falsific* OR adultera* OR forja OR forjar OR forjou OR forjaram) NEAR/4 (nota OR notas OR assinatura OR laudo OR recibo OR boleto OR documento OR contrato OR atestado OR ponto)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""atestado falso" OR "recibo falso" OR "laudo falso" OR "comprovante falso""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            "(burlar OR enganar OR esconder OR escondemos) NEAR/3 (auditoria OR auditor OR auditores OR contador OR receita)",
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "lança esse valor no caixa dois como sempre",
        "joga no caixa 2 e não comenta com o contador",
        "arruma uma nota fria de 3 mil pra fechar o mês",
        "n o t a  f r i a do Gilson chegou",
        "faz meia nota pro cliente pagar menos imposto",
        "a empresa de fachada está no nome da cunhada",
        "ele usa a lavanderia pra lavar dinheiro do primo",
        "sai mais barato se eu fizer sem nota, te faço 10% de desconto",
        "não dá pra s0negar desse jeito, vai dar problema",
        "o contrato foi superfaturado em 40 mil",
        "metade do salário é por fora, não vai na folha",
        "abre no nome de um laranja que ninguém descobre",
        "falsificou a assinatura do gerente no laudo",
        "me vende um atestado falso pra segunda?",
        "dá pra burlar a auditoria mudando a data do lote",
        "dá pra sonegar um pouco esse mês",
        "recebe por fora da folha e não reclama",
    ],
    #[cfg(test)]
    clear: &[
        "passa no caixa dois que a fila está menor",
        "o caixa 2 da loja está sem troco",
        "manda a caixa dois, a de papelão grande, que não cabe",
        "a nota do meu filho foi baixa, ficou de recuperação",
        "o frete é pago por fora, direto ao motorista",
        "não vendemos nada sem nota, nunca, é regra da casa",
        "chegou mercadoria sem nota, avisa o fornecedor",
        "fiz o curso de prevenção à lavagem de dinheiro",
        "preciso lavar o dinheiro que ficou no bolso da calça kkk",
        "1 kg de laranja, a conta deu 5 reais",
        "quero suco de laranja e a conta por favor",
        "esquenta a sopa antes de servir",
        "o laudo do engenheiro saiu sem ressalvas",
        "a receita do bolo leva três ovos, não tem como esconder",
        "pintamos a casa por fora na semana passada",
        "o boleto vence dia 10, confere o documento",
    ],
};

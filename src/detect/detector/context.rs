//! What the words around a number say about it.

use super::number::is_letter;
use super::reading::Reading;

/// How far before a number, and after it, words are looked for, in characters.
const BEFORE: usize = 64;
const AFTER: usize = 40;
const LONGEST_WORD: usize = 16;

/// What a word announces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Cpf,
    Cnpj,
    /// A document of a person or company, of whatever kind.
    Document,
    Card,
    Phone,
    Call,
    Pix,
    Key,
    Email,
    Bank,
    /// A number no detector looks for: an order, a PIS, a tracking code.
    Other,
}

/// Whether the words around a number speak for its being of a kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaning {
    For,
    Against,
    Silent,
}

/// What `word`, in plain letters of either case, announces.
pub(super) fn subject(word: &[u8]) -> Option<Subject> {
    let mut lower = [0; LONGEST_WORD];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    lookup(lower).or_else(|| lookup(lower.strip_suffix(b"s")?))
}

fn lookup(word: &[u8]) -> Option<Subject> {
    Some(match word {
        b"cpf" | b"cic" => Subject::Cpf,
        b"cnpj" | b"cgc" => Subject::Cnpj,
        b"documento" | b"doc" => Subject::Document,
        b"cartao" | b"cartoe" | b"card" | b"credito" | b"debito" | b"visa" | b"master" | b"mastercard" | b"elo"
        | b"amex" | b"hipercard" | b"hiper" | b"diner" | b"discover" | b"jcb" | b"cvv" | b"cvc" => Subject::Card,
        b"tel" | b"telefone" | b"fone" | b"cel" | b"celular" | b"celulare" | b"ramal" => Subject::Phone,
        b"liga" | b"ligar" | b"ligue" | b"ligo" | b"ligou" | b"whats" | b"whatsapp" | b"wpp" | b"wp" | b"zap"
        | b"zapzap" | b"contato" | b"sms" | b"ddd" => Subject::Call,
        b"pix" => Subject::Pix,
        b"chave" => Subject::Key,
        b"email" | b"mail" => Subject::Email,
        b"conta" | b"agencia" | b"ag" | b"poupanca" => Subject::Bank,
        b"pis" | b"pasep" | b"nis" | b"nit" | b"renavam" | b"renavan" | b"rg" | b"cnh" | b"ctp" | b"cep"
        | b"titulo" | b"passaporte" | b"matricula" | b"inscricao" | b"pedido" | b"ordem" | b"compra" | b"protocolo"
        | b"rastreio" | b"rastreamento" | b"rastrear" | b"encomenda" | b"codigo" | b"cod" | b"nota" | b"nf"
        | b"nfe" | b"danfe" | b"boleto" | b"barra" | b"fatura" | b"processo" | b"contrato" | b"apolice"
        | b"chamado" | b"ticket" | b"atendimento" | b"serie" | b"serial" | b"imei" | b"iccid" | b"chassi" | b"lote"
        | b"sku" | b"ean" | b"gtin" | b"isbn" | b"nsu" | b"autorizacao" | b"autenticacao" | b"comprovante"
        | b"transacao" | b"token" | b"uuid" | b"guid" | b"hash" | b"request" | b"trace" | b"sessao" | b"id"
        | b"valor" | b"preco" | b"total" | b"registro" | b"patrimonio" | b"medidor" | b"instalacao" | b"sinistro"
        | b"oc" | b"reai" | b"mil" => Subject::Other,
        _ => return None,
    })
}

impl Reading {
    /// What the nearest telling word before plain bytes `start` to `end`, else after them, says about it. `judge` says
    /// what each subject means there; subjects it is silent on are passed over.
    pub(super) fn leaning(&self, start: usize, end: usize, judge: impl Fn(Subject) -> Leaning) -> Leaning {
        match self.leaning_before(start, &judge) {
            Leaning::Silent => self.leaning_after(end, &judge),
            leaning => leaning,
        }
    }

    /// A sentence that ended before `start` counts only where nothing else stands between: `Tel. 3234-5678`. A question
    /// does not end it: `Qual seu CPF? 52998224725`. A contrary word gives way to one before it that it belongs to:
    /// `o CPF do pedido`, not `o comprovante do pix`.
    fn leaning_before(&self, start: usize, judge: &impl Fn(Subject) -> Leaning) -> Leaning {
        let mut at = start;
        let (mut passed_a_word, mut nearest) = (false, Leaning::Silent);
        while at > start.saturating_sub(BEFORE) {
            let ends_phrase =
                nearest == Leaning::Against && !matches!(self.byte(at - 1), b' ' | b'a'..=b'z' | b'A'..=b'Z');
            if ends_phrase || passed_a_word && self.ends_sentence(at - 1) {
                break;
            }
            let letters = self.part(at.saturating_sub(LONGEST_WORD + 1), at).iter().rev();
            let len = letters.take_while(|byte| is_letter(**byte)).count();
            passed_a_word |= len > 0;
            match subject(self.part(at - len, at)).map_or(Leaning::Silent, judge) {
                Leaning::For if self.is_owned(at - len, judge) => nearest = Leaning::Against,
                Leaning::For => return Leaning::For,
                Leaning::Against => nearest = Leaning::Against,
                Leaning::Silent => {}
            }
            at -= len.max(1);
        }
        nearest
    }

    /// Whether the word at `at` only says more of a contrary one before it: `comprovante do pix`.
    fn is_owned(&self, at: usize, judge: &impl Fn(Subject) -> Leaning) -> bool {
        let head = self.part(at.saturating_sub(2 * LONGEST_WORD), at);
        let mut words = head.rsplit(|byte| *byte == b' ').skip(1);
        let link = words.next().unwrap_or_default();
        matches!(link, b"do" | b"da" | b"de")
            && words.next().and_then(subject).map_or(Leaning::Silent, judge) == Leaning::Against
    }

    /// A word that another number follows belongs to that number.
    fn leaning_after(&self, end: usize, judge: &impl Fn(Subject) -> Leaning) -> Leaning {
        let mut nearest = Leaning::Silent;
        let mut at = end;
        while at < end + AFTER && !matches!(self.byte(at), 0 | b'\n') && !self.ends_sentence(at) {
            if self.byte(at).is_ascii_digit() {
                return Leaning::Silent;
            }
            let len =
                self.part(at, self.plain().len().min(at + LONGEST_WORD)).iter().take_while(|b| is_letter(**b)).count();
            if nearest == Leaning::Silent {
                nearest = subject(self.part(at, at + len)).map_or(Leaning::Silent, judge);
            }
            at += len.max(1);
        }
        nearest
    }

    fn ends_sentence(&self, at: usize) -> bool {
        matches!(self.byte(at), b'.' | b'!' | b';') && matches!(self.byte(at + 1), b' ' | b'\n' | 0)
    }
}

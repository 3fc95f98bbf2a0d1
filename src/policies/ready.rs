//! The ready-made policies: what companies in Brazil watch for. Every new tenant finds them as DRAFT, to adopt with one
//! change of state, to change or to leave.

mod corruption;
mod discrimination;
mod fraud;
mod gambling;
mod harassment;
mod leaks;
mod other_channel;
mod personal_data;

use entity::policy_version::{LegalBasis, Severity, State};
use entity::term_version::{Detector, Mode, Strictness};
use entity::{PolicyId, PolicyVersionId, TermId, TermVersionId, policy, policy_version, term, term_version};
use sea_orm::ActiveValue::Set;
use serde_json::json;

use super::PolicyText;
use super::terms::Written;
use crate::core::Core;
use crate::db::TenantTx;
use crate::error::{Error, Result};
use crate::journal::{Actor, Entry, Kind};
use crate::vault::TenantKeys;

/// A policy that others thought through.
struct ReadyMade {
    name: &'static str,
    purpose: &'static str,
    legal_basis: LegalBasis,
    severity: Severity,
    grouping_minutes: i32,
    terms: &'static [Watched],
    /// What people write that it must see.
    #[cfg(test)]
    matching: &'static [&'static str],
    /// What people write that it must not see.
    #[cfg(test)]
    clear: &'static [&'static str],
}

/// What it watches for; patterns as whole words.
enum Watched {
    Pattern(&'static str, Strictness),
    Detector(Detector),
}

const ALL: [&ReadyMade; 8] = [
    &corruption::POLICY,
    &fraud::POLICY,
    &harassment::POLICY,
    &discrimination::POLICY,
    &leaks::POLICY,
    &other_channel::POLICY,
    &gambling::POLICY,
    &personal_data::POLICY,
];

impl ReadyMade {
    fn text(&self) -> PolicyText {
        PolicyText {
            name: self.name.to_owned(),
            purpose: self.purpose.to_owned(),
            legal_basis: self.legal_basis,
            severity: self.severity,
            state: State::Draft,
            grouping_minutes: self.grouping_minutes,
        }
    }
}

impl Watched {
    fn written(&self, keys: &TenantKeys) -> Result<Written> {
        let written = match self {
            Self::Pattern(text, strictness) => Written::check(keys, Some(text), None, Mode::Word, *strictness),
            Self::Detector(detector) => Written::check(keys, None, Some(*detector), Mode::Word, Strictness::Disguised),
        };
        written.map_err(|refusal| Error::internal(format!("A ready-made term is refused: {}", refusal.message)))
    }
}

/// Writes them all for a tenant that is being founded; answers what the journal shall say of it.
pub(crate) async fn insert(core: &Core, tx: &TenantTx, keys: &TenantKeys, actor: Actor) -> Result<Vec<Entry>> {
    let (mut policies, mut versions): (Vec<policy::ActiveModel>, Vec<policy_version::ActiveModel>) = <_>::default();
    let (mut terms, mut written): (Vec<term::ActiveModel>, Vec<term_version::ActiveModel>) = <_>::default();
    let mut entries = Vec::new();
    for ready in ALL {
        let (id, now) = (PolicyId(core.clock.id()), core.clock.now());
        policies.push(policy::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            version: Set(1),
            is_default: Set(false),
            created_at: Set(now),
        });
        versions.push(ready.text().row(keys, PolicyVersionId(core.clock.id()), id, 1, now)?);
        entries.push(Entry::new(Kind::PolicyCreated, actor, id.0).with(json!({ "version": 1, "readyMade": true })));
        for watched in ready.terms {
            let ids = (TermId(core.clock.id()), TermVersionId(core.clock.id()));
            let (row, version) = watched.written(keys)?.rows(core, keys, id, ids)?;
            terms.push(row);
            written.push(version);
            entries.push(Entry::new(Kind::TermCreated, actor, ids.0.0).with(json!({ "policy": id.0, "version": 1 })));
        }
    }
    tx.insert::<policy::Entity>(policies).await?;
    tx.insert::<policy_version::Entity>(versions).await?;
    tx.insert::<term::Entity>(terms).await?;
    tx.insert::<term_version::Entity>(written).await?;
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::terms;
    use super::*;
    use crate::detect::{self, Matcher, Mode as DetectMode, Scratch, Term, pattern};

    fn matcher(ready: &ReadyMade) -> Matcher {
        let terms = ready.terms.iter().zip(0..).map(|(watched, id)| Term {
            id,
            watched: match watched {
                Watched::Pattern(text, strictness) => detect::Watched::Pattern(
                    pattern::check(text, DetectMode::Word, terms::strictness(*strictness))
                        .unwrap_or_else(|error| panic!("{text}: {error}")),
                ),
                Watched::Detector(detector) => detect::Watched::Detector(terms::detector(*detector)),
            },
        });
        Matcher::new(&terms.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_policy_sees_its_examples_and_none_that_only_look_like_them() {
        let mut wrong = Vec::new();
        for ready in ALL {
            let (matcher, mut scratch) = (matcher(ready), Scratch::default());
            assert!(ready.matching.len() >= 8 && ready.clear.len() >= 12, "{}", ready.name);
            let mut is_seen = |text: &&&str| matcher.scan(text, &mut scratch).next().is_some();
            let missed: Vec<_> = ready.matching.iter().filter(|text| !is_seen(text)).collect();
            let alarms: Vec<_> = ready.clear.iter().filter(|text| is_seen(text)).collect();
            if !missed.is_empty() || !alarms.is_empty() {
                wrong.push((ready.name, missed, alarms));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn no_two_terms_of_a_policy_say_the_same() {
        for ready in ALL {
            let mut patterns: Vec<&str> = ready
                .terms
                .iter()
                .filter_map(|watched| match watched {
                    Watched::Pattern(text, _) => Some(*text),
                    Watched::Detector(_) => None,
                })
                .collect();
            patterns.sort_unstable();
            patterns.dedup();
            let detectors = ready.terms.iter().filter(|watched| matches!(watched, Watched::Detector(_))).count();
            assert_eq!(patterns.len() + detectors, ready.terms.len(), "{}", ready.name);
        }
    }
}

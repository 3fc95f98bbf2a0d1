//! What may enter the dependency tree: `.cargo/deny.toml` says it to cargo-deny, and these tests hold the tree to the
//! same file with cargo alone. Nothing here touches the network.
//!
//! The tree is `cargo tree`'s and not `cargo metadata`'s: metadata also lists crates behind features that nobody
//! switched on (ring among them), and wants those of every other platform downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::iter::Peekable;
use std::path::PathBuf;
use std::process::Command;
use std::str::SplitWhitespace;

use semver::{Version, VersionReq};
use serde::Deserialize;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// These must be there, and once: two of one would be two TLS stacks, two providers of cryptography or two pools.
const SINGLE: [&str; 3] = ["rustls", "aws-lc-rs", "sqlx"];

type Fallible<T = ()> = Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Ban {
    /// cargo-deny's package spec: `name`, `name:requirement` or `name@version`.
    #[serde(rename = "crate")]
    spec: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    deny_multiple_versions: bool,
}

impl Ban {
    fn name(&self) -> &str {
        self.spec.split([':', '@']).next().unwrap_or_default()
    }

    /// The versions it is about; `None` where the spec names none, which means all.
    fn versions(&self) -> Result<Option<VersionReq>, semver::Error> {
        if let Some((_, requirement)) = self.spec.split_once(':') {
            requirement.parse().map(Some)
        } else if let Some((_, version)) = self.spec.split_once('@') {
            format!("={version}").parse().map(Some)
        } else {
            Ok(None)
        }
    }
}

/// A crate of the tree that is built here: with the features switched on, for this platform, tests included.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Built {
    name: String,
    version: Version,
    license: String,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// A crate of `Cargo.lock`. Only those of the workspace have no source.
#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    dependencies: Vec<Direct>,
}

#[derive(Deserialize)]
struct Direct {
    name: String,
    path: Option<String>,
}

fn file(path: &str) -> Fallible<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn deny() -> Fallible<Deny> {
    Ok(toml::from_str(&file(".cargo/deny.toml")?)?)
}

fn locked() -> Fallible<Vec<Locked>> {
    Ok(toml::from_str::<Lock>(&file("Cargo.lock")?)?.package)
}

fn cargo(arguments: &[&str]) -> Fallible<String> {
    let run = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !run.status.success() {
        return Err(format!("cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&run.stderr)).into());
    }
    Ok(String::from_utf8(run.stdout)?)
}

/// The tree without the workspace's own crates.
fn built() -> Fallible<BTreeSet<Built>> {
    let ours: BTreeSet<String> = locked()?.into_iter().filter(|it| it.source.is_none()).map(|it| it.name).collect();
    let tree = cargo(&["tree", "--workspace", "--prefix=none", "--format={p}\t{l}"])?;
    let mut built = BTreeSet::new();
    // `serde_derive v1.0.0 (proc-macro)\tMIT OR Apache-2.0`, and ` (*)` at the end where it came before.
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (package, license) = line.split_once('\t').ok_or_else(|| format!("cargo tree said {line:?}"))?;
        let mut words = package.split(' ');
        let name = words.next().unwrap_or_default().to_owned();
        let version = words.next().unwrap_or_default().trim_start_matches('v').parse()?;
        if !ours.contains(&name) {
            built.insert(Built { name, version, license: license.trim_end_matches(" (*)").to_owned() });
        }
    }
    Ok(built)
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// Whether the allowed licences satisfy an SPDX expression (SPDX 2.3, annex D): one side of each OR, both of each AND,
/// which binds tighter. `None` where it is no such expression. A `/` is how crates wrote OR before.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, allowed)?;
    words.next().is_none().then_some(met)
}

fn any(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed)?;
    }
    Some(met)
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed)?;
    }
    Some(met)
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    match words.next()? {
        "(" => {
            let met = any(words, allowed)?;
            words.next_if_eq(&")").map(|_| met)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        license => match words.next_if_eq(&"WITH") {
            Some(_) => Some(allowed.contains(&format!("{license} WITH {}", words.next()?))),
            None => Some(allowed.contains(license)),
        },
    }
}

/// The crates of the README's table under the heading "Dependencies", with what their line says.
fn explained(readme: &str) -> Vec<(String, String)> {
    let section = readme.lines().skip_while(|line| line.trim_start_matches('#').trim() != "Dependencies").skip(1);
    section
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, why)| (name.to_owned(), why.trim_matches(['|', ' ']).to_owned()))
        .collect()
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned));
    for (expression, expected) in [
        ("MIT", Some(true)),
        ("GPL-3.0-only", Some(false)),
        ("GPL-3.0-only OR MIT", Some(true)),
        ("MIT/GPL-3.0-only", Some(true)),
        ("MIT AND GPL-3.0-only", Some(false)),
        ("MIT AND ISC", Some(true)),
        ("MIT OR ISC AND GPL-3.0-only", Some(true)),
        ("(MIT OR ISC) AND GPL-3.0-only", Some(false)),
        ("(GPL-3.0-only OR (ISC AND (MIT OR GPL-2.0-only))) AND MIT", Some(true)),
        ("Apache-2.0", Some(false)),
        ("Apache-2.0 WITH LLVM-exception", Some(true)),
        ("MIT WITH LLVM-exception", Some(false)),
        ("", None),
        ("MIT OR", None),
        ("MIT ISC", None),
        ("(MIT", None),
        ("MIT)", None),
        ("AND MIT", None),
    ] {
        assert_eq!(permits(expression, &allowed), expected, "{expression:?}");
    }
}

#[test]
fn every_crate_in_the_tree_bears_an_allowed_licence() -> Fallible {
    let allowed = deny()?.licenses.allow;
    let refused: Vec<String> = built()?
        .iter()
        .filter(|it| permits(&it.license, &allowed) != Some(true))
        .map(|it| format!("{} {}: {:?}", it.name, it.version, it.license))
        .collect();
    assert!(
        refused.is_empty(),
        "licences outside the allow list of .cargo/deny.toml; do without the crate, or read the licence and add it:\n{}",
        refused.join("\n")
    );
    Ok(())
}

#[test]
fn no_banned_crate_is_in_the_tree() -> Fallible {
    let built = built()?;
    let mut found = Vec::new();
    for ban in deny()?.bans.deny.iter().filter(|ban| !ban.deny_multiple_versions) {
        let versions = ban.versions()?;
        for it in built.iter().filter(|it| it.name == ban.name()) {
            if versions.as_ref().is_none_or(|versions| versions.matches(&it.version)) {
                found.push(format!("{} {}: {}", it.name, it.version, ban.reason));
            }
        }
    }
    assert!(
        found.is_empty(),
        "banned by .cargo/deny.toml; `cargo tree -i CRATE` shows who brings it in:\n{}",
        found.join("\n")
    );
    Ok(())
}

#[test]
fn every_ban_says_why_and_those_of_some_versions_name_their_advisory() -> Fallible {
    for ban in deny()?.bans.deny.iter().filter(|ban| !ban.deny_multiple_versions) {
        assert!(!ban.reason.is_empty(), "say in .cargo/deny.toml why {} is banned, and what to use", ban.spec);
        let advised = ["RUSTSEC-", "CVE-", "GHSA-"].iter().any(|id| ban.reason.starts_with(id));
        assert!(advised || ban.versions()?.is_none(), "begin the reason of {} with its advisory's id", ban.spec);
    }
    Ok(())
}

#[test]
fn what_must_be_single_is_there_once() -> Fallible {
    let bans = deny()?.bans.deny;
    let single: BTreeSet<&str> = bans.iter().filter(|ban| ban.deny_multiple_versions).map(Ban::name).collect();
    assert_eq!(single, BTreeSet::from(SINGLE), "the crates that .cargo/deny.toml marks deny-multiple-versions");
    let mut versions: BTreeMap<&str, BTreeSet<Version>> = single.iter().map(|name| (*name, BTreeSet::new())).collect();
    for it in built()? {
        if let Some(versions) = versions.get_mut(it.name.as_str()) {
            versions.insert(it.version);
        }
    }
    for (name, versions) in versions {
        assert_eq!(versions.len(), 1, "one {name} is wanted, `cargo tree -i {name}` shows who brings in {versions:?}");
    }
    Ok(())
}

#[test]
fn every_crate_comes_from_crates_io() -> Fallible {
    let foreign: Vec<String> = locked()?
        .iter()
        .filter(|it| it.source.as_deref().is_some_and(|source| source != CRATES_IO))
        .map(|it| format!("{} {}: {:?}", it.name, it.version, it.source))
        .collect();
    assert!(foreign.is_empty(), "only crates.io is trusted, no repository or other registry:\n{}", foreign.join("\n"));
    Ok(())
}

#[test]
fn every_direct_dependency_has_its_one_line_in_the_readme() -> Fallible {
    let metadata: Metadata = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1"])?)?;
    let direct: BTreeSet<String> = metadata
        .packages
        .into_iter()
        .flat_map(|member| member.dependencies)
        .filter(|it| it.path.is_none())
        .map(|it| it.name)
        .collect();
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, why) in explained(&file("README.md")?) {
        lines.entry(name).or_default().push(why);
    }
    for name in &direct {
        let why = lines.get(name).map(Vec::as_slice).unwrap_or_default();
        assert!(
            matches!(why, [why] if !why.is_empty()),
            "the README's table under \"Dependencies\" needs one line `| `{name}` | what it is for |`, it has {}",
            why.len()
        );
    }
    let stale: Vec<&String> = lines.keys().filter(|name| !direct.contains(*name)).collect();
    assert!(stale.is_empty(), "no Cargo.toml depends on these any more, take their lines out of the README: {stale:?}");
    Ok(())
}

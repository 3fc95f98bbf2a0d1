//! `vigia verify`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use vigia::error::Error;
use vigia::{tenants, verify};

use super::{Done, Output, open, say};

/// Verifies one company, or all of them.
pub async fn run(file: Option<&Path>, output: Output, slug: Option<&str>) -> Done {
    let (_, core) = open(file).await?;
    let chosen = match slug {
        Some(slug) => {
            vec![tenants::by_slug(&core, slug).await?.ok_or_else(|| Error::input("There is no such company."))?]
        }
        None => core.db.all_tenants().await?,
    };
    let mut reports = Vec::new();
    let mut is_whole = true;
    for tenant in chosen {
        let name = tenants::open(&core, &tenant)?.slug;
        // One company's trouble leaves the others to be looked at.
        let report = verify::tenant(&core, &tenant).await.unwrap_or_else(|error| verify::Report {
            faults: vec![format!("It cannot be walked to the end: {}", super::sentence(&error))],
            ..verify::Report::default()
        });
        is_whole &= report.faults.is_empty();
        if !output.json {
            let state = if report.faults.is_empty() { "whole" } else { "BROKEN" };
            say(&format!(
                "{name}: {state}. Journal {} entries, access journal {}, sealed values {} open, {} erased.",
                report.events, report.accesses, report.sealed, report.erased
            ));
            report.faults.iter().for_each(|fault| say(&format!("  {fault}")));
        }
        reports.push(json!({
            "tenant": name, "whole": report.faults.is_empty(), "events": report.events, "accesses": report.accesses,
            "sealed": report.sealed, "erased": report.erased, "faults": report.faults,
        }));
    }
    if output.json {
        output.print(&json!({ "whole": is_whole, "tenants": reports }));
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

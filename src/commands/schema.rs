//! `vigia schema`.

use std::process::ExitCode;

use serde_json::json;
use vigia::error::Error;
use vigia::graphql;

use super::{Done, Output, say};

/// Prints the schema, or compares it with the file.
pub fn run(output: Output, check: bool) -> Done {
    let sdl = graphql::sdl();
    if !check {
        if output.json {
            output.print(&json!({ "schema": sdl }));
        } else {
            use std::io::Write;
            std::io::stdout()
                .write_all(sdl.as_bytes())
                .map_err(|error| Error::input("The schema could not be printed.").because(error))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let file = std::fs::read_to_string("schema.graphql")
        .map_err(|error| Error::input("There is no schema.graphql here.").because(error))?;
    if file == sdl {
        return Ok(output.done("schema.graphql is what the program serves.", &json!({ "same": true })));
    }
    if output.json {
        output.print(&json!({ "same": false }));
    }
    say("schema.graphql differs: write it anew with `vigia schema > schema.graphql`.");
    Ok(ExitCode::FAILURE)
}

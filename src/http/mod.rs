//! HTTP: one file a path, and the loop that accepts connections.

pub mod client_address;
pub mod graphiql;
pub mod graphql;
mod graphql_ws;
pub mod health;
pub mod listener;
pub mod request_id;
pub mod webhook;

//! Vigia: under construction, floor by floor.

#![warn(missing_docs)]

pub mod accounts;
pub mod alerts;
pub mod app;
pub mod auth;
pub mod caller;
pub mod clock;
pub mod config;
pub mod core;
pub mod db;
pub mod detect;
pub mod dialogue;
pub mod directory;
pub mod doorbell;
pub mod error;
pub mod graphql;
pub mod http;
pub mod import;
pub mod inbox;
pub mod journal;
pub mod keys;
pub mod numbers;
pub mod policies;
pub mod providers;
pub mod refusal;
pub mod telemetry;
pub mod tenants;
pub mod vault;
pub mod verify;

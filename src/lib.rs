//! Vigia watches over a company's WhatsApp conversations the way Brazil's data-protection law (LGPD) asks for it.
//!
//! The house has floors, and imports point downward only (`tests/it/floors.rs`):
//!
//! - `main`, `commands`: the command line.
//! - [`app`]: builds everything from the settings, serves, and stops in order.
//! - **Edges** speak a protocol and decide nothing: [`http`], [`graphql`].
//! - **Business**, the verbs: [`inbox`] takes deliveries in; [`accounts`], [`tenants`], [`numbers`], [`policies`] keep what a
//!   company sets up; [`history`] looks back over what is stored, [`jobs`] does what waits; [`dialogue`], [`alerts`], [`directory`] read; [`import`] and [`verify`] are commands; [`journal`] is the
//!   record, [`keys`] a tenant's keys, [`caller`] who asks, [`refusal`] what lawfully is not done, [`core`] what all stand on.
//! - **Mechanisms** know no business and not each other: [`db`], [`auth`], [`detect`], [`providers`], [`vault`], [`doorbell`].
//! - **Ground**: [`clock`], [`config`], [`error`], [`telemetry`].

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
pub mod history;
pub mod http;
pub mod import;
pub mod inbox;
pub mod jobs;
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

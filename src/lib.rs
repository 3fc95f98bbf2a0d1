//! Vigia: under construction, floor by floor.

#![warn(missing_docs)]

pub mod auth;
pub mod caller;
pub mod clock;
pub mod core;
pub mod db;
pub mod detect;
pub mod doorbell;
pub mod error;
pub mod inbox;
pub mod journal;
pub mod keys;
pub mod policies;
pub mod providers;
pub mod refusal;
pub mod telemetry;
pub mod vault;

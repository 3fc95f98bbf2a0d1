//! Vigia: under construction, floor by floor.

#![warn(missing_docs)]

pub mod clock;
pub mod db;
pub mod error;
pub mod vault;
pub mod auth;
pub mod detect;

//! The integration suite: one binary, one file a subject, every test on both engines through the public doors.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[macro_use]
mod support;

mod alerts;
mod attacks_detection;
mod attacks_ingest;
mod catalogue;
mod commands;
mod compose;
mod contacts;
mod detection;
mod durability;
mod floors;
mod fuzz;
mod grouping;
mod handshake;
mod history;
mod http;
mod import;
mod jobs;
mod outage;
mod parked;
mod payloads;
mod people;
mod scan;
mod sealing;
mod signature;
mod subscription;
mod supply;
mod tenancy;
mod websocket;

//! The integration suite: one binary, one file a subject, every test on both engines through the public doors.

#[macro_use]
mod support;

mod floors;
mod supply;

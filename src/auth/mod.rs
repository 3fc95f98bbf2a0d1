//! How people prove who they are, and what each may do.
//!
//! Mechanisms only: nothing here knows the database, the network or the clock. Time, randomness and keys are passed in;
//! who has an account and which session is alive is decided by the callers.

pub mod password;
pub mod policy;
pub mod refresh;
pub mod throttle;
pub mod token;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// One second in [`Micros`].
const SECOND: Micros = 1_000_000;

//! A world to test in: a server of its own on a database of its own, and callers that use the public doors alone.

pub mod client;
pub mod filled;
pub mod postgres;
pub mod program;
pub mod read;
pub mod seeded;
pub mod world;

pub use client::{Answer, Caller, Socket};
pub use read::Door;
pub use world::{Engine, Tenant, World};

/// Declares tests that run on both engines: `mod name { fn sqlite(); fn postgres(); }`.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn test($world: $crate::support::World) $body

            #[test]
            $(#[$meta])*
            fn sqlite() {
                $crate::support::world::run($crate::support::Engine::Sqlite, test);
            }

            #[test]
            $(#[$meta])*
            fn postgres() {
                $crate::support::world::run($crate::support::Engine::Postgres, test);
            }
        }
    )*};
}

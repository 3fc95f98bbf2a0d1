//! The bus between a commit and those who wait for it: a hint that a tenant's journal has reached a number.
//!
//! A ring that gets lost costs a moment, never an event: whoever waits reads the journal, and looks again by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::TenantId;
use tokio::sync::watch;

/// In-process rings. Other nodes' commits are noticed by the slow poll, which rings here.
#[derive(Clone, Default)]
pub struct Doorbell {
    rooms: Arc<Mutex<HashMap<TenantId, watch::Sender<i64>>>>,
}

impl Doorbell {
    /// Says that the tenant's event journal has reached `seq`.
    pub fn ring(&self, tenant: TenantId, seq: i64) {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&tenant) {
            room.send_if_modified(|reached| {
                let news = seq > *reached;
                if news {
                    *reached = seq;
                }
                news
            });
        }
    }

    /// Listens for a tenant. The value is the furthest number rung so far, 0 if none.
    pub fn listen(&self, tenant: TenantId) -> watch::Receiver<i64> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(tenant).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tenants somebody listens for. Rooms that everyone left are closed.
    pub fn awaited(&self) -> Vec<TenantId> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, room| room.receiver_count() > 0);
        rooms.keys().copied().collect()
    }
}

//! How many connections the whole node takes: `max.connections` and `max.connections.per.ip`.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all shards, the one thing in `net` that is: a connection is counted where it is accepted, and the limit holds for
/// the node. It is touched once when a connection comes and once when it goes.
#[derive(Debug)]
pub struct ConnectionLimits {
    most: u32,
    most_per_ip: u32,
    open: AtomicU32,
    by_ip: Mutex<BTreeMap<IpAddr, u32>>,
}

impl ConnectionLimits {
    /// At most `most` connections at once, `most_per_ip` of them from one address.
    pub fn new(most: u32, most_per_ip: u32) -> Arc<ConnectionLimits> {
        Arc::new(ConnectionLimits {
            most,
            most_per_ip,
            open: AtomicU32::new(0),
            by_ip: Mutex::default(),
        })
    }

    /// Counts a connection until the result is dropped.
    ///
    /// # Errors
    /// The name of the setting that forbids it.
    pub fn admit(self: &Arc<Self>, ip: IpAddr) -> Result<Admitted, &'static str> {
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err("max.connections");
        }
        let mut admitted = Admitted {
            limits: self.clone(),
            ip: None,
        };
        if self.most_per_ip >= i32::MAX as u32 {
            return Ok(admitted); // Kafka's default: no limit, so nobody needs counting
        }
        let mut by_ip = self.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        let open = by_ip.entry(ip).or_default();
        if *open >= self.most_per_ip {
            return Err("max.connections.per.ip");
        }
        *open += 1;
        drop(by_ip);
        admitted.ip = Some(ip);
        Ok(admitted)
    }
}

/// One connection's place.
#[derive(Debug)]
pub struct Admitted {
    limits: Arc<ConnectionLimits>,
    /// Set when its address is counted.
    ip: Option<IpAddr>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.limits.open.fetch_sub(1, Ordering::Relaxed);
        let Some(ip) = self.ip else { return };
        let mut by_ip = self
            .limits
            .by_ip
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = by_ip.get_mut(&ip) {
            *open -= 1;
            if *open == 0 {
                by_ip.remove(&ip);
            }
        }
    }
}

//! A thousand connections that each announce 100 MiB.

use std::time::Duration;

use crate::broker::Broker;
use crate::client::Client;

const CONNECTIONS: usize = 1000;
/// What the broker is started with (`--memory 256M`), and what the process itself may add.
const MEMORY: usize = 256 << 20;

#[test]
fn memory_stays_bounded_and_others_are_served() {
    let mut broker = Broker::start("hoard", &[]);
    let mut hoarders: Vec<Client> = Vec::new();
    while hoarders.len() < CONNECTIONS {
        // Where few open files are allowed, as many as there can be; the broker needs some too.
        let Ok(mut client) = Client::connect(broker.addr, Duration::from_secs(5)) else {
            break;
        };
        client.send(&104_857_600_i32.to_be_bytes());
        hoarders.push(client);
    }
    if hoarders.len() < CONNECTIONS {
        hoarders.truncate(hoarders.len() / 10 * 9);
    }
    assert!(hoarders.len() > 100, "{} connections", hoarders.len());
    let piece = vec![0; 8 * 1024];
    for round in 0..16 {
        for client in &mut hoarders {
            client.send_some(&piece);
        }
        broker.assert_lives();
        if let Some(resident) = broker.resident() {
            assert!(
                resident < MEMORY,
                "{resident} bytes resident in round {round}"
            );
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    broker.assert_lives();
}

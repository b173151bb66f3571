//! Frames that no client would send, thrown at a running broker: it must answer what Kafka answers, close where Kafka closes,
//! and live.
//!
//! By default the test starts the `ottla` of this build. `OTTLA_FRAMES_AT=127.0.0.1:9092` points it at a broker that runs
//! already, Apache Kafka too: the expectations of `handmade` are what 4.3.1 answers. `OTTLA_FRAMES_SECONDS` (5) is how long the
//! random part goes on, `OTTLA_FRAMES_SEED` (1) what it starts from.

mod broker;
mod client;
mod handmade;
mod hoard;
mod random;
mod valid;

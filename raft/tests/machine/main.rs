//! Replicas together: readable scripts, and random schedules from a seed. Both drive the same little world.

mod checks;
mod node;
mod random;
mod schedule;
mod script;
mod world;

//! All of the outside world: io_uring for real, a seeded simulator for tests

//! A log broker that speaks Kafka's protocol: one binary

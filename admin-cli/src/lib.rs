//! Commands over the Kafka protocol, and their rendering

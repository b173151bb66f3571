//! One file per Kafka request, and the table that finds it.

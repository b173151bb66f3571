//! Settings: Kafka's names, types, defaults and documentation in one table; parsed once, passed on as narrow structs.

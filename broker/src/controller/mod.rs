//! The controller: topics, configs and producer id blocks as a replicated state machine (design D8).

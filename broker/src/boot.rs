//! Starting and stopping a broker: a list of stages, each owning its parts.

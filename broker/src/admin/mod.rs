//! The admin address: Prometheus metrics, `/live` and `/ready` over HTTP.

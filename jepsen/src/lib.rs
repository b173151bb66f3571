//! Simulator scenarios, the real-process fault suite, history checkers

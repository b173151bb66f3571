//! Journal, segments, index, recovery, retention, cache

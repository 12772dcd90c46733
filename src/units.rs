//! bytes, durations, ratios: parse and print.

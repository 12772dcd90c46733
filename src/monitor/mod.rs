//! The sampler thread: probes, asks V8, applies rules, orders captures.

//! The only place that knows V8's C++ ABI.

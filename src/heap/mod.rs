//! Reads a heap snapshot. Pure over `impl Read`.

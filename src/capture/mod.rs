//! Makes a snapshot file.

//! Reads the process from the kernel's side.

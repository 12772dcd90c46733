//! Images that are damaged on purpose.

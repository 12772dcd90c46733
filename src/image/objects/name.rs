//! What an object's file is called.

/// What follows the build id in a file's name.
pub(super) const END: &str = ".zst";

/// A build id as text.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

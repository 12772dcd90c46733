//! Whether forking can work on this system.

use super::{mappings, pthread_slots};
use crate::error::{Error, Result};
use crate::units::switch;

/// Whether forking can work here.
///
/// # Errors
/// `Unsupported` with the reason.
pub fn available() -> Result<()> {
    // Only a yes is final: what a no was for, a descriptor or some memory, may be there the next time.
    static WORKS: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    if WORKS.get().is_some() {
        return Ok(());
    }
    let check = || {
        if let Some((false, word)) = switch("HEAPWARDEN_FORK") {
            return Err(format!("HEAPWARDEN_FORK={word}"));
        }
        mappings::supported().map_err(|error| format!("madvise(MADV_DOFORK) is refused: {error}"))?;
        if !pthread_slots::find().wake() {
            return Err(
                "no object here calls pthread_cond_signal through a slot that a child could replace".into()
            );
        }
        std::fs::File::open("/proc/self/maps")
            .map_err(|error| format!("/proc/self/maps cannot be read: {error}"))?;
        Ok(())
    };
    check().map_err(Error::Unsupported)?;
    let _ = WORKS.set(());
    Ok(())
}

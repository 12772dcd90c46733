//! A finished file gets its name, if its order still stands.

use crate::capture::permit::Permit;
use crate::error::Result;
use crate::file::info::{Finish, SnapshotInfo};
use crate::file::sink::Sealed;
use crate::thread::{Environment, Event};

/// The child has given it its name, for we may not any more.
pub fn take_over(sealed: Sealed, name: String, permit: &Permit) -> Result<SnapshotInfo> {
    let info = sealed.published_as(name)?;
    // Given up in this very moment: what the child did a moment before can be undone only where that is allowed.
    permit.grant().inspect_err(|_| {
        let _ = std::fs::remove_file(&info.path);
    })?;
    Ok(info)
}

/// Says what only we know of it, and gives it its name.
pub fn publish(
    mut sealed: Sealed,
    finish: Finish,
    permit: &Permit,
    environment: &Environment,
) -> Result<SnapshotInfo> {
    sealed.amend(finish)?;
    permit.grant()?;
    sealed.publish_telling(|error| environment.tell(Event::warning(0, error)))
}

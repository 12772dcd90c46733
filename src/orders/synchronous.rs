//! A snapshot while its caller stands still for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::Client;
use super::order::Left;
use super::{dispatch, folder_turn, inline, running};
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Permit;
use crate::error::{Error, Result};
use crate::file::info::SnapshotInfo;

/// How long a synchronous call waits for other processes. JavaScript stands still meanwhile; and the other may be a second
/// copy of this addon, which waits for this very thread.
const SYNC_PATIENCE: Duration = Duration::from_secs(5);

/// Takes the snapshot here and now and waits for its file, whatever else this process is capturing: that might need this
/// very thread.
///
/// # Errors
/// As a capture; `Timeout` if another process goes on capturing in its folder; `Unsupported` on the portable path, which needs the event loop.
pub fn take(client: &Arc<Client>, options: CaptureOptions) -> Result<SnapshotInfo> {
    if client.environment.isolate().is_none() {
        return Err(Error::Unsupported(
            "a synchronous snapshot needs V8's own interface, which is not reached here; see capabilities"
                .into(),
        ));
    }
    let patience = Permit::new(Arc::default(), Instant::now() + options.timeout().min(SYNC_PATIENCE));
    let turn = folder_turn::wait(&options, &patience)?;
    let mut order = running::at_once(client, options);
    order.turn = Some(turn);
    let id = order.id;
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let begun = inline::begin(order, move |result, turn| {
        let _ = sender.send(result.clone());
        drop(turn);
        dispatch::complete(id, &result.clone().map(Left::from));
    });
    if let Err(error) = begun {
        dispatch::complete(id, &Err(error.clone()));
        return Err(error);
    }
    receiver.recv().unwrap_or_else(|_| Err(Error::CaptureFailed("the writer thread ended early".into())))
}

//! What those are told who waited for an order, when it has ended.

use super::order::{Left, Report, Ticket};
use crate::capture::options::CaptureOptions;
use crate::error::{Error, Result};
use crate::file::info::{Form, SnapshotInfo};
use crate::thread::Event;

/// Of an order that was carried out with `options`. `shared`: somebody else has ordered it.
pub fn events(ticket: Ticket, shared: bool, result: &Result<Left>, options: &CaptureOptions) -> Vec<Event> {
    let (monitor, capture) = (ticket.monitor, ticket.capture);
    let trigger = options.trigger().to_owned();
    let failed = |error: &Error, snapshot| Event::ReportFailed {
        monitor,
        capture,
        code: error.code(),
        message: error.to_string(),
        trigger: trigger.clone(),
        snapshot,
    };
    match result {
        Ok(Left::Report(report)) => {
            let Report { json, mode, finish } = &**report;
            vec![Event::Report {
                monitor,
                capture,
                shared,
                report: json.clone(),
                trigger,
                mode: *mode,
                pause_ms: finish.pause_ms,
                duration_ms: finish.duration_ms.unwrap_or_default(),
            }]
        }
        // Who waits for a report is answered by that; the others of the monitor hear of the file.
        Ok(Left::Instead(info, error)) => vec![
            Event::Snapshot { monitor, capture: 0, shared, info: info.clone() },
            failed(&instead(info, error), Some(info.clone())),
        ],
        Ok(Left::File(info)) => vec![Event::Snapshot { monitor, capture, shared, info: info.clone() }],
        Err(error) if options.report => vec![failed(error, None)],
        Err(error) => vec![Event::failed(monitor, capture, error, &trigger)],
    }
}

/// Why there is a file and no report.
fn instead(info: &SnapshotInfo, error: &Error) -> Error {
    let what = match info.form {
        Form::Image => "an image",
        Form::Snapshot => "the snapshot",
    };
    error.with_words(format!(
        "there is no report, but {what} of which one can be made elsewhere, by `heapwarden report {}`: {error}",
        info.path.display()
    ))
}

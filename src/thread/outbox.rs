//! Events on their way to one environment's JavaScript.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use crate::error::Error;
use crate::file::info::{Mode, SnapshotInfo};
use crate::v8::GcKind;
use crate::watch::Sample;

/// Samples and GC events kept for a loop that does not turn; the oldest go first, and are counted.
const ROUTINE: usize = 256;

/// Reports that rules have ordered, kept for such a loop; the oldest go first. Each says what grew since the ones before it.
const REPORTS: usize = 16;

/// What JavaScript is told. `monitor` is the id of a `watch()`; 0 is left out.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are the public interface's, documented in index.d.ts")]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A monitor took a sample. `dropped` samples before it found no room.
    Sample { monitor: u64, sample: Box<Sample>, dropped: u64 },
    /// The answer to `monitor.sample()`.
    Sampled { monitor: u64, request: u64, sample: Box<Sample> },
    /// A rule's condition has held for its time.
    Breach { monitor: u64, rule: String, sample: Box<Sample>, value: f64, since: f64, limited: bool },
    /// A breached rule's value came back.
    Recovered { monitor: u64, rule: String, sample: Box<Sample>, value: f64, since: f64 },
    /// A collection ended. Durations in ms.
    Gc { monitor: u64, kind: GcKind, duration_ms: f64, heap_used: u64, at: f64 },
    /// A snapshot is complete on disk.
    Snapshot { monitor: u64, capture: u64, shared: bool, info: Box<SnapshotInfo> },
    /// A snapshot could not be made.
    SnapshotFailed { monitor: u64, capture: u64, code: &'static str, message: String, trigger: String },
    /// What was found in a heap that was captured for it: a `LeakReport` as JSON.
    Report {
        monitor: u64,
        capture: u64,
        shared: bool,
        report: String,
        trigger: String,
        mode: Mode,
        pause_ms: f64,
        duration_ms: f64,
    },
    /// There is none. `snapshot`: a file that was left instead, of which a report can be made elsewhere.
    ReportFailed {
        monitor: u64,
        capture: u64,
        code: &'static str,
        message: String,
        trigger: String,
        snapshot: Option<Box<SnapshotInfo>>,
    },
    /// How far a capture is, in the units of its phase.
    Progress { monitor: u64, capture: u64, phase: &'static str, done: u64, total: u64 },
    /// The heap was about to hit its limit, and a dump was ordered. Bytes; `extended_to`: as far as the limit is raised for that,
    /// which is not at all for an image.
    NearHeapLimit { monitor: u64, limit: u64, extended_to: u64, heap_used: u64, at: f64 },
    /// Something is not as it should be, and the service goes on.
    Warning { monitor: u64, code: &'static str, message: String },
    /// Portable path: JavaScript is asked for V8's figures.
    WantFigures,
    /// Portable path: JavaScript is asked to take the snapshot and feed it to `capture`, if it fits the budget, in bytes.
    WantSnapshot { capture: u64, numeric_values: bool, memory_budget: Option<u64> },
}

impl Event {
    /// Builds the failure event of a capture.
    pub fn failed(monitor: u64, capture: u64, error: &Error, trigger: &str) -> Self {
        Self::SnapshotFailed {
            monitor,
            capture,
            code: error.code(),
            message: error.to_string(),
            trigger: trigger.to_owned(),
        }
    }

    /// Builds a warning from an error.
    pub fn warning(monitor: u64, error: &Error) -> Self {
        Self::Warning { monitor, code: error.code(), message: error.to_string() }
    }

    /// A breach that lasts while the loop is blocked is reported again and again. A report that somebody waits for is not a rule's.
    fn is_rules_report(&self) -> bool {
        matches!(self, Self::Report { trigger, .. } if trigger.starts_with("rule:"))
    }

    /// Only these may be dropped, and of rules' reports the oldest.
    fn is_routine(&self) -> bool {
        matches!(self, Self::Sample { .. } | Self::Gc { .. })
    }
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Event>,
    routine: usize,
    dropped: u64,
}

/// The queue. Breaches, snapshots and warnings are never dropped; their number is bounded by cooldowns. So is that of reports, but a
/// breach that lasts may be reported often.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<Inner>);

impl Outbox {
    /// Adds an event; an old routine one gives way.
    pub fn push(&self, event: Event) {
        let mut inner = self.0.lock();
        if event.is_routine() {
            if inner.routine >= ROUTINE {
                if let Some(oldest) = inner.events.iter().position(Event::is_routine)
                    && matches!(inner.events.remove(oldest), Some(Event::Sample { .. }))
                {
                    inner.dropped += 1;
                }
            } else {
                inner.routine += 1;
            }
        }
        if event.is_rules_report()
            && inner.events.iter().filter(|event| event.is_rules_report()).count() >= REPORTS
            && let Some(oldest) = inner.events.iter().position(Event::is_rules_report)
        {
            inner.events.remove(oldest);
        }
        inner.events.push_back(event);
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.0.lock().events.is_empty()
    }

    /// Takes everything, oldest first.
    pub fn drain(&self) -> VecDeque<Event> {
        let mut inner = self.0.lock();
        inner.routine = 0;
        let lost = std::mem::take(&mut inner.dropped);
        let mut events = std::mem::take(&mut inner.events);
        drop(inner);
        if lost > 0 {
            for event in &mut events {
                if let Event::Sample { dropped, .. } = event {
                    *dropped = lost;
                    break;
                }
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: f64) -> Event {
        Event::Sample { monitor: 1, sample: Box::new(Sample { at, ..Sample::default() }), dropped: 0 }
    }

    fn report(number: u64, trigger: &str) -> Event {
        Event::Report {
            monitor: 1,
            capture: number,
            shared: false,
            report: String::new(),
            trigger: trigger.to_owned(),
            mode: Mode::Fork,
            pause_ms: 0.0,
            duration_ms: 0.0,
        }
    }

    #[test]
    fn of_rules_reports_the_oldest_give_way_and_none_that_somebody_waits_for() {
        let outbox = Outbox::default();
        outbox.push(report(0, "manual"));
        (1..=REPORTS as u64 + 3).for_each(|number| outbox.push(report(number, "rule:heap")));
        let left: Vec<u64> = outbox
            .drain()
            .iter()
            .filter_map(|event| if let Event::Report { capture, .. } = event { Some(*capture) } else { None })
            .collect();
        assert_eq!(left, [0].into_iter().chain(4..=REPORTS as u64 + 3).collect::<Vec<_>>());
    }

    #[test]
    fn samples_give_way_and_are_counted_but_warnings_stay() {
        let outbox = Outbox::default();
        let warning = Event::Warning { monitor: 1, code: "X", message: "first".into() };
        outbox.push(warning.clone());
        for at in 0..ROUTINE + 10 {
            outbox.push(sample(at as f64));
        }
        outbox.push(warning);
        let events = outbox.drain();
        assert_eq!(events.len(), ROUTINE + 2);
        assert!(matches!(events[0], Event::Warning { .. }));
        assert!(matches!(&events[1], Event::Sample { sample, dropped: 10, .. } if sample.at == 10.0));
        assert!(matches!(events.back(), Some(Event::Warning { .. })));
        assert!(outbox.is_empty());
    }
}

//! Whether a capture may go on, and whether its file may get its name: the order's deadline and whether somebody still
//! wants it. It is given up or its file gets its name, never both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// Whether somebody still wants a capture. It is given up or its file gets its name, never both.
#[derive(Debug, Default)]
pub struct Demand(AtomicU8);

const WANTED: u8 = 0;
const GIVEN_UP: u8 = 1;
const GRANTED: u8 = 2;

impl Demand {
    /// Nobody waits any more. `false`: too late, its file is getting its name.
    pub fn give_up(&self) -> bool {
        self.settle(GIVEN_UP)
    }

    /// Its file gets its name now. `false`: it was given up.
    fn grant(&self) -> bool {
        self.settle(GRANTED)
    }

    /// Whether nobody waits any more.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == GIVEN_UP
    }

    fn settle(&self, how: u8) -> bool {
        match self.0.compare_exchange(WANTED, how, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(now) => now == how,
        }
    }
}

/// One capture's permit to go on: until when, whether somebody waits, and why it was withdrawn.
pub struct Permit {
    /// Whether somebody waits.
    pub demand: Arc<Demand>,
    deadline: Mutex<Deadline>,
    reason: Mutex<Option<Error>>,
}

struct Deadline {
    /// It must be done by then.
    at: Instant,
    looked: Option<Instant>,
    /// It has been put off, and the loop has not heard of it.
    stood: bool,
    /// By so much in all.
    put_off: Duration,
}

/// Between two looks of a thread that looks several times a second: longer, and the process did not run (SIGSTOP, a
/// cgroup's freezer, a function that is frozen between two calls).
const STOPPED: Duration = Duration::from_secs(3);

impl Permit {
    /// A capture that must be done by `deadline` and ends when its demand is given up.
    pub fn new(demand: Arc<Demand>, deadline: Instant) -> Self {
        let deadline =
            Mutex::new(Deadline { at: deadline, looked: None, stood: false, put_off: Duration::ZERO });
        Self { demand, deadline, reason: Mutex::new(None) }
    }

    /// It must be done by then.
    pub fn deadline(&self) -> Instant {
        self.deadline.lock().at
    }

    /// How long the process stood still while it was looked: the deadline is later by that.
    pub fn put_off(&self) -> Duration {
        self.deadline.lock().put_off
    }

    /// For a loop that looks: what comes before and after it does not count as one turn of it.
    pub fn looking(&self) -> Looking<'_> {
        self.deadline.lock().looked = Some(Instant::now());
        Looking(self)
    }

    /// From a loop that comes here several times a second, at each turn: time in which this process stood still does not
    /// count. Whether it did, since the last turn.
    pub fn look(&self) -> bool {
        self.look_at(Instant::now());
        std::mem::take(&mut self.deadline.lock().stood)
    }

    fn look_at(&self, now: Instant) {
        let mut deadline = self.deadline.lock();
        let gap =
            deadline.looked.replace(now).map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if gap > STOPPED {
            deadline.at += gap;
            deadline.put_off += gap;
            deadline.stood = true;
        }
    }

    /// Whether to go on; if not, the reason is kept for [`Permit::reason`].
    pub fn is_open(&self) -> bool {
        self.is_open_at(Instant::now())
    }

    fn is_open_at(&self, now: Instant) -> bool {
        // It may have stood still since the loop's last look.
        if self.deadline.lock().looked.is_some() {
            self.look_at(now);
        }
        if self.demand.is_given_up() {
            self.fail(aborted());
        } else if now >= self.deadline() {
            self.fail(late());
        }
        self.reason.lock().is_none()
    }

    /// To be asked last, before the file gets its name: from here on nobody is told any more that there is none.
    ///
    /// # Errors
    /// Why it must not get it.
    pub fn grant(&self) -> Result<()> {
        if !self.is_open() {
            return Err(self.reason());
        }
        if self.demand.grant() { Ok(()) } else { Err(aborted()) }
    }

    /// Keeps the first reason.
    pub fn fail(&self, error: Error) {
        self.reason.lock().get_or_insert(error);
    }

    /// Why it ended.
    pub fn reason(&self) -> Error {
        let unknown = || Error::CaptureFailed("V8 ended the snapshot before it was complete".into());
        self.reason.lock().clone().unwrap_or_else(unknown)
    }
}

/// A loop that looks is under way.
pub struct Looking<'a>(&'a Permit);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        // It may have been stopped in the last turn.
        self.0.look_at(Instant::now());
        self.0.deadline.lock().looked = None;
    }
}

/// Its time was over.
pub fn late() -> Error {
    Error::Timeout("the snapshot was not complete within its timeout".into())
}

fn aborted() -> Error {
    Error::Aborted("the snapshot was aborted by its caller".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_gets_no_name_and_what_gets_its_name_is_not_given_up() {
        let later = Instant::now() + Duration::from_secs(60);
        let given_up = Permit::new(Arc::default(), later);
        assert!(given_up.demand.give_up() && given_up.demand.give_up());
        assert_eq!(given_up.grant().unwrap_err().code(), "HEAPWARDEN_ABORTED");
        let granted = Permit::new(Arc::default(), later);
        granted.grant().unwrap();
        assert!(!granted.demand.give_up() && !granted.demand.is_given_up());
        let late = Permit::new(Arc::default(), Instant::now());
        assert_eq!(late.grant().unwrap_err().code(), "HEAPWARDEN_TIMEOUT");
    }

    #[test]
    fn time_in_which_the_process_stood_still_does_not_count() {
        let begin = Instant::now();
        let permit = Permit::new(Arc::default(), begin + Duration::from_secs(60));
        let after = |seconds| begin + Duration::from_secs(seconds);
        permit.look_at(after(1));
        permit.look_at(after(3));
        assert_eq!(permit.deadline(), after(60), "a busy machine");
        permit.look_at(after(3603));
        assert_eq!(permit.deadline(), after(3660), "stopped for an hour");
        assert_eq!(permit.put_off(), Duration::from_secs(3600));
        permit.look_at(after(3604));
        assert_eq!(permit.deadline(), after(3660));
        // It was stopped after the loop's look and before its question.
        assert!(permit.is_open_at(after(9000)));
        assert_eq!(permit.deadline(), after(9056));
        // A slow disk, when the loop is over.
        permit.deadline.lock().looked = None;
        assert!(!permit.is_open_at(after(9057)));
    }
}

//! Looks on while a process is frozen that goes on afterwards: until when it may stand still, whether somebody still wants
//! the image, whether the disk has room. Allocates nothing and takes no lock but in what it says afterwards.

use std::sync::Arc;

use super::child::work::{disk_failed, no_room};
use super::system::{now_ms, start_write_back, wait_for_disk};
use crate::capture::permit::Demand;
use crate::error::{Error, Result};
use crate::file::sink::Sink;

/// So many bytes of an image, before they are packed, may be memory still before the disk is told to take them.
const WRITE_BACK: u64 = 8 << 20;
/// Of the memory that is left to the container this part may be bytes of the file that the disk has not got yet: the kernel
/// cannot have them back, and where there is nothing left it kills.
const UNWRITTEN: u64 = 4;

/// How long JavaScript may stand still for an image, and for whom.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Milliseconds, all in all; infinite: for ever.
    pub most_ms: f64,
    /// Who may give it up.
    pub demand: Option<Arc<Demand>>,
    /// Bytes of memory that are left to the container or the machine. Where they are few, the disk is waited for.
    pub left: u64,
}

/// Looks on from its making.
pub struct Look {
    standing: Standing,
    began: u64,
    told_disk: u64,
    /// Bytes of the file that it has.
    on_disk: u64,
    why: Option<Why>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Unwanted,
    Late,
    NoRoom,
    Disk(i32),
}

impl Look {
    /// The time begins.
    pub fn begin(standing: Standing) -> Self {
        Self { standing, began: now_ms(), told_disk: 0, on_disk: 0, why: None }
    }

    /// It begins again.
    pub fn restart(&mut self) {
        self.began = now_ms();
    }

    /// So many bytes of stream are written to `sink`; whether to go on.
    pub fn goes_on(&mut self, sink: &Sink, raw_bytes: u64) -> bool {
        self.why = if self.standing.demand.as_ref().is_some_and(|demand| demand.is_given_up()) {
            Some(Why::Unwanted)
        } else if now_ms().saturating_sub(self.began) as f64 > self.standing.most_ms {
            Some(Why::Late)
        } else if !sink.has_room() {
            Some(Why::NoRoom)
        } else {
            self.write_back(sink, raw_bytes).map(Why::Disk)
        };
        self.why.is_none()
    }

    /// What the disk says of what was written, if it fails.
    fn write_back(&mut self, sink: &Sink, raw_bytes: u64) -> Option<i32> {
        if raw_bytes.saturating_sub(self.told_disk) < WRITE_BACK {
            return None;
        }
        self.told_disk = raw_bytes;
        let written = start_write_back(sink.raw_fd());
        let most = self.standing.left / UNWRITTEN;
        if written.saturating_sub(self.on_disk) <= most {
            return None;
        }
        self.on_disk = written - most / 2;
        // It says so once: whoever ends the file would not hear of it.
        wait_for_disk(sink.raw_fd(), self.on_disk)
    }

    /// What has come of it: why it was stopped says more than that it was.
    ///
    /// # Errors
    /// This look's reason, else the one given.
    pub fn judge<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match self.why {
            Some(Why::NoRoom) => no_room(),
            Some(Why::Disk(errno)) => disk_failed(errno),
            Some(Why::Unwanted) => Error::Aborted("the image was aborted by its caller".into()),
            Some(Why::Late) => Error::Timeout(format!(
                "the image was given up: JavaScript had stood still for {} ms, the most it may",
                self.standing.most_ms.round()
            )),
            None => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::{Header, Mode};
    use crate::file::sink::SinkOptions;

    #[test]
    fn it_stops_for_who_gives_up_and_when_it_is_late() {
        let dir = tempfile::tempdir().unwrap();
        let options = SinkOptions { dir: Some(dir.path().to_owned()), ..SinkOptions::default() };
        let sink = Sink::create(&options, Header::new(1.0, Mode::Inline, "x")).unwrap();
        let stopped = || Err::<(), _>(Error::CaptureFailed("stopped".into()));
        let demand = Arc::new(Demand::default());
        let mut look =
            Look::begin(Standing { most_ms: f64::INFINITY, demand: Some(demand.clone()), left: 0 });
        assert!(look.goes_on(&sink, 1 << 20) && look.goes_on(&sink, 20 << 20));
        assert_eq!(look.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_CAPTURE_FAILED");
        demand.give_up();
        assert!(!look.goes_on(&sink, 21 << 20));
        assert_eq!(look.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_ABORTED");
        let mut late = Look::begin(Standing { most_ms: -1.0, demand: None, left: u64::MAX });
        assert!(!late.goes_on(&sink, 1 << 20));
        assert_eq!(late.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_TIMEOUT");
    }
}

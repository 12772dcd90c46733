//! Looks on while a process is frozen that goes on afterwards: until when it may stand still, whether somebody still wants
//! the image, whether the disk has room. Allocates nothing and takes no lock but in what it says afterwards.

use std::sync::Arc;

use super::child::work::no_room;
use super::system::{now_ms, write_behind};
use crate::capture::permit::Demand;
use crate::error::{Error, Result};
use crate::file::sink::Sink;

/// So many bytes of an image, before they are packed, may be memory still before the disk is told to take them.
const WRITE_BACK: u64 = 8 << 20;
/// So often it is told before what it was told first is waited for: until the disk has it, it is memory that the kernel cannot have
/// back, and where there is none left it would kill whoever writes.
const BEHIND: usize = 4;

/// How long JavaScript may stand still for an image, and for whom.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Milliseconds, all in all; infinite: for ever.
    pub most_ms: f64,
    /// Who may give it up.
    pub demand: Option<Arc<Demand>>,
}

/// Looks on from its making.
pub struct Look {
    standing: Standing,
    began: u64,
    told_disk: u64,
    /// Bytes of the file when it was told, the last one first.
    told: [i64; BEHIND],
    why: Option<Why>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Unwanted,
    Late,
    NoRoom,
}

impl Look {
    /// The time begins.
    pub fn begin(standing: Standing) -> Self {
        Self { standing, began: now_ms(), told_disk: 0, told: [0; BEHIND], why: None }
    }

    /// It begins again.
    pub fn restart(&mut self) {
        self.began = now_ms();
    }

    /// So many bytes of stream are written to `sink`; whether to go on.
    pub fn goes_on(&mut self, sink: &Sink, raw_bytes: u64) -> bool {
        if raw_bytes.saturating_sub(self.told_disk) >= WRITE_BACK {
            let written = write_behind(sink.raw_fd(), self.told.last().copied().unwrap_or(0));
            self.told.rotate_right(1);
            self.told[0] = written;
            self.told_disk = raw_bytes;
        }
        self.why = if self.standing.demand.as_ref().is_some_and(|demand| demand.is_given_up()) {
            Some(Why::Unwanted)
        } else if now_ms().saturating_sub(self.began) as f64 > self.standing.most_ms {
            Some(Why::Late)
        } else if !sink.has_room() {
            Some(Why::NoRoom)
        } else {
            None
        };
        self.why.is_none()
    }

    /// What has come of it: why it was stopped says more than that it was.
    ///
    /// # Errors
    /// This look's reason, else the one given.
    pub fn judge<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match self.why {
            Some(Why::NoRoom) => no_room(),
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
        let mut look = Look::begin(Standing { most_ms: f64::INFINITY, demand: Some(demand.clone()) });
        assert!(look.goes_on(&sink, 1 << 20) && look.goes_on(&sink, 20 << 20));
        assert_eq!(look.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_CAPTURE_FAILED");
        demand.give_up();
        assert!(!look.goes_on(&sink, 21 << 20));
        assert_eq!(look.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_ABORTED");
        let mut late = Look::begin(Standing { most_ms: -1.0, demand: None });
        assert!(!late.goes_on(&sink, 1 << 20));
        assert_eq!(late.judge(stopped()).unwrap_err().code(), "HEAPWARDEN_TIMEOUT");
    }
}

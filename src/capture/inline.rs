//! In this process: JavaScript stands still while V8 walks the heap and writes it out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::RESERVE;
use super::permit::Permit;
use super::pipe::Feed;
use crate::error::Error;
use crate::file::info::Finish;
use crate::probe::cgroup::Cgroup;
use crate::probe::limits;
use crate::units::print_bytes;
use crate::v8::Isolate;
use crate::v8::profiler::{Contents, Ending, Output, snapshot};

/// How often the room is looked at: V8 allocates some MB meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// Bytes that V8 and the writer are left to come to their end with.
const LEAST: u64 = RESERVE / 2;

struct ToFeed<'a> {
    feed: &'a Feed,
    permit: Arc<Permit>,
    group: Option<Cgroup>,
    looked: Instant,
}

impl ToFeed<'_> {
    /// Whether to go on. What V8 has allocated goes when it is told no: the service lives.
    fn has_room(&mut self) -> bool {
        if self.looked.elapsed() < LOOK {
            return true;
        }
        self.looked = Instant::now();
        let Some(room) = limits::room(self.group.as_ref()).filter(|room| room.bytes < LEAST) else {
            return true;
        };
        self.permit.fail(Error::MemoryBudget(format!(
            "the snapshot was given up: {} only {} while it was being taken",
            room.whose,
            print_bytes(room.bytes)
        )));
        false
    }
}

impl Output for ToFeed<'_> {
    fn write(&mut self, bytes: &[u8]) -> bool {
        self.has_room() && self.feed.write(bytes)
    }

    fn proceed(&mut self, _done: u32, _total: u32) -> bool {
        self.has_room() && self.permit.is_open()
    }
}

/// Takes the snapshot on this, the isolate's, thread and hands its bytes to `feed`, whose thread finishes the
/// file. `clock` gives ms; the thread has stood still since `begin`.
pub fn take(isolate: &Isolate, contents: Contents, feed: Feed, begin: f64, clock: impl Fn() -> f64) {
    let mut output = ToFeed {
        feed: &feed,
        permit: feed.permit().clone(),
        group: Cgroup::detect(),
        looked: Instant::now(),
    };
    let ending = snapshot(isolate, contents, &mut output);
    if ending == Ending::Complete {
        feed.finish(Finish { pause_ms: clock() - begin, ..Finish::default() });
    }
    // Otherwise `feed` is dropped here, and its thread ends without a file, for the reason it knows.
}

//! In this process: JavaScript stands still while V8 walks the heap and writes it out.

use std::sync::Arc;

use super::info::Finish;
use super::pipe::{Fate, Feed};
use crate::v8::Isolate;
use crate::v8::profiler::{Contents, Ending, Output, snapshot};

struct ToFeed<'a> {
    feed: &'a Feed,
    fate: Arc<Fate>,
}

impl Output for ToFeed<'_> {
    fn write(&mut self, bytes: &[u8]) -> bool {
        self.feed.write(bytes)
    }

    fn proceed(&mut self, _done: u32, _total: u32) -> bool {
        self.fate.is_open()
    }
}

/// Takes the snapshot on this, the isolate's, thread and hands its bytes to `feed`, whose thread finishes the
/// file. `clock` gives ms; the thread has stood still since `begin`.
pub fn take(isolate: &Isolate, contents: Contents, feed: Feed, begin: f64, clock: impl Fn() -> f64) {
    let mut output = ToFeed { feed: &feed, fate: feed.fate().clone() };
    let ending = snapshot(isolate, contents, &mut output);
    if ending == Ending::Complete {
        feed.finish(Finish { pause_ms: clock() - begin, ..Finish::default() });
    }
    // Otherwise `feed` is dropped here, and its thread ends without a file, for the reason it knows.
}

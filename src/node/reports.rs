//! Reports of captured heaps: where `capture`, which has the heaps, and `analysis`, which reads them, meet.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::analysis::live::{self, Known};
use crate::capture::reading::{About, Heap, Reading, Reports};
use crate::error::Result;

/// Those of one environment.
#[derive(Default)]
pub(super) struct OfEnvironment(Mutex<Arc<Known>>);

struct With(Arc<Known>);

impl Reports for OfEnvironment {
    fn begin(&self) -> Box<dyn Reading> {
        live::prepare();
        Box::new(With(self.0.lock().clone()))
    }

    fn keep(&self, answer: &[u8]) -> Result<String> {
        let (report, known) = live::take(answer)?;
        *self.0.lock() = Arc::new(known);
        Ok(report)
    }
}

impl Reading for With {
    fn read(&self, heap: Heap<'_>, about: &About) -> Result<Vec<u8>> {
        let about = live::About { at: about.at, redacted: about.redacted };
        match heap {
            Heap::Here { json, raw_bytes, go_on } => live::read_here(json, raw_bytes, &self.0, about, go_on),
            Heap::File { path, go_on } => live::read_file(path, &self.0, about, go_on),
        }
    }
}

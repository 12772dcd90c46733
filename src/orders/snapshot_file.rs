//! The file of an order: where it goes, what stands in front of it, and what V8 is asked to put into it.

use crate::capture::options::CaptureOptions;
use crate::clock;
use crate::file::info::{Header, Mode};
use crate::file::sink::SinkOptions;
use crate::thread::Environment;
use crate::thread::facts::process_facts;
use crate::v8::StableIds;
use crate::v8::profiler::Contents;

/// Where it goes, and how it is kept there.
pub fn sink_options(options: &CaptureOptions) -> SinkOptions {
    options.sink(process_facts().diagnostic_dir.as_deref())
}

/// What stands in front of the file. `began`: a time of [`clock::now`].
pub fn header(environment: &Environment, options: &CaptureOptions, mode: Mode, began: f64) -> Header {
    let process = process_facts();
    Header {
        thread_id: environment.thread_id.into(),
        node_version: process.node_version.clone(),
        v8_version: process.v8_version.clone(),
        stable_ids: options.stable_ids != StableIds::No,
        numeric_values: options.numeric_values,
        redacted: options.redact,
        ..Header::new(clock::stamp(began), mode, options.trigger())
    }
}

/// What V8 is asked to put into it.
pub fn contents(options: &CaptureOptions, keep_ids: bool) -> Contents {
    Contents { numeric_values: options.numeric_values, keep_ids }
}

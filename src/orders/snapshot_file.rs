//! The file of an order: where it goes, what stands in front of it, and what V8 is asked to put into it.

use crate::capture::options::CaptureOptions;
use crate::clock;
use crate::error::Result;
use crate::file::info::{Form, Header, Mode};
use crate::file::sink::{Sink, SinkOptions};
#[cfg(target_os = "linux")]
use crate::image::objects;
use crate::probe::process;
use crate::thread::Environment;
use crate::thread::facts::process_facts;
use crate::v8::StableIds;
use crate::v8::profiler::Contents;

/// An image is so many times smaller than what its process has in memory, or more.
const PACKED: u64 = 2;

/// Characters of the reason in an image's header.
#[cfg(target_os = "linux")]
const LONGEST_REASON: usize = 2000;

/// Bytes of build ids there; a process has about ten files of 40.
#[cfg(target_os = "linux")]
const MOST_IDS: usize = 32 << 10;

/// Where it goes, and how it is kept there.
pub fn sink_options(options: &CaptureOptions) -> SinkOptions {
    options.sink(process_facts().diagnostic_dir.as_deref())
}

/// Begins it.
///
/// # Errors
/// As [`Sink::create`].
pub fn create(options: &CaptureOptions, header: Header) -> Result<Sink> {
    let mut to = sink_options(options);
    if header.form == Form::Image {
        let process = process::process().unwrap_or_default();
        to.expected = process.anonymous.unwrap_or(process.rss) / PACKED;
    }
    Sink::create(&to, header)
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

/// The same for an image. `stable_ids`: its ids are those that others of the process have. `reason`: why it is no snapshot.
#[cfg(target_os = "linux")]
pub fn image_header(
    environment: &Environment,
    options: &CaptureOptions,
    mode: Mode,
    began: f64,
    stable_ids: bool,
    reason: Option<&str>,
) -> Header {
    // The header has a limit; the sentence that fills it has said enough.
    let reason = reason.map(|reason| reason.chars().take(LONGEST_REASON).collect());
    // Unknown: all that are there stay.
    let mut objects = objects::ids().unwrap_or_default();
    if objects.iter().map(String::len).sum::<usize>() > MOST_IDS {
        objects.clear();
    }
    let buffers = options.image_buffers;
    Header {
        form: Form::Image,
        stable_ids,
        reason,
        buffers,
        objects,
        ..header(environment, options, mode, began)
    }
}

/// What V8 is asked to put into it.
pub fn contents(options: &CaptureOptions, keep_ids: bool) -> Contents {
    Contents { numeric_values: options.numeric_values, keep_ids }
}

//! What is said about a snapshot or an image: in its file (header, trailer) and to the user (`SnapshotInfo`).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

/// How a snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By a forked child: JS stood still for the fork only.
    Fork,
    /// In the process, through V8's C++ interface.
    Inline,
    /// In the process, through `node:v8`.
    Portable,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// V8's heap snapshot.
    #[default]
    Snapshot,
    /// The process's memory, of which a snapshot is made elsewhere.
    Image,
}

impl Form {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Image => "image",
        }
    }
}

/// What a snapshot was made of, where that was not the process itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// Its form: an image.
    pub form: Form,
    /// Its file's name.
    #[serde(default)]
    pub name: String,
}

/// Version of the file layout written by this crate.
pub const FORMAT: u32 = 1;

/// Known before the first byte; written in front of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Layout version, [`FORMAT`].
    pub format: u32,
    /// Version of heapwarden that wrote the file.
    #[serde(default)]
    pub heapwarden: String,
    /// When the capture was ordered, milliseconds since 1970 (UTC).
    pub at: f64,
    /// The process whose heap this is (not the child that wrote it).
    pub pid: u32,
    /// Where `pid` counts, see [`super::home::home`]; empty: not known.
    #[serde(default)]
    pub home: String,
    /// `worker_threads.threadId`; 0 is the main thread.
    #[serde(default)]
    pub thread_id: u64,
    /// `process.version`.
    #[serde(default)]
    pub node_version: String,
    /// `process.versions.v8`.
    #[serde(default)]
    pub v8_version: String,
    /// What ordered it: `manual`, a rule's name, `nearHeapLimit`, …
    #[serde(default)]
    pub trigger: String,
    /// How it was taken.
    pub mode: Mode,
    /// String values were masked.
    #[serde(default)]
    pub redacted: bool,
    /// Node ids match those of the process's other snapshots with this flag.
    #[serde(default)]
    pub stable_ids: bool,
    /// Numbers are in the snapshot as nodes.
    #[serde(default)]
    pub numeric_values: bool,
    /// What the file holds.
    #[serde(default)]
    pub form: Form,
    /// Of an image: why it is none of the dearer things that an order may leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of an image: whether the contents of Buffers are in it; otherwise zeros.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub buffers: bool,
    /// Of an image: the build ids of the files it needs, hexadecimal, as far as its writer knew them beforehand. Empty: not
    /// known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Of a snapshot: what it was made of, if not of the process itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Header {
    /// Format, version, pid and its home filled in; the rest empty. `at`: milliseconds since 1970.
    pub fn new(at: f64, mode: Mode, trigger: &str) -> Self {
        Self {
            format: FORMAT,
            heapwarden: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            pid: std::process::id(),
            home: super::home::home().to_owned(),
            thread_id: 0,
            node_version: String::new(),
            v8_version: String::new(),
            trigger: trigger.to_owned(),
            mode,
            redacted: false,
            stable_ids: false,
            numeric_values: false,
            form: Form::Snapshot,
            reason: None,
            buffers: true,
            objects: Vec::new(),
            origin: None,
        }
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_yes(yes: &bool) -> bool {
    *yes
}

/// Known after the last byte; written behind the data. A file without it is incomplete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trailer {
    /// Always true: it says so in words for whoever looks with `tail`.
    pub complete: bool,
    /// Bytes of JSON, or of an image's records and pages.
    pub raw_bytes: u64,
    /// Bytes of the compressed data frames, without header and trailer.
    pub data_bytes: u64,
    /// Number of data frames.
    pub frames: u64,
    /// `snapshot.node_count` of the JSON; `None` when it was not where V8 writes it, and for an image.
    pub nodes: Option<u64>,
    /// Milliseconds JS stood still.
    pub pause_ms: f64,
    /// Milliseconds from the order to the synced file.
    pub duration_ms: f64,
    /// 1 + captures begun anew (a forked child that hung).
    pub attempts: u32,
}

/// What the writer of the JSON knows when it is done; the sink knows the rest of the [`Trailer`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Milliseconds JS stood still.
    pub pause_ms: f64,
    /// Milliseconds from the order to now; `None` = since `Sink::create`.
    pub duration_ms: Option<f64>,
    /// 1 + captures begun anew.
    pub attempts: u32,
}

impl Default for Finish {
    fn default() -> Self {
        Self { pause_ms: 0.0, duration_ms: None, attempts: 1 }
    }
}

/// `SnapshotInfo` of the public interface. A field is `None` (null) when the file does not tell: a plain
/// `.heapsnapshot` found in a folder has no pause, a cut file no size. All are known for one just taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotInfo {
    /// Absolute path.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// The file's size in bytes.
    pub bytes: u64,
    /// What the file holds.
    pub form: Form,
    /// Bytes after decompression.
    pub raw_bytes: Option<u64>,
    /// Heap objects and internals in it (`node_count`); an image does not know.
    pub nodes: Option<u64>,
    /// How it was taken.
    pub mode: Option<Mode>,
    /// What ordered it. For a plain file found in a folder: as its name spells it.
    pub trigger: String,
    /// Milliseconds since 1970 (UTC).
    pub at: f64,
    /// Milliseconds JS stood still.
    pub pause_ms: Option<f64>,
    /// Milliseconds from the order to the synced file.
    pub duration_ms: Option<f64>,
    /// 1 + captures begun anew.
    pub attempts: Option<u32>,
    /// The process whose heap this is.
    pub pid: u32,
    /// `worker_threads.threadId`; 0 is the main thread.
    pub thread_id: u64,
    /// `process.version`.
    pub node_version: Option<String>,
    /// False for a file that was cut after it was published.
    pub complete: bool,
    /// Of an image: why it is no snapshot.
    pub reason: Option<String>,
    /// Of an image: whether the contents of Buffers are in it; otherwise zeros.
    pub buffers: Option<bool>,
    /// Of a snapshot: what it was made of, if not of the process itself.
    pub origin: Option<Origin>,
}

impl SnapshotInfo {
    /// `trailer` `None` = not complete.
    pub fn new(path: PathBuf, bytes: u64, header: &Header, trailer: Option<&Trailer>) -> Self {
        Self {
            path,
            bytes,
            form: header.form,
            raw_bytes: trailer.map(|t| t.raw_bytes),
            nodes: trailer.and_then(|t| t.nodes),
            mode: Some(header.mode),
            trigger: header.trigger.clone(),
            at: header.at,
            pause_ms: trailer.map(|t| t.pause_ms).filter(|ms| ms.is_finite()),
            duration_ms: trailer.map(|t| t.duration_ms).filter(|ms| ms.is_finite()),
            attempts: trailer.map(|t| t.attempts),
            pid: header.pid,
            thread_id: header.thread_id,
            node_version: Some(header.node_version.clone()).filter(|v| !v.is_empty()),
            complete: trailer.is_some_and(|t| t.complete),
            reason: header.reason.clone(),
            buffers: (header.form == Form::Image).then_some(header.buffers),
            origin: header.origin.clone(),
        }
    }

    /// The file's own name, `heapwarden-….heapsnapshot.zst`.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
    }
}

// serde refuses a path that is not UTF-8; losing the whole event over it would be worse than a `?` in it.
fn lossy<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_camel_case_as_documented() {
        let mut header = Header::new(1_794_000_000_123.0, Mode::Fork, "rss");
        header.node_version = "v22.0.0".into();
        let trailer = Trailer {
            complete: true,
            raw_bytes: 10,
            data_bytes: 5,
            frames: 1,
            nodes: Some(3),
            pause_ms: 1.5,
            duration_ms: 20.0,
            attempts: 1,
        };
        let info = SnapshotInfo::new("/d/x.heapsnapshot.zst".into(), 99, &header, Some(&trailer));
        let value = serde_json::to_value(&info).unwrap();
        let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let mut expected = [
            "path",
            "bytes",
            "rawBytes",
            "nodes",
            "mode",
            "trigger",
            "at",
            "pauseMs",
            "durationMs",
            "attempts",
            "pid",
            "threadId",
            "nodeVersion",
            "complete",
            "form",
            "reason",
            "buffers",
            "origin",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(value["mode"], "fork");
        assert_eq!(value["complete"], true);
        assert_eq!(info.name(), "x.heapsnapshot.zst");
    }

    #[test]
    fn header_of_a_later_version_is_read() {
        let text = r#"{"format":2,"at":1,"pid":7,"mode":"inline","somethingNew":[1]}"#;
        let header: Header = serde_json::from_str(text).unwrap();
        assert_eq!((header.format, header.pid, header.thread_id), (2, 7, 0));
        assert_eq!(header.form, Form::Snapshot, "those of before there were others");
    }

    #[cfg(unix)]
    #[test]
    fn strange_path_does_not_lose_the_event() {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(b"/tmp/\xff.heapsnapshot".to_vec()));
        let info = SnapshotInfo::new(path, 0, &Header::new(0.0, Mode::Inline, ""), None);
        assert!(serde_json::to_string(&info).unwrap().contains("/tmp/\u{fffd}.heapsnapshot"));
    }
}

//! What a caller or a rule may say about a snapshot, already normalised: bytes and milliseconds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::file::sink::SinkOptions;
use crate::file::store::Keep;
use crate::v8::StableIds;

/// Which way is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedMode {
    /// The one that harms least of those that work here.
    #[default]
    Auto,
    /// A forked child, or an error.
    Fork,
    /// In this process: JavaScript stands still meanwhile.
    Inline,
}

/// Which kind of file is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedForm {
    /// A snapshot where it can be had in time, else an image.
    #[default]
    Auto,
    /// A snapshot, or an error.
    Snapshot,
    /// An image, or an error.
    Image,
}

/// `SnapshotOptions` of the public interface, normalised.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CaptureOptions {
    /// Folder; `None` = the default one.
    pub dir: Option<PathBuf>,
    /// An exact file instead.
    pub path: Option<PathBuf>,
    /// Which way.
    pub mode: WantedMode,
    /// Which kind of file.
    pub form: WantedForm,
    /// ms that JavaScript may stand still for an image in place.
    pub max_pause_ms: f64,
    /// Whether images may be left at all.
    pub images: bool,
    /// Whether the contents of Buffers are in them; else zeros.
    pub image_buffers: bool,
    /// zstd level; 0 = plain JSON. `None`: 1, or plain if `path` ends in `.heapsnapshot`.
    pub level: Option<i32>,
    /// Snapshots kept in the folder.
    pub keep_count: Option<u64>,
    /// Their bytes together.
    pub keep_bytes: Option<u64>,
    /// Their age in ms.
    pub keep_age_ms: Option<f64>,
    /// Bytes that stay free on the disk.
    pub min_free_disk: Option<u64>,
    /// Bytes of memory; `None` = auto.
    pub memory_budget: Option<u64>,
    /// ms from order to file.
    pub timeout_ms: Option<f64>,
    /// Mask string values.
    pub redact: bool,
    /// Object ids that can be compared.
    pub stable_ids: StableIds,
    /// Numbers as nodes.
    pub numeric_values: bool,
    /// What ordered it, for the file's name and metadata.
    pub trigger: Option<String>,
    /// Not a file is wanted, but what is found in the heap: by `report()`, or by a rule's action of that name.
    #[serde(skip)]
    pub report: bool,
    /// The kernel is about to kill the process. Nobody asks for that from outside.
    #[serde(skip)]
    pub hurried: bool,
}

/// Snapshots kept when nothing is said.
pub const KEEP_COUNT: u64 = 5;
/// Bytes of snapshots kept when nothing is said: 2 GiB.
pub const KEEP_BYTES: u64 = 2 << 30;
/// Age of snapshots kept when nothing is said: seven days, in ms.
pub const KEEP_AGE_MS: f64 = 7.0 * 24.0 * 3600.0 * 1e3;
/// By fork nobody waits: a heap of some GB may take its time.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);
/// JavaScript stands still for as long.
pub const INLINE_TIMEOUT: Duration = Duration::from_secs(300);
const LONGEST_TIMEOUT: f64 = 24.0 * 3600.0 * 1e3;
/// ms that JavaScript may stand still for an image in place when nothing is said.
pub const MAX_PAUSE_MS: f64 = 500.0;

impl Default for CaptureOptions {
    fn default() -> Self {
        Self {
            dir: None,
            path: None,
            mode: WantedMode::default(),
            form: WantedForm::default(),
            max_pause_ms: MAX_PAUSE_MS,
            images: true,
            image_buffers: true,
            level: None,
            keep_count: None,
            keep_bytes: None,
            keep_age_ms: None,
            min_free_disk: None,
            memory_budget: None,
            timeout_ms: None,
            redact: false,
            stable_ids: StableIds::default(),
            numeric_values: false,
            trigger: None,
            report: false,
            hurried: false,
        }
    }
}

impl CaptureOptions {
    /// Parses the JSON that `lib/options/check.js` makes.
    ///
    /// # Errors
    /// `InvalidOption` with serde's words.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::InvalidOption(format!("snapshot options: {error}")))
    }

    /// The same for a report of the heap. A file that is left instead of one is not the file that a caller has named.
    #[must_use]
    pub fn for_report(self) -> Self {
        let beside = self.path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let form = if self.hurried || self.form != WantedForm::Image { self.form } else { WantedForm::Auto };
        Self { report: true, form, dir: self.dir.or(beside), path: None, ..self }
    }

    /// How long it may take, from the order.
    pub fn timeout(&self) -> Duration {
        match self.timeout_ms {
            Some(ms) if ms.is_finite() && ms > 0.0 => Duration::from_secs_f64(ms.min(LONGEST_TIMEOUT) / 1e3),
            _ => DEFAULT_TIMEOUT,
        }
    }

    /// The part that concerns the file.
    pub fn sink(&self, diagnostic_dir: Option<&Path>) -> SinkOptions {
        SinkOptions {
            dir: self.dir.clone(),
            path: self.path.clone(),
            level: self.level,
            min_free_disk: self.min_free_disk,
            keep: self.keep(),
            expected: 0,
            diagnostic_dir: diagnostic_dir.map(Path::to_owned),
        }
    }

    /// What stays in the folder after it. An exact file is the caller's to keep: `None`.
    pub fn keep(&self) -> Option<Keep> {
        // What is written for a report goes again, and is to take no other's place.
        let beside = u64::from(self.report);
        self.path.is_none().then(|| Keep {
            count: Some(self.keep_count.unwrap_or(KEEP_COUNT).saturating_add(beside)),
            bytes: Some(self.keep_bytes.unwrap_or(KEEP_BYTES)),
            age_ms: Some(self.keep_age_ms.unwrap_or(KEEP_AGE_MS)),
        })
    }

    /// What ordered it.
    pub fn trigger(&self) -> &str {
        self.trigger.as_deref().unwrap_or("manual")
    }

    /// Whether a caller with these options is served by the file that `other` ordered: everything that shapes
    /// the file or its place agrees. Who ordered it, how long it may take and what is kept may differ.
    pub fn can_share(&self, other: &Self) -> bool {
        self.dir == other.dir
            && self.path == other.path
            && self.form == other.form
            && self.images == other.images
            && self.image_buffers == other.image_buffers
            && self.level == other.level
            && self.redact == other.redact
            && self.stable_ids == other.stable_ids
            && self.numeric_values == other.numeric_values
            && self.report == other.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_or_another_content_is_not_shared() {
        let plain = CaptureOptions::default();
        let same = CaptureOptions { trigger: Some("rule".into()), timeout_ms: Some(5.0), ..plain.clone() };
        assert!(plain.can_share(&same));
        assert!(!plain.can_share(&CaptureOptions { path: Some("/tmp/x".into()), ..plain.clone() }));
        assert!(!plain.can_share(&CaptureOptions { redact: true, ..plain.clone() }));
        assert!(!plain.can_share(&CaptureOptions { images: false, ..plain.clone() }));
        assert!(!plain.can_share(&CaptureOptions { image_buffers: false, ..plain.clone() }));
        let snapshot = CaptureOptions { form: WantedForm::Snapshot, ..plain.clone() };
        assert!(!plain.can_share(&snapshot) && snapshot.can_share(&snapshot));
        assert!(!plain.can_share(&CaptureOptions { report: true, ..plain.clone() }));
    }

    #[test]
    fn a_report_leaves_no_file_that_was_named() {
        let named = CaptureOptions {
            path: Some("/d/x.heapimage.zst".into()),
            form: WantedForm::Image,
            ..CaptureOptions::default()
        };
        let report = named.for_report();
        assert_eq!((report.path, report.dir, report.form), (None, Some("/d".into()), WantedForm::Auto));
        let kept = |options: CaptureOptions| options.keep().and_then(|keep| keep.count);
        assert_eq!(kept(CaptureOptions::default().for_report()), Some(KEEP_COUNT + 1));
    }

    #[test]
    fn absurd_timeouts_do_not_panic() {
        for ms in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let options = CaptureOptions { timeout_ms: Some(ms), ..CaptureOptions::default() };
            assert_eq!(options.timeout(), DEFAULT_TIMEOUT);
        }
        let long = CaptureOptions { timeout_ms: Some(1e300), ..CaptureOptions::default() };
        assert_eq!(long.timeout(), Duration::from_secs(24 * 3600));
    }

    #[test]
    fn images_are_on_unless_they_are_turned_off() {
        let of = |text| CaptureOptions::from_json(text).unwrap();
        assert_eq!(of("{}"), CaptureOptions::default());
        assert!(of("{}").images && of("{}").image_buffers);
        let off = of(r#"{"form":"image","maxPauseMs":20,"images":false,"imageBuffers":false}"#);
        assert_eq!((off.form, off.max_pause_ms), (WantedForm::Image, 20.0));
        assert!(!off.images && !off.image_buffers);
    }

    #[test]
    fn unknown_names_are_refused() {
        assert_eq!(
            CaptureOptions::from_json(r#"{"levle":1}"#).unwrap_err().code(),
            "HEAPWARDEN_INVALID_OPTION"
        );
    }
}

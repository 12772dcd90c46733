//! What is the same for all environments of the process, for a file's metadata.

use std::path::PathBuf;
use std::sync::OnceLock;

/// As JavaScript tells it when it attaches.
#[derive(Debug, Clone, Default)]
pub struct ProcessFacts {
    /// `process.version`
    pub node_version: String,
    /// `process.versions.v8`
    pub v8_version: String,
    /// Node's `--diagnostic-dir`.
    pub diagnostic_dir: Option<PathBuf>,
    /// Node's `--v8-pool-size`, if it was given.
    pub v8_pool_size: Option<usize>,
}

static FACTS: OnceLock<ProcessFacts> = OnceLock::new();

/// Told once; the first environment's word stays.
pub fn set_process_facts(facts: ProcessFacts) {
    let _ = FACTS.set(facts);
}

/// As told, or empty.
pub fn process_facts() -> &'static ProcessFacts {
    FACTS.get_or_init(ProcessFacts::default)
}

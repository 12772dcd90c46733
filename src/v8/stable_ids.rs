//! What may be said of V8's object ids, which match between snapshots only while V8 tracks every object that moves.

use serde::Deserialize;

/// Whether object ids are to match those of other snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "StableIdsJson")]
pub enum StableIds {
    /// No.
    #[default]
    No,
    /// The first one starts the tracking, the next one ends it.
    Pair,
    /// Starts it, or goes on with it.
    Keep,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StableIdsJson {
    Switch(bool),
    Word(KeepWord),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeepWord {
    Keep,
}

impl From<StableIdsJson> for StableIds {
    fn from(json: StableIdsJson) -> Self {
        match json {
            StableIdsJson::Switch(false) => Self::No,
            StableIdsJson::Switch(true) => Self::Pair,
            StableIdsJson::Word(KeepWord::Keep) => Self::Keep,
        }
    }
}

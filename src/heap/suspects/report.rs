//! The answer, as its reader gets it.

use serde::Serialize;

use crate::heap::growth::shape::Shape;
use crate::heap::paths::Step;

/// What is said of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Nothing that grows, or that is large.
    None,
    /// Too little was seen.
    Unknown,
    /// It has filled up, or is filling up to a bound.
    Settling,
    /// It grows under load and gives back at rest.
    Backlog,
    /// From one snapshot there is only size.
    Large,
    /// It grows, and does not give back.
    Leak,
}

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is a row of docs/leaks.md")]
pub enum Kind {
    Collection,
    Listeners,
    Timers,
    Closure,
    Promises,
    Buffers,
    Strings,
    Modules,
    Requests,
    AsyncContext,
    Context,
    Worker,
    Native,
    Weak,
    Errors,
    Object,
}

impl Kind {
    /// Its word in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Listeners => "listeners",
            Self::Timers => "timers",
            Self::Closure => "closure",
            Self::Promises => "promises",
            Self::Buffers => "buffers",
            Self::Strings => "strings",
            Self::Modules => "modules",
            Self::Requests => "requests",
            Self::AsyncContext => "async-context",
            Self::Context => "context",
            Self::Worker => "worker",
            Self::Native => "native",
            Self::Weak => "weak",
            Self::Errors => "errors",
            Self::Object => "object",
        }
    }
}

/// Who holds the entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderRef {
    /// As a developer writes it: `sessions`, `registry.#items`, `bus 'update' listeners`.
    pub name: String,
    /// The file, as people know it: `server.js`, `express-session/session/memory.js`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1: of the function that captures the holder's variable, or of its constructor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The class of the object that has the entries.
    pub class_name: String,
    /// Its id.
    pub id: u64,
}

/// What an entry looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// `{url, body}`, `Session {id, user}`, `string`.
    pub looks_like: String,
    /// Bytes that go with one, on average.
    pub average_size: u64,
}

/// The keys of a collection, as far as they are texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// `urls`, `sequential numbers`, `times`, `uuids`, `ip addresses`, `different texts`.
    pub pattern: String,
    /// Different keys among those that were looked at, by share of all: as many as there are entries, if all are different.
    pub distinct: u64,
    /// Three of them.
    pub examples: Vec<String>,
}

/// How it has grown. All lists have one value for each snapshot, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// Entries.
    pub per_snapshot: Vec<u64>,
    /// Bytes of them and of what hangs from them.
    pub retained_sizes: Vec<u64>,
    /// Entries that come in a minute, if the snapshots say when they were taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<f64>,
    /// What that looks like.
    pub shape: Shape,
}

/// A published leak of Node or of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// Its id in the catalogue.
    pub id: String,
    /// What it is called: `express-session's MemoryStore`.
    pub name: String,
    /// Where it is written of.
    pub url: String,
    /// Versions that have it.
    pub versions: String,
    /// What helps.
    pub cure: String,
}

/// What holds too much.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspect {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What is said of it.
    pub verdict: Verdict,
    /// One line.
    pub title: String,
    /// Two to four sentences.
    pub explanation: String,
    /// What usually helps.
    pub cure: String,
    /// From the root to the holder.
    pub path: Vec<Step>,
    /// The same as one would write it in code, from where the program begins.
    pub path_text: String,
    /// Other ways on which the same entries are held.
    pub holders: Vec<Vec<Step>>,
    /// The same as one would write them.
    pub holder_texts: Vec<String>,
    /// Who holds the entries.
    pub holder: HolderRef,
    /// The class of the entries.
    pub class_name: String,
    /// How many there are.
    pub count: u64,
    /// Bytes of the entries with what hangs from them; what several suspects hold is split among them.
    pub retained_size: u64,
    /// Bytes that go when this one holder lets go.
    pub exclusive_size: u64,
    /// `retained_size` of all, 0…1.
    pub share: f64,
    /// What an entry looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// What the keys look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Keys>,
    /// Of several snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// 0…1.
    pub confidence: f64,
    /// 16 hex digits: the same bug has the same in every process and version of Node.
    pub fingerprint: String,
    /// A hit in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
}

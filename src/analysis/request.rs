//! What is asked, as JSON, and the answer, as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::comparison;
use super::estimate::Budget;
use super::load::Terms;
use super::report;
use super::retainers::{self, Target};
use super::source::FileOrStdin;
use super::summary::{self, Which};
use super::suspects;
use super::workers::{self, Workers};
use crate::error::{Error, Result};

/// An order for an analysis.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The question.
    #[serde(flatten)]
    pub ask: Ask,
    /// A cut or damaged file gives what it has.
    #[serde(default)]
    pub salvage: bool,
    /// Bytes the analysis may take; `None`: what is left.
    #[serde(default)]
    pub max_memory: Option<u64>,
    /// The path `-` is standard input. Only a command line asks so: a program's own belongs to the program.
    #[serde(default)]
    pub stdin: bool,
    /// There is a service in this process, which goes first.
    #[serde(default)]
    pub yields: bool,
}

/// What can be asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Ask {
    /// One snapshot's tables.
    Summary {
        /// A file or a folder.
        path: PathBuf,
        /// Rows of the tables that are cut.
        top: usize,
        /// Only objects of this class among the largest.
        #[serde(default)]
        class_name: Option<String>,
        /// The largest of each class.
        #[serde(default)]
        each_class: bool,
    },
    /// What a report shows beside its suspects.
    Report {
        /// Files or folders, oldest first; the last one is shown.
        paths: Vec<PathBuf>,
        /// Rows of the tables that are cut, classes among them.
        top: usize,
    },
    /// What has changed between two, or in three and more.
    Compare {
        /// Files or folders, oldest first.
        paths: Vec<PathBuf>,
        /// Whether their ids mean the same objects, if the caller knows.
        #[serde(default)]
        ids: Option<bool>,
    },
    /// Who holds a node, or the instances of a class.
    Paths {
        /// A file or a folder.
        path: PathBuf,
        /// The node, or
        #[serde(default)]
        id: Option<u64>,
        /// the class.
        #[serde(default)]
        class_name: Option<String>,
        /// Paths, at most.
        limit: usize,
    },
    /// Which holder leaks.
    Suspects {
        /// Files or folders, oldest first.
        paths: Vec<PathBuf>,
        /// Suspects, at most.
        top: usize,
    },
}

impl Request {
    /// From JSON.
    ///
    /// # Errors
    /// `InvalidOption`.
    pub fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|error| {
            Error::InvalidOption(format!("the order for an analysis cannot be read: {error}"))
        })
    }

    /// Does it. The answer as JSON.
    ///
    /// # Errors
    /// As [`load`](super::load::load); `NotFound` for a class or node that is not there.
    pub fn run(self, workers: &Workers) -> Result<String> {
        let terms = Terms { salvage: self.salvage, budget: Budget::new(self.max_memory), held: 0 };
        if self.yields {
            workers::yield_to_the_service();
        }
        let stdin = self.stdin;
        let place = |path: PathBuf| {
            if stdin && path.as_os_str() == "-" { FileOrStdin::Stdin } else { FileOrStdin::Path(path) }
        };
        match self.ask {
            Ask::Summary { path, top, class_name, each_class } => {
                let all = if each_class { Which::EachClass } else { Which::All };
                let which = class_name.map_or(all, Which::Class);
                json(&summary::summarize(&place(path), top, &which, terms, workers)?)
            }
            Ask::Report { paths, top } => {
                let places: Vec<FileOrStdin> = paths.into_iter().map(place).collect();
                json(&report::read(&places, top, terms, workers)?)
            }
            Ask::Compare { paths, ids } => {
                let places: Vec<FileOrStdin> = paths.into_iter().map(place).collect();
                match places.as_slice() {
                    [] | [_] => Err(Error::InvalidOption("to compare, two snapshots are needed".to_owned())),
                    [before, after] => json(&comparison::compare(before, after, ids, terms, workers)?),
                    more => json(&comparison::follow(more, terms, workers)?),
                }
            }
            Ask::Paths { path, id, class_name, limit } => {
                let neither = || Error::InvalidOption("paths to what? give an id or a class".to_owned());
                let target = id.map(Target::Id).or(class_name.map(Target::Class)).ok_or_else(neither)?;
                json(&retainers::find(&place(path), &target, limit, terms, workers)?)
            }
            Ask::Suspects { paths, top } => {
                let places: Vec<FileOrStdin> = paths.into_iter().map(place).collect();
                json(&suspects::find(&places, top, terms, workers)?)
            }
        }
    }
}

fn json(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer)
        .map_err(|error| Error::AnalysisFailed(format!("the answer is no JSON: {error}")))
}

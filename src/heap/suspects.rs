//! Which holder leaks, and what it is called.
//!
//! It sees `super::{graph, host, rules, engine, paths, growth}`.
//!
//! [`growth`](super::growth) says at which holders entries pile up. Here each of them becomes a suspect: the node in the
//! last snapshot, the name that a developer gave it (`anchor`), what kind of thing it is (`kinds`), how much it holds,
//! also where several hold the same (`share`), and what is to be said of it (`prose`).
//!
//! **Architecture invariant:** a detector looks at one case and never at the whole heap; what it recognises changes words and
//! the verdict, never a number. All texts that come from the heap are cut here, and escaped by who shows them.
//!
//! | file | what it does |
//! |---|---|
//! | [`find`] | from holders to suspects |
//! | [`report`] | the answer |
//! | `case` | a holder and its entries, with the questions that detectors ask |
//! | `members` | the entries of each holder |
//! | `scopes` | which scopes are a program's |
//! | `anchor` | what a developer calls the holder, and where that stands |
//! | `share` | the leak share: what each suspect holds |
//! | `others` | other holders of the same entries |
//! | `kinds` | a detector a file |
//! | `bounds` | signs that a collection is bounded |
//! | `look` | what an entry looks like, and the keys |
//! | [`overall`] | what is said of the whole |
//! | `prose` | titles, explanations, verdicts, confidence |
//! | `words` | figures as people read them |
//! | `fingerprint` | one bug, one fingerprint |
//! | `catalogue` | published leaks |

mod anchor;
mod bounds;
mod case;
pub mod catalogue;
pub mod find;
mod fingerprint;
mod kinds;
mod look;
mod members;
mod others;
pub mod overall;
mod prose;
pub mod report;
mod scopes;
mod share;
mod words;

#[cfg(test)]
mod tests;

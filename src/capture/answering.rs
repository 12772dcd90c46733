//! Who answers questions in a thawed copy: `node`, which this room does not see.

use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::image::request::Request;
use crate::v8::Isolate;

/// What a question has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its value as text.
    Value(String),
    /// What it threw, as text.
    Exception(String),
}

/// Answers a [`Request::Ask`]; an error is why it could not be asked (no such object, a V8 without that function).
pub type Answerer = fn(&Isolate, &Request) -> Result<Answer>;

static ANSWERER: OnceLock<Answerer> = OnceLock::new();

/// `answerer` is asked from now on; only the first one is kept.
pub fn set_answerer(answerer: Answerer) {
    let _ = ANSWERER.set(answerer);
}

/// Asks it. In a thawed copy, on the isolate's thread, outside collections.
///
/// # Errors
/// Its own; `Unsupported` if there is none.
pub fn answer(isolate: &Isolate, request: &Request) -> Result<Answer> {
    let nobody = || Error::Unsupported("nobody answers questions in this copy".into());
    ANSWERER.get().ok_or_else(nobody)?(isolate, request)
}

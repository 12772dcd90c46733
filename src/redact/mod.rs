//! Masks the string values of a heap snapshot on its way to the file.
//!
//! The filter reads V8's JSON in pieces of any size and gives the same JSON: all numbers as they were, every text
//! of the `strings` section either as it was or masked. It is one pass, because V8 writes `nodes` and `edges`,
//! which say what a text is used for, before `strings`.
//!
//! **What stays** is what a developer needs to find a leak: names of classes, functions, scripts and V8's own
//! things; names of properties, captured variables and internal slots. **Everything else is masked**, also what
//! no node or edge refers to: string contents (values of variables and properties, keys and values of a `Map`,
//! environment variables, source code), sources of RegExps, for they are often built from input, and numbers where
//! `numericValues` asked for them.
//!
//! | a text that is | stays |
//! |---|---|
//! | the name of a class, function or script | up to [`NAME_LIMIT`] characters |
//! | the name of a property, accessor or variable | up to [`KEY_LIMIT`] characters: what is longer was made from data (the keys of `https.Agent#sockets` hold whole private keys) |
//! | the name of an internal or weak slot | up to [`KEY_LIMIT`] characters; a slot's *number* of four digits and more only if no string of the heap reads the same (a PIN is no slot) |
//! | a WeakMap's pair (`part of key (…) -> value (…)`) | with its ids; the name of a key or value that is itself a string or RegExp is masked in it |
//! | both a name and a value | as a name: V8 writes a text once, and every property name is a string too |
//!
//! So what is **not** guaranteed: a property name made from data (`cache[email]`), a function or class named after
//! data, a symbol's description (as the property `<symbol …>`) and integer keys (numbers in `edges`) stay readable,
//! and so does any value with the same text as such a name.
//!
//! A mask reads `(redacted #3, length 17)`. 3 is the text's place in this file's `strings`: equal strings still
//! look equal, different ones different, and nothing of the text is in it but its length (as far as V8 wrote it).
//!
//! It fails closed: input that it does not understand ends the capture with [`CaptureFailed`](crate::error::Error::CaptureFailed), and no byte
//! of a text is written before its end was seen and judged. Memory: a byte per text, one to two bits per node,
//! 8 KiB for the text at hand, and at most 1 MiB for the preamble.
//!
//! It sees `json` and `error`.
//!
//! **Architecture invariant:** pure; every byte goes through once, and none is written before it was understood. What is
//! optional in a snapshot is masked, not trusted: a type, a section or a use that is not known here keeps no text.
//!
//! | file | what it does |
//! |---|---|
//! | `filter` | which section is at hand, and what is done with it; `frame`: the document around the sections |
//! | `columns` | which number of a row says what a text is used for |
//! | `uses` | what each text is used for, and what follows for it |
//! | `text` | one text: read in pieces, kept or masked |
//! | `literal` | a section that is no list of rows or texts |
//!
//! What would tell: `filter`'s tests (against a twin that has the whole document in its hands), `tests/redact.rs` on what
//! V8 writes, `__test__/capture/redact.test.js`.

mod columns;
mod filter;
mod literal;
mod text;
mod uses;

pub use filter::Redactor;
pub use text::HELD;
pub use uses::{KEY_LIMIT, NAME_LIMIT};

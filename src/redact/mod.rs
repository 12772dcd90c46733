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

mod columns;
mod filter;
mod literal;
mod text;
mod uses;

pub use filter::Redactor;
pub use text::HELD;
pub use uses::{KEY_LIMIT, NAME_LIMIT};

//! JSON → [`Graph`](super::graph::Graph).
//!
//! | file | what it does |
//! |---|---|
//! | [`parse`](self::parse) | the sections in their order |
//! | `meta` | what a snapshot says of its own layout |
//! | `scan` | the bytes, block by block |
//! | `section` | what is no row of nodes or edges |
//! | `halves` | rows, two halves of a block at a time |
//! | `salvage` | what can be made of a file that was cut |

mod halves;
mod meta;
pub mod parse;
mod salvage;
mod scan;
mod section;

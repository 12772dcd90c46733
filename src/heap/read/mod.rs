//! JSON → [`Graph`](super::graph::Graph).
//!
//! | file | what it does |
//! |---|---|
//! | [`parse`](self::parse) | the sections in their order |
//! | `layout` | what a snapshot says of its own layout |
//! | `cursor` | the bytes, block by block |
//! | `section` | what is no row of nodes or edges |
//! | `parallel`, `columns` | rows, two halves of a block at a time |
//! | `salvage` | what can be made of a file that was cut |

mod blocks;
mod columns;
mod cursor;
mod layout;
mod parallel;
pub mod parse;
mod references;
mod salvage;
mod section;

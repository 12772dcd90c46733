//! Images of hand-made code, thawed by the real loader.
//!
//! | file | what it does |
//! |---|---|
//! | `code` | machine code |
//! | `make` | an image around it, and the loader |
//! | `works` | what an ordinary image can do |
//! | `fence` | what none can |
//! | `ends` | how it may end |
//! | `hostile` | images that are damaged on purpose |
//! | `real` | a process that froze itself |

mod code;
mod ends;
mod fence;
mod hostile;
mod make;
mod real;
mod works;

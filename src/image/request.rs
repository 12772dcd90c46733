//! What a thawed copy is asked to do. It comes on descriptor 0, right behind the image's last record: 8 bytes of length
//! (little-endian), then this as JSON. Names that a copy does not know it ignores, for it is as old as its image.

use serde::{Deserialize, Serialize};

/// The work of a copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Request {
    /// V8's snapshot, as JSON on descriptor 1; then it leaves.
    Snapshot {
        /// Numbers as nodes.
        #[serde(default)]
        numeric_values: bool,
    },
    /// Runs JavaScript. Its answer goes to descriptor 1 as one frame: 4 bytes of kind (0: a value, 1: an exception), 4 bytes
    /// of length (little-endian), the text. Then it reads the next request, until there is none.
    Ask {
        /// An expression or statements; with `id` or `class_name` a function, called with the object or the instances.
        code: String,
        /// The object with this id in the copy's own snapshot.
        #[serde(default)]
        id: Option<u32>,
        /// All instances of this class.
        #[serde(default)]
        class_name: Option<String>,
        /// Bytes of text the answer may have; it is cut beyond, and says so.
        most: u32,
    },
}

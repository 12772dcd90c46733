//! One bug, one fingerprint: in every process, snapshot and version of Node.
//!
//! It is made of what the bug is made of: the kind, the file, the names from the variable or property that a developer
//! wrote to the collection, the class of the collection and that of its entries. Lines, indexes, keys, ids, counts, the
//! way to the variable, and what V8 and Node have in between, which differs from version to version, are left out.

/// FNV-1a of 64 bits: the same in every build.
pub(super) fn of(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_as_it_is() {
        assert_eq!(of(&["collection", "server.js", "cache"]), "baaa9d2f89c93dcd");
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}

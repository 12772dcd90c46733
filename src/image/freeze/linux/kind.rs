//! What a mapping is, as far as its line in the list tells.

use super::maps::Mapping;

/// What is to be written of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing at all: it is the kernel's.
    None,
    /// Its range as one of the kernel's own data, without pages.
    Empty,
    /// Its range: a device's memory, or what only the kernel knows how to read.
    Range,
    /// Every page: the vDSO's two.
    All,
    /// The pages that are there.
    Present,
    /// `[heap]`.
    Break,
    /// `[stack]`.
    Stack,
    /// Private mapping of a file that has its name still: of an object what is no longer the file's.
    File,
    /// Private mapping of a file that is gone: all of it.
    Gone,
    /// Shared with others: what is in memory.
    Shared,
}

pub(super) fn source(mapping: &Mapping) -> Source {
    let path = mapping.path;
    let begins = |with: &str| path.starts_with(with.as_bytes());
    if mapping.inode == 0 && begins("[") {
        return match path {
            b"[vsyscall]" | b"[uprobes]" => Source::None,
            b"[vdso]" => Source::All,
            b"[heap]" => Source::Break,
            b"[stack]" => Source::Stack,
            _ if begins("[vvar") => Source::Empty,
            // A name that somebody gave it.
            _ => Source::Present,
        };
    }
    if mapping.inode == 0 && !begins("/") && !begins("anon_inode:") {
        return Source::Present;
    }
    // Memory without a file that has a number all the same.
    if ["/dev/zero", "/memfd:", "/dev/shm/", "/SYSV", "/anon_hugepage"].iter().any(|name| begins(name)) {
        return if mapping.private { Source::Present } else { Source::Shared };
    }
    if !begins("/") || begins("/dev/") || begins("/[") {
        return Source::Range;
    }
    match (mapping.private, path.ends_with(b" (deleted)")) {
        (true, false) => Source::File,
        (true, true) => Source::Gone,
        (false, _) => Source::Shared,
    }
}

#[cfg(test)]
mod tests {
    use super::super::maps::parse;
    use super::*;

    #[test]
    fn kinds_by_their_lines() {
        for (flags, inode, path, expected) in [
            ("rw-p", 0, "", Source::Present),
            ("---p", 0, "", Source::Present),
            ("rw-p", 0, "[heap]", Source::Break),
            ("rw-p", 0, "[stack]", Source::Stack),
            ("rw-p", 0, "[anon:v8]", Source::Present),
            ("r--p", 0, "[vvar]", Source::Empty),
            ("r--p", 0, "[vvar_vclock]", Source::Empty),
            ("r-xp", 0, "[vdso]", Source::All),
            ("--xp", 0, "[vsyscall]", Source::None),
            ("--xp", 0, "[uprobes]", Source::None),
            ("r-xp", 7, "/usr/bin/node", Source::File),
            ("r--p", 7, "/usr/lib/locale/locale-archive", Source::File),
            ("r-xp", 7, "/app/node_modules/x/x.node (deleted)", Source::Gone),
            ("rw-s", 7, "/tmp/shared", Source::Shared),
            ("rw-s", 7, "/dev/zero (deleted)", Source::Shared),
            ("rw-p", 7, "/dev/zero", Source::Present),
            ("rw-s", 7, "/memfd:x (deleted)", Source::Shared),
            ("rw-p", 7, "/memfd:x (deleted)", Source::Present),
            ("rw-p", 7, "/anon_hugepage (deleted)", Source::Present),
            ("rw-s", 7, "/dev/shm/x", Source::Shared),
            ("rw-s", 7, "/SYSV00000000 (deleted)", Source::Shared),
            ("rw-s", 7, "/dev/dri/card0", Source::Range),
            ("rw-s", 7, "anon_inode:[io_uring]", Source::Range),
            ("rw-s", 7, "anon_inode:i915.gem", Source::Range),
            ("rw-s", 7, "/[aio] (deleted)", Source::Range),
            ("rw-s", 7, "socket:[123]", Source::Range),
        ] {
            let line = format!("1000-2000 {flags} 00000000 00:01 {inode}      {path}");
            assert_eq!(source(&parse(line.as_bytes()).unwrap()), expected, "{line}");
        }
    }
}

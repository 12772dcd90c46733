//! What this process's own limits leave: `RLIMIT_AS` and `RLIMIT_DATA` (`ulimit -v`, `-d`), and the kernel's
//! promises where it makes no more than it can keep (`vm.overcommit_memory=2`). At these an allocation fails, and a
//! program that does not expect it ends. A forked child inherits the limits, and with its copy what is used of them.

use super::cgroup::{self, Cgroup};
use super::process::page_size;
use super::{kilobytes, number, read, read_number};
use std::path::Path;

/// Bytes that can still be had, and by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// In words: the subject of "has left" or "leaves".
    pub whose: &'static str,
}

/// The least that the container, the machine and this process's own limits leave. `None`: nobody says.
pub fn room(cgroup: Option<&Cgroup>) -> Option<Room> {
    let group =
        cgroup::headroom(cgroup).map(|bytes| Room { bytes, whose: "the container or the machine has left" });
    group.into_iter().chain(own()).min_by_key(|room| room.bytes)
}

/// What this process's own limits leave; `None` without a limit, or where what is used of it cannot be read.
pub fn own() -> Option<Room> {
    own_in(Path::new("/proc"), limit_of)
}

/// From now on this process may have `bytes` more of data, and not a byte beyond: the kernel refuses. For a copy of a
/// process, whose end is nobody's. Where it cannot be set, all is as it was.
#[cfg(target_os = "linux")]
pub fn cap(bytes: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Some(used) = read(Path::new("/proc/self/statm")).and_then(|statm| pages(&statm, DATA)) else {
        return;
    };
    let Rlimit { current, maximum } = getrlimit(Resource::Data);
    let most = used.saturating_add(bytes);
    let current = Some(current.map_or(most, |current| current.min(most)));
    let _ = setrlimit(Resource::Data, Rlimit { current, maximum });
}

/// The field of `/proc/self/statm` that `RLIMIT_AS` limits, and the one of `RLIMIT_DATA`: the kernel compares private
/// writable memory, the file adds the stack to it.
const ADDRESS_SPACE: usize = 0;
const DATA: usize = 5;

fn pages(statm: &[u8], field: usize) -> Option<u64> {
    let pages = statm.split(|byte| *byte == b' ').nth(field)?;
    number(pages.trim_ascii())?.checked_mul(page_size()?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AddressSpace,
    Data,
}

#[cfg(target_os = "linux")]
fn limit_of(kind: Kind) -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(match kind {
        Kind::AddressSpace => Resource::As,
        Kind::Data => Resource::Data,
    })
    .current
}

#[cfg(not(target_os = "linux"))]
fn limit_of(_: Kind) -> Option<u64> {
    None
}

fn own_in(proc: &Path, limit: impl Fn(Kind) -> Option<u64>) -> Option<Room> {
    let limits = [
        (Kind::AddressSpace, ADDRESS_SPACE, "the limit on address space (ulimit -v, RLIMIT_AS) leaves"),
        (Kind::Data, DATA, "the limit on data (ulimit -d, RLIMIT_DATA) leaves"),
    ];
    let limits = limits.map(|(kind, field, whose)| Some((limit(kind)?, field, whose)));
    let promised = promised(proc)
        .map(|bytes| Room { bytes, whose: "the machine, which promises no more than it has, can promise" });
    if limits.iter().all(Option::is_none) {
        return promised;
    }
    let statm = read(&proc.join("self/statm"))?;
    let left = limits.into_iter().flatten().filter_map(|(limit, field, whose)| {
        let used = pages(&statm, field)?;
        Some(Room { bytes: limit.saturating_sub(used), whose })
    });
    left.chain(promised).min_by_key(|room| room.bytes)
}

/// What the kernel can still promise; `None` where it promises more than it has, as nearly everywhere.
fn promised(proc: &Path) -> Option<u64> {
    if read_number(&proc.join("sys/vm/overcommit_memory"))? != 2 {
        return None;
    }
    let text = read(&proc.join("meminfo"))?;
    let field = |name: &[u8]| {
        text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name)).and_then(kilobytes)
    };
    Some(field(b"CommitLimit:")?.saturating_sub(field(b"Committed_AS:")?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::probe::tests::{ROLE, rerun};

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_smallest_of_the_limits_that_are_set() {
        let tree = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file("self/statm", "1000 10 5 3 0 200 0\n");
        file("sys/vm/overcommit_memory", "0\n");
        file("meminfo", "CommitLimit:   1000 kB\nCommitted_AS:  900 kB\n");
        let page = page_size().unwrap();
        let bytes = |limits: [Option<u64>; 2]| {
            own_in(tree.path(), |kind| limits[kind as usize]).map(|room| room.bytes)
        };
        assert_eq!(bytes([None, None]), None);
        assert_eq!(bytes([Some(1500 * page), None]), Some(500 * page));
        assert_eq!(bytes([Some(1500 * page), Some(300 * page)]), Some(100 * page));
        assert_eq!(bytes([Some(900 * page), None]), Some(0), "lowered below what there is");
        file("sys/vm/overcommit_memory", "2\n");
        assert_eq!(bytes([None, None]), Some(100 << 10));
        assert_eq!(bytes([Some(1500 * page), None]), Some(100 << 10));
        file("self/statm", "garbage");
        file("sys/vm/overcommit_memory", "0\n");
        assert_eq!(bytes([Some(1500 * page), None]), None);
    }

    /// In a process of its own, whose limits are lowered: as much as is said can be had, and no more.
    #[test]
    fn limits_the_kernel_enforces() {
        const TEST: &str = "probe::limits::tests::limits_the_kernel_enforces";
        let Ok(role) = std::env::var(ROLE) else {
            for role in ["-v", "-d"] {
                let test = rerun(TEST, role);
                // What a test runner needs depends on the machine: so much above it, measured inside.
                let output = std::process::Command::new(test.get_program())
                    .args(test.get_args())
                    .env(ROLE, role)
                    .output()
                    .unwrap();
                let text = String::from_utf8_lossy(&output.stdout);
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && text.contains("1 passed"), "{role} {text}{errors}");
            }
            return;
        };
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let (resource, field) = if role == "-v" { (Resource::As, 0) } else { (Resource::Data, 5) };
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let used = statm.split(' ').nth(field).unwrap().trim().parse::<u64>().unwrap() * 4096;
        let maximum = getrlimit(resource).maximum;
        setrlimit(resource, Rlimit { current: Some(used + 96 * MIB), maximum }).unwrap();
        let left = own().unwrap();
        assert!(left.whose.contains(role.as_str()), "{left:?}");
        assert!(left.bytes <= 96 * MIB && left.bytes > 80 * MIB, "{left:?}");
        assert_eq!(room(None).unwrap().bytes.abs_diff(left.bytes) / MIB, 0);
        assert!(Vec::<u8>::new().try_reserve_exact((left.bytes + MIB) as usize).is_err());
        assert!(Vec::<u8>::new().try_reserve_exact((left.bytes - 2 * MIB) as usize).is_ok());
    }
}

//! How much memory is left, as a signal handler may ask it: no allocation, no lock, only `open`, `read` and `close`.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Cgroup, GroupLimit, NO_LIMIT, Names, available_of};
use crate::probe::{flat_field, number};

/// `memory.stat` of a version 2 group has 2 KiB and grows; what is looked for stands in its first half.
const MOST: usize = 8 << 10;

/// The files to read, found beforehand.
#[derive(Debug)]
pub struct Gauge {
    levels: Vec<Level>,
    meminfo: Option<CString>,
}

#[derive(Debug)]
struct Level {
    limit: u64,
    /// A version 1 group also tells the smallest limit above it, even of a group not visible from here.
    inherits: bool,
    usage: CString,
    stat: CString,
    names: &'static Names,
}

fn c_path(path: &Path) -> Option<CString> {
    CString::new(path.as_os_str().as_bytes()).ok()
}

impl Gauge {
    /// For the groups of this process; limits are those of now. Of the machine alone, where there are none.
    pub fn new(cgroup: Option<&Cgroup>) -> Self {
        let level = |cgroup: &Cgroup, depth: usize, level: &Path| {
            let inherits = cgroup.version == 1 && depth == 0;
            let limit = match cgroup.limit(level) {
                GroupLimit::Bytes(limit) => limit,
                _ if inherits => NO_LIMIT,
                _ => return None,
            };
            Some(Level {
                limit,
                inherits,
                usage: c_path(&level.join(cgroup.names().usage))?,
                stat: c_path(&level.join("memory.stat"))?,
                names: cgroup.names(),
            })
        };
        let levels = cgroup.map_or_else(Vec::new, |cgroup| {
            let levels = cgroup.levels.iter().enumerate();
            levels.filter_map(|(depth, one)| level(cgroup, depth, one)).collect()
        });
        let meminfo = cgroup.map_or(Path::new("/proc/meminfo"), |cgroup| &cgroup.meminfo);
        Self { levels, meminfo: c_path(meminfo) }
    }

    /// Bytes that can still be allocated; `None` where nothing can be read. Async-signal-safe.
    pub fn room(&self) -> Option<u64> {
        let mut text = [0; MOST];
        let mut least = None;
        let mut take = |room: u64| least = Some(least.map_or(room, |least: u64| least.min(room)));
        for level in &self.levels {
            let Some(usage) = read(&level.usage, &mut text).map(<[u8]>::trim_ascii).and_then(number) else {
                continue;
            };
            let Some(stat) = read(&level.stat, &mut text) else { continue };
            let Some(reclaimable) = level.names.reclaimable(stat) else { continue };
            let inherited = flat_field(stat, "hierarchical_memory_limit").filter(|_| level.inherits);
            let limit = inherited.map_or(level.limit, |inherited| inherited.min(level.limit));
            if limit < NO_LIMIT {
                take(limit.saturating_sub(usage.saturating_sub(reclaimable)));
            }
        }
        let meminfo = self.meminfo.as_ref().and_then(|path| read(path, &mut text));
        if let Some(available) = meminfo.and_then(available_of) {
            take(available);
        }
        least
    }
}

/// The file's beginning.
fn read<'a>(path: &CString, text: &'a mut [u8; MOST]) -> Option<&'a [u8]> {
    // SAFETY: a NUL-terminated path; async-signal-safe.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return None;
    }
    // SAFETY: the buffer is as long as is said and lives for the call.
    let read = unsafe { libc::read(fd, text.as_mut_ptr().cast(), MOST) };
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    text.get(..usize::try_from(read).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_the_probe_reads() {
        let cgroup = Cgroup::detect();
        let known = super::super::headroom(cgroup.as_ref()).unwrap();
        let room = Gauge::new(cgroup.as_ref()).room().unwrap();
        // Other processes allocate meanwhile.
        assert!(room > 0 && room.abs_diff(known) < known / 2 + (1 << 30), "{room} and {known}");
    }

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let text = b"cache 1\ninactive_file 4096\nactive_file 12\n";
        assert_eq!(flat_field(text, "inactive_file"), Some(4096));
        assert_eq!(flat_field(text, "active_file"), Some(12));
        assert_eq!(flat_field(text, "total_active_file"), None);
        assert_eq!(available_of(b"MemTotal: 5 kB\nMemAvailable:    77 kB\n"), Some(77 << 10));
        assert_eq!(number(b"max\n".trim_ascii()), None);
    }
}

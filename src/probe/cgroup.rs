//! The control group whose limit would kill this process: version 1, version 2 or both mounted.

#[cfg(target_os = "linux")]
pub mod gauge;
#[cfg(target_os = "linux")]
pub(super) mod place;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(super) mod real;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(super) mod tests;

use super::pressure::{self, Pressure};
use super::{flat_field, kilobytes, number, read, read_number};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// From here on a v1 limit means none: the kernel prints 2^63 rounded down to a page, before 3.19 2^64 − 1.
const NO_LIMIT: u64 = 1 << 62;

/// The groups this process is in, from its own up to the outermost one visible from here.
///
/// Found once: a process is moved when it is started, not later. Limits change while it runs (a pod resized
/// in place), so every [`read`](Self::read) reads them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    version: u8,
    /// Folders that have the memory controller, the process's own group first. Never empty.
    levels: Vec<PathBuf>,
    /// With v1: the pressure file of the process's group in the v2 tree beside it. v2 has one at each level.
    pressure: Option<PathBuf>,
    meminfo: PathBuf,
}

/// One group's memory, all figures from the same group. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMemory {
    /// 1 or 2.
    pub version: u8,
    /// Everything charged to the group, page cache included: `memory.current`, `memory.usage_in_bytes`.
    pub usage: u64,
    /// What the kernel could not reclaim: `usage` without what it drops before it kills, clean pages of files,
    /// used lately or not, and (v2) caches of its own. Files in memory (tmpfs), pages that must be written to the
    /// disk first and locked ones stay in.
    pub used: u64,
    /// What the kernel kills for; `None` when no group up to the visible root has a limit.
    pub limit: Option<u64>,
    /// What happened at the limit so far.
    pub events: Events,
    /// Time lost to a shortage of memory in this group; `None` where only the machine's is known.
    pub pressure: Option<Pressure>,
}

/// Counters since the group was made, groups below included: `memory.events` of v2.
///
/// v1 has only `oom_kill` (`memory.oom_control`, Linux 4.13), counted where the victim was and not above: so it
/// is added up from the process's own group to this one, and kills in neighbours are missing. Its
/// `memory.failcnt` is no substitute for `max`: with equal limits for memory and memory plus swap, as Docker
/// sets them to forbid swap, it stays 0 while the kernel kills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Reclaimed although under `memory.low`.
    pub low: Option<u64>,
    /// Throttled for being over `memory.high`.
    pub high: Option<u64>,
    /// Usage was about to pass the limit.
    pub max: Option<u64>,
    /// The limit was reached and reclaim did not help.
    pub oom: Option<u64>,
    /// Processes the kernel killed for it.
    pub oom_kill: Option<u64>,
}

/// What a limit file says. `Unknown` is not `None`: nothing may be promised then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupLimit {
    Bytes(u64),
    None,
    Unknown,
}

impl GroupMemory {
    /// `used / limit`; `None` without a limit, or with the limit 0, which leaves nothing to divide by.
    pub fn ratio(&self) -> Option<f64> {
        self.limit.filter(|limit| *limit > 0).map(|limit| self.used as f64 / limit as f64)
    }
}

impl Cgroup {
    /// Finds this process's groups. `None` off Linux, without a memory controller, or when the mounts visible
    /// from here do not show the process's own group: a stranger's figures would be worse than none.
    pub fn detect() -> Option<Self> {
        Self::detect_in(Path::new("/"))
    }

    /// The same below another root, so that any machine's trees can be tested on this one.
    fn detect_in(root: &Path) -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            let memory = place::Controller {
                name: "memory",
                v1_file: Names::of(1).usage,
                v2_file: Names::of(2).usage,
            };
            let place::Place { version, levels, beside } = place::find(root, &memory)?;
            let pressure = beside.map(|folder| folder.join("memory.pressure")).filter(|file| file.exists());
            Some(Self { version, levels, pressure, meminfo: root.join("proc/meminfo") })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = root;
            None
        }
    }

    /// The figures of the group with the smallest limit; of two with the same limit the outer one, which
    /// has more charged to it. Without any limit, those of the process's own group.
    ///
    /// `None` when that group's usage or its cache cannot be read (it was removed, say).
    pub fn read(&self) -> Option<GroupMemory> {
        let mut winner = (self.levels.first()?, None);
        for level in &self.levels {
            if let GroupLimit::Bytes(limit) = self.limit(level)
                && winner.1.is_none_or(|smallest| limit <= smallest)
            {
                winner = (level, Some(limit));
            }
        }
        let (level, limit) = winner;
        let usage = read_number(&level.join(self.names().usage))?;
        let reclaimable = self.names().reclaimable(&read(&level.join("memory.stat"))?)?;
        Some(GroupMemory {
            version: self.version,
            usage,
            // The two are read one after the other and the second may be the newer.
            used: usage.saturating_sub(reclaimable),
            limit,
            events: self.events(level),
            pressure: match self.version {
                1 => self.pressure.as_deref().and_then(pressure::from_file),
                _ => pressure::from_file(&level.join("memory.pressure")),
            },
        })
    }

    /// What may still be allocated below every limit on the path.
    fn headroom(&self) -> Option<u64> {
        let mut least = u64::MAX;
        for (depth, level) in self.levels.iter().enumerate() {
            let limit = match self.limit(level) {
                GroupLimit::Bytes(limit) => Some(limit),
                GroupLimit::None => None,
                GroupLimit::Unknown => return None,
            };
            // A v1 group also tells the smallest limit above it, even of a group not visible from here. What
            // that group has charged is at least what ours has, so this is still an upper bound.
            let above = self.version == 1 && depth == 0;
            if limit.is_none() && !above {
                continue;
            }
            let stat = read(&level.join("memory.stat"))?;
            let inherited =
                flat_field(&stat, "hierarchical_memory_limit").filter(|limit| above && *limit < NO_LIMIT);
            let Some(limit) = limit.into_iter().chain(inherited).min() else { continue };
            let usage = read_number(&level.join(self.names().usage))?;
            let used = usage.saturating_sub(self.names().reclaimable(&stat)?);
            least = least.min(limit.saturating_sub(used));
        }
        match available(&self.meminfo) {
            Some(available) => Some(least.min(available)),
            None => Some(least).filter(|least| *least < u64::MAX),
        }
    }

    /// Whether the kernel kills all of a group on the path where it would kill one for want of memory (`memory.oom.group`, version 2
    /// only): a child of ours is no longer the one that goes first.
    pub fn ends_as_one(&self) -> bool {
        let set =
            |level: &PathBuf| read_number(&level.join("memory.oom.group")).is_some_and(|word| word != 0);
        self.version == 2 && self.levels.iter().any(set)
    }

    fn limit(&self, level: &Path) -> GroupLimit {
        let Some(text) = read(&level.join(self.names().limit)) else { return GroupLimit::Unknown };
        match text.trim_ascii() {
            b"max" if self.version == 2 => GroupLimit::None,
            digits => match number(digits) {
                Some(bytes) if bytes < NO_LIMIT => GroupLimit::Bytes(bytes),
                Some(_) => GroupLimit::None,
                None => GroupLimit::Unknown,
            },
        }
    }

    fn events(&self, level: &PathBuf) -> Events {
        if self.version == 1 {
            let inside = self.levels.iter().take_while(|inner| *inner != level).chain([level]);
            let kills = |group: &Path| flat_field(&read(&group.join("memory.oom_control"))?, "oom_kill");
            let oom_kill = inside.map(|group| kills(group)).sum();
            return Events { oom_kill, ..Events::default() };
        }
        let Some(text) = read(&level.join("memory.events")) else { return Events::default() };
        let field = |name| flat_field(&text, name);
        Events {
            low: field("low"),
            high: field("high"),
            max: field("max"),
            oom: field("oom"),
            oom_kill: field("oom_kill"),
        }
    }

    fn names(&self) -> &'static Names {
        Names::of(self.version)
    }
}

/// What the two versions call the same thing. v1's plain `inactive_file` leaves groups below out, its usage
/// does not.
#[derive(Debug)]
struct Names {
    usage: &'static str,
    limit: &'static str,
    inactive_file: &'static str,
    active_file: &'static str,
    /// Pages of files that the disk has not got yet.
    unwritten: [&'static str; 2],
    /// Caches of the kernel's own that it gives back; v1 does not tell them from the rest.
    slab: Option<&'static str>,
}

impl Names {
    const fn of(version: u8) -> &'static Self {
        match version {
            1 => &Self {
                usage: "memory.usage_in_bytes",
                limit: "memory.limit_in_bytes",
                inactive_file: "total_inactive_file",
                active_file: "total_active_file",
                unwritten: ["total_dirty", "total_writeback"],
                slab: None,
            },
            _ => &Self {
                usage: "memory.current",
                limit: "memory.max",
                inactive_file: "inactive_file",
                active_file: "active_file",
                unwritten: ["file_dirty", "file_writeback"],
                slab: Some("slab_reclaimable"),
            },
        }
    }

    /// Bytes that the kernel drops before it kills. tmpfs and shared memory are not among the pages of files here: the
    /// kernel lists them as anonymous. `None`: the file is not as documented.
    fn reclaimable(&self, stat: &[u8]) -> Option<u64> {
        let optional = |name| flat_field(stat, name).unwrap_or(0);
        let files = flat_field(stat, self.inactive_file)?.saturating_add(optional(self.active_file));
        let unwritten = self.unwritten.iter().map(|name| optional(name)).fold(0, u64::saturating_add);
        Some(files.saturating_sub(unwritten).saturating_add(self.slab.map_or(0, optional)))
    }
}

/// Bytes that can still be allocated before the kernel kills: the least of `limit − used` over all groups on
/// the path and of the machine's `MemAvailable` (a limit may be larger than the machine). Swap is not counted.
/// `None` when a limit or a figure it is compared with cannot be read.
pub fn headroom(cgroup: Option<&Cgroup>) -> Option<u64> {
    match cgroup {
        Some(cgroup) => cgroup.headroom(),
        None => available(Path::new("/proc/meminfo")),
    }
}

/// `MemAvailable`: what can be had without swapping, as the kernel estimates it.
fn available(meminfo: &Path) -> Option<u64> {
    available_of(&read(meminfo)?)
}

/// Of the text of that file. Allocates nothing.
fn available_of(text: &[u8]) -> Option<u64> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"MemAvailable:")).and_then(kilobytes)
}

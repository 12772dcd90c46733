//! Where this process's groups of a controller are: `/proc/self/cgroup` names them, `/proc/self/mountinfo`
//! says where they can be seen from here.

use crate::probe::{read, read_within};
use procfs::process::MountInfo;
use procfs::{FromBufRead, ProcessCGroups};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

/// Thousands of containers, each with tens of mounts: about 200 bytes a line.
const MOUNTINFO: u64 = 16 << 20;

/// A controller, and the file by which its groups are known.
pub(in crate::probe) struct Controller {
    pub name: &'static str,
    pub v1_file: &'static str,
    pub v2_file: &'static str,
}

/// Where the groups are.
pub(in crate::probe) struct Place {
    /// 1 or 2.
    pub version: u8,
    /// Folders that have the controller, the process's own group first. Never empty.
    pub levels: Vec<PathBuf>,
    /// With v1: the process's group in the v2 tree beside it.
    pub beside: Option<PathBuf>,
}

/// Where v1 has a hierarchy with the controller, the kernel has given it to that: v2 then has it nowhere.
pub(in crate::probe) fn find(root: &Path, controller: &Controller) -> Option<Place> {
    let text = read(&root.join("proc/self/cgroup"))?;
    let groups = ProcessCGroups::from_buf_read(&text[..]).ok()?.0;
    let mounts = mounts(root, controller)?;

    let v1 = groups.iter().find(|group| group.controllers.iter().any(|name| name == controller.name));
    let v2 = groups.iter().find(|group| group.hierarchy == 0 && group.controllers.is_empty());
    let v1_mounts = || mounts.iter().filter(|mount| mount.version == 1);
    let v2_mounts = || mounts.iter().filter(|mount| mount.version == 2);

    if let Some(levels) = v1.and_then(|group| levels(v1_mounts(), &group.pathname, controller)) {
        let beside = v2.and_then(|group| v2_mounts().find_map(|mount| mount.folder(&group.pathname)));
        return Some(Place { version: 1, levels, beside });
    }
    let levels = levels(v2_mounts(), &v2?.pathname, controller)?;
    Some(Place { version: 2, levels, beside: None })
}

/// One mount of a group hierarchy.
struct Mount {
    version: u8,
    /// The group that is seen at `point`; `/` when all of the hierarchy is.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// The folder of the group `path`, if this mount shows it.
    ///
    /// Both names are seen from the process's cgroup namespace, so they agree lexically. A `..` left over is a
    /// group outside of the mount.
    fn folder(&self, path: &str) -> Option<PathBuf> {
        let below = Path::new(path).strip_prefix(&self.root).ok()?;
        let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        Some(self.point.join(below)).filter(|folder| plain && folder.is_dir())
    }

    /// From the group `path` up to what the mount shows as its root, the groups with the controller.
    fn levels(&self, path: &str, controller: &Controller) -> Vec<PathBuf> {
        let Some(folder) = self.folder(path) else { return Vec::new() };
        let file = if self.version == 1 { controller.v1_file } else { controller.v2_file };
        let mut levels = Vec::new();
        for level in folder.ancestors().take_while(|level| level.starts_with(&self.point)) {
            // Until Linux 5.11 a v1 memory group could leave those below uncounted: its limit is not theirs.
            let apart = |text: Vec<u8>| text.trim_ascii() == b"0";
            if self.version == 1
                && controller.name == "memory"
                && level != folder
                && read(&level.join("memory.use_hierarchy")).is_some_and(apart)
            {
                break;
            }
            // The root of v2, and a v2 group without the controller, have no such file.
            if level.join(file).exists() {
                levels.push(level.to_path_buf());
            }
        }
        levels
    }
}

/// A hierarchy may be mounted more than once (the host's, beside the container's own): the mount that
/// shows most of the path knows the most limits.
fn levels<'a>(
    mounts: impl Iterator<Item = &'a Mount>,
    path: &str,
    controller: &Controller,
) -> Option<Vec<PathBuf>> {
    let candidates = mounts.map(|mount| mount.levels(path, controller)).filter(|levels| !levels.is_empty());
    candidates.reduce(|best, next| if next.len() > best.len() { next } else { best })
}

/// The v1 mounts with the controller, and those of v2. A line that cannot be read is one mount less.
fn mounts(root: &Path, controller: &Controller) -> Option<Vec<Mount>> {
    let text = read_within(&root.join("proc/self/mountinfo"), MOUNTINFO)?;
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut mounts: Vec<Mount> = Vec::new();
    // Most lines are other file systems' and not worth taking apart.
    for line in lines.filter(|line| line.contains(" - cgroup")) {
        let Ok(info) = MountInfo::from_line(line) else { continue };
        let version = match info.fs_type.as_str() {
            "cgroup" if info.super_options.contains_key(controller.name) => 1,
            "cgroup2" => 2,
            _ => continue,
        };
        let point = unescape(info.mount_point.into_os_string().into_vec());
        let point = root.join(point.strip_prefix("/").unwrap_or(&point));
        // Mounted over: the later one is what is seen there.
        mounts.retain(|mount| mount.point != point);
        mounts.push(Mount { version, root: unescape(info.root.into_bytes()), point });
    }
    Some(mounts)
}

/// `mountinfo` writes blanks, tabs, line ends and backslashes as `\` and three octal digits; `procfs` leaves
/// them so.
fn unescape(text: Vec<u8>) -> PathBuf {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), tail)
            }
            _ => (*first, tail),
        };
        plain.push(byte);
        rest = tail;
    }
    PathBuf::from(OsString::from_vec(plain))
}

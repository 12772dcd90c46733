//! How many processes and threads the control group still allows: the kernel counts both as one, and refuses
//! `fork` and `pthread_create` alike with `EAGAIN` when a group on the path is full.
//!
//! `RLIMIT_NPROC` is not looked at. What it is compared with, the tasks of the real user in all containers
//! that share it, could only be counted by walking all of `/proc`, where a container does not show the others';
//! and it does not hold for root or `CAP_SYS_RESOURCE`. There, and at the machine's own limits, the `EAGAIN`
//! of `fork` has to do.

use super::{number, read, read_number};
use std::path::Path;

/// Tasks (processes and threads) of one group, those below it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pids {
    /// How many there are: `pids.current`. May exceed `limit`, which was lowered then.
    pub current: u64,
    /// How many there may be: `pids.max`.
    pub limit: u64,
}

impl Pids {
    /// How many may still be started.
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.current)
    }
}

/// Of the groups with a limit, from the process's own up to the outermost visible, the one with the fewest left;
/// of two alike the outer one. A group whose figures cannot be read is passed over: the others still bind.
///
/// `None` off Linux, without a visible pids controller, without a limit. Not for a hot path: the groups are
/// looked for anew.
pub fn pids() -> Option<Pids> {
    pids_in(Path::new("/"))
}

#[cfg(target_os = "linux")]
fn pids_in(root: &Path) -> Option<Pids> {
    use super::cgroup::place::{Controller, find};
    const FILE: &str = "pids.current";
    let place = find(root, &Controller { name: "pids", v1_file: FILE, v2_file: FILE })?;
    // Of several least ones `min_by_key` gives the first.
    place.levels.iter().rev().filter_map(|level| of_group(level)).min_by_key(Pids::left)
}

#[cfg(not(target_os = "linux"))]
fn pids_in(_: &Path) -> Option<Pids> {
    None
}

/// `None` also for `max`, no limit, which is the same word in both versions.
fn of_group(level: &Path) -> Option<Pids> {
    let limit = number(read(&level.join("pids.max"))?.trim_ascii())?;
    Some(Pids { current: read_number(&level.join("pids.current"))?, limit })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::probe::cgroup::real::Group;
    use crate::probe::cgroup::tests::{CGROUP2, Tree};
    use crate::probe::tests::ROLE;

    const LIMIT: u64 = 12;
    const TEST: &str = "probe::pids::tests::a_limit_the_kernel_enforces";

    fn group(tree: &Tree, group: &str, current: &str, max: &str) {
        tree.file(&format!("{group}/pids.current"), current);
        tree.file(&format!("{group}/pids.max"), max);
    }

    /// `(current, limit)`
    fn found(tree: &Tree) -> Option<(u64, u64)> {
        pids_in(tree.0.path()).map(|pids| (pids.current, pids.limit))
    }

    #[test]
    fn v2_the_group_with_the_fewest_left_counts() {
        let tree = Tree::new("0::/pod/app/pool\n", &[CGROUP2]);
        // The root has neither file, and a group without the controller is charged to its parent.
        tree.file("sys/fs/cgroup/pod/app/pool/cgroup.procs", "1\n");
        group(&tree, "sys/fs/cgroup/pod", "90\n", "100\n");
        group(&tree, "sys/fs/cgroup/pod/app", "30\n", "max\n");
        assert_eq!(found(&tree), Some((90, 100)));
        // The smaller limit is not the one that binds.
        group(&tree, "sys/fs/cgroup/pod/app", "30\n", "64\n");
        assert_eq!(found(&tree), Some((90, 100)));
        group(&tree, "sys/fs/cgroup/pod/app", "60\n", "64\n");
        assert_eq!(found(&tree), Some((60, 64)));
        // As few left in both: the outer one is shared with others.
        group(&tree, "sys/fs/cgroup/pod/app", "54\n", "64\n");
        assert_eq!(found(&tree), Some((90, 100)));
        // Lowered below what there is.
        group(&tree, "sys/fs/cgroup/pod/app", "54\n", "50\n");
        assert_eq!((found(&tree), pids_in(tree.0.path()).unwrap().left()), (Some((54, 50)), 0));
    }

    #[test]
    fn v1_has_a_hierarchy_of_its_own() {
        let memory = "/docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
        let pids = "/docker/ab /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids";
        let unified = "/docker/ab /sys/fs/cgroup/unified ro - cgroup2 cgroup2 rw";
        let tree =
            Tree::new("8:pids:/docker/ab/x\n4:memory:/docker/ab\n0::/docker/ab\n", &[memory, unified, pids]);
        group(&tree, "sys/fs/cgroup/pids", "20\n", "100\n");
        group(&tree, "sys/fs/cgroup/pids/x", "3\n", "max\n");
        // Not where the controller is.
        group(&tree, "sys/fs/cgroup/memory", "1\n", "1\n");
        group(&tree, "sys/fs/cgroup/unified", "1\n", "1\n");
        assert_eq!(found(&tree), Some((20, 100)));
        // Mounted together with memory: that one's gaps in counting are not this one's.
        let both = "/ /sys/fs/cgroup/both ro - cgroup cgroup rw,memory,pids";
        let tree = Tree::new("8:memory,pids:/docker/ab\n", &[both]);
        group(&tree, "sys/fs/cgroup/both/docker", "20\n", "100\n");
        group(&tree, "sys/fs/cgroup/both/docker/ab", "3\n", "max\n");
        tree.file("sys/fs/cgroup/both/docker/memory.use_hierarchy", "0\n");
        assert_eq!(found(&tree), Some((20, 100)));
    }

    #[test]
    fn what_cannot_be_read_is_no_limit_and_hides_none() {
        let tree = Tree::new("0::/pod/app\n", &[CGROUP2]);
        assert_eq!(found(&tree), None);
        for (current, max) in [("9\n", "max\n"), ("9\n", ""), ("9\n", "-1\n"), ("", "10\n"), ("x\n", "10\n")]
        {
            group(&tree, "sys/fs/cgroup/pod/app", current, max);
            assert_eq!(found(&tree), None, "{current:?} {max:?}");
        }
        group(&tree, "sys/fs/cgroup/pod", "9\n", "10\n");
        assert_eq!(found(&tree), Some((9, 10)));
        assert_eq!(pids_in(Path::new("/nowhere")), None);
    }

    /// A limited group with an unlimited one inside; or why there can be none.
    fn groups() -> Result<(Group, Group), String> {
        // The hierarchy's root, where a machine without containers is, has no such files.
        let top = Path::new("/sys/fs/cgroup/pids");
        let group = Group::new(top.join(format!("heapwarden-test-{}", std::process::id())))
            .map_err(|error| format!("{top:?} is not writable: {error}"))?;
        group.set("pids.max", &LIMIT.to_string()).map_err(|error| format!("no limit can be set: {error}"))?;
        let inner = Group::new(group.0.join("inner")).map_err(|error| error.to_string())?;
        Ok((group, inner))
    }

    #[test]
    fn a_limit_the_kernel_enforces() {
        if std::env::var_os(ROLE).is_some() {
            return exhaust();
        }
        let (outer, inner) = match groups() {
            Ok(groups) => groups,
            Err(why) => return println!("skipped: {why}"),
        };
        let output = inner.run(TEST, "exhaust");
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
        drop((inner, outer));
    }

    /// In the inner group: exactly as many threads can be started as are said to be left.
    fn exhaust() {
        let before = pids().unwrap();
        assert!(before.limit == LIMIT && (1..LIMIT).contains(&before.current), "{before:?}");
        let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
        let mut threads = Vec::new();
        let refused = loop {
            let stopped = stopped.clone();
            match std::thread::Builder::new().spawn(move || stopped.recv()) {
                Ok(thread) => threads.push(thread),
                Err(error) => break error,
            }
            assert!(threads.len() as u64 <= LIMIT, "the kernel has no limit");
        };
        assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);
        assert_eq!(threads.len() as u64, before.left());
        assert_eq!(pids(), Some(Pids { current: LIMIT, limit: LIMIT }));
        drop(stop);
        for thread in threads {
            assert!(thread.join().unwrap().is_err());
        }
    }
}

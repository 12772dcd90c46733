//! Trees as the container runtimes of the world make them.

use super::*;
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
const ENDLESS: &str = "9223372036854771712\n";
const MEMINFO: &str =
    "MemTotal:       16384000 kB\nMemFree:         1024000 kB\nMemAvailable:    8388608 kB\n";
/// 20 MiB can be reclaimed: clean pages of files, used lately or not, and a MiB of the kernel's own.
const V2_STAT: &str = "anon 33554432\nfile 25165824\nkernel 2097152\ninactive_anon 0\nactive_anon 33554432\n\
    file_dirty 524288\nfile_writeback 524288\ninactive_file 16777216\nactive_file 4194304\nunevictable 0\nslab_reclaimable 1048576\nslab 1572864\n";
const V2_EVENTS: &str = "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 0\nsock_throttled 0\n";
const PSI: &str =
    "some avg10=1.50 avg60=0.00 avg300=0.00 total=99\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=9\n";
const EVENTS: Events = Events { low: Some(1), high: Some(2), max: Some(3), oom: Some(4), oom_kill: Some(5) };

/// A machine's root directory, as far as this room looks at it.
pub(in crate::probe) struct Tree(pub tempfile::TempDir);

impl Tree {
    /// `mounts` are lines of mountinfo from the root field on.
    pub fn new(cgroup: &str, mounts: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        let other = "22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n";
        let line = |(at, mount): (usize, &&str)| format!("{} 23 0:{} {mount}\n", 30 + at, 40 + at);
        let lines: String = mounts.iter().enumerate().map(line).collect();
        tree.file("proc/self/cgroup", cgroup);
        tree.file("proc/self/mountinfo", &(other.to_owned() + &lines));
        tree.file("proc/meminfo", MEMINFO);
        tree
    }

    pub fn file(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A v2 group with the memory controller.
    fn v2(&self, group: &str, current: u64, max: &str) {
        let files =
            [("current", &*format!("{current}\n")), ("max", max), ("stat", V2_STAT), ("events", V2_EVENTS)];
        for (name, text) in files.into_iter().chain([("pressure", PSI)]) {
            self.file(&format!("{group}/memory.{name}"), text);
        }
    }

    /// A v1 group; `hierarchical` is the smallest limit from here up, also of groups that are not visible.
    fn v1(&self, group: &str, usage: u64, limit: &str, hierarchical: &str) {
        let stat = format!(
            "cache 25165824\nrss 33554432\ninactive_file 4096\nactive_file 0\nhierarchical_memory_limit {hierarchical}\
             total_cache 25165824\ntotal_dirty 1048576\n\
             total_writeback 1048576\ntotal_inactive_file 18874368\ntotal_active_file 4194304\n"
        );
        for (name, text) in [
            ("usage_in_bytes", &*format!("{usage}\n")),
            ("limit_in_bytes", limit),
            ("stat", &stat),
            ("use_hierarchy", "1\n"),
            ("oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        ] {
            self.file(&format!("{group}/memory.{name}"), text);
        }
    }

    fn detect(&self) -> Option<Cgroup> {
        Cgroup::detect_in(self.0.path())
    }

    /// `(version, usage, used, limit)` and the headroom, in MiB.
    fn figures(&self) -> ((u8, u64, u64, Option<u64>), Option<u64>) {
        let cgroup = self.detect().expect("a group");
        let figures = cgroup.read().expect("figures");
        let limit = figures.limit.map(|limit| limit / MIB);
        let headroom = headroom(Some(&cgroup)).map(|bytes| bytes / MIB);
        let gauge = gauge::Gauge::new(Some(&cgroup)).room().map(|bytes| bytes / MIB);
        assert_eq!(gauge, headroom, "a child counts as its parent does");
        ((figures.version, figures.usage / MIB, figures.used / MIB, limit), headroom)
    }
}

pub(in crate::probe) const CGROUP2: &str =
    "/ /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate,memory_recursiveprot";

fn mib(count: u64) -> String {
    format!("{}\n", count * MIB)
}

#[test]
fn docker_v2_with_a_namespace_of_its_own() {
    let tree = Tree::new("0::/\n", &[CGROUP2]);
    tree.v2("sys/fs/cgroup", 100 * MIB, &mib(512));
    assert_eq!(tree.figures(), ((2, 100, 80, Some(512)), Some(432)));
    let figures = tree.detect().unwrap().read().unwrap();
    assert_eq!((figures.events, figures.ratio()), (EVENTS, Some(80.0 / 512.0)));
    assert_eq!(figures.pressure, Some(Pressure { some10: 1.5, full10: 0.5 }));
}

#[test]
fn docker_v2_in_the_hosts_namespace() {
    let scope = "/system.slice/docker-0a6ffa3e359629d86e74bae7a6dcac35.scope";
    let tree = Tree::new(&format!("0::{scope}\n"), &[CGROUP2]);
    tree.v2(&format!("sys/fs/cgroup{scope}"), 100 * MIB, "max\n");
    tree.v2("sys/fs/cgroup/system.slice", 3000 * MIB, "max\n");
    // The root of all has no memory.current: nothing limits the machine but itself.
    tree.file("sys/fs/cgroup/memory.stat", V2_STAT);
    assert_eq!(tree.figures(), ((2, 100, 80, None), Some(8192)));
    tree.v2(&format!("sys/fs/cgroup{scope}"), 100 * MIB, &mib(256));
    assert_eq!(tree.figures(), ((2, 100, 80, Some(256)), Some(176)));
}

const POD: &str = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f_2.slice";

#[test]
fn kubernetes_v2_with_the_limit_on_the_pod() {
    let container = format!("{POD}/cri-containerd-77aa.scope");
    let tree = Tree::new(&format!("0::{container}\n"), &[CGROUP2]);
    tree.v2("sys/fs/cgroup/kubepods.slice", 9000 * MIB, &mib(15000));
    tree.v2("sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice", 5000 * MIB, "max\n");
    tree.v2(&format!("sys/fs/cgroup{POD}"), 600 * MIB, &mib(1024));
    tree.v2(&format!("sys/fs/cgroup{container}"), 200 * MIB, "max\n");
    assert_eq!(tree.figures(), ((2, 600, 580, Some(1024)), Some(444)));
    // The same limit on both: the pod's is reached first.
    tree.v2(&format!("sys/fs/cgroup{container}"), 200 * MIB, &mib(1024));
    assert_eq!(tree.figures(), ((2, 600, 580, Some(1024)), Some(444)));
    // A smaller one on the container wins, but it is the pod that has the least room left.
    tree.v2(&format!("sys/fs/cgroup{container}"), 200 * MIB, &mib(800));
    assert_eq!(tree.figures(), ((2, 200, 180, Some(800)), Some(444)));
}

#[test]
fn a_group_without_the_controller_is_charged_to_its_parent() {
    let tree = Tree::new("0::/app.slice/threads/pool\n", &[CGROUP2]);
    tree.file("sys/fs/cgroup/app.slice/threads/pool/cgroup.procs", "1\n");
    tree.v2("sys/fs/cgroup/app.slice", 300 * MIB, &mib(400));
    assert_eq!(tree.figures(), ((2, 300, 280, Some(400)), Some(120)));
}

const V1_GROUPS: &str =
    "12:pids:/docker/ab\n9:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n1:name=systemd:/docker/ab\n";

#[test]
fn docker_v1_sees_its_own_group_as_the_mounts_root() {
    let memory = "/docker/ab /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory";
    let pids = "/docker/ab /sys/fs/cgroup/pids ro,nosuid master:18 - cgroup cgroup rw,pids";
    let tree = Tree::new(V1_GROUPS, &[pids, memory]);
    tree.v1("sys/fs/cgroup/memory", 100 * MIB, &mib(512), &mib(512));
    assert_eq!(tree.figures(), ((1, 100, 80, Some(512)), Some(432)));
    let figures = tree.detect().unwrap().read().unwrap();
    assert_eq!(figures.events, Events { oom_kill: Some(2), ..Events::default() });
    assert_eq!(figures.pressure, None);
    // Without a limit of its own, below a pod that has one: the figure stays unknown, the room does not.
    tree.v1("sys/fs/cgroup/memory", 100 * MIB, ENDLESS, &mib(300));
    assert_eq!(tree.figures(), ((1, 100, 80, None), Some(220)));
    for endless in ["18446744073709551615\n", "9223372036854710272\n"] {
        tree.v1("sys/fs/cgroup/memory", 100 * MIB, endless, endless);
        assert_eq!(tree.figures(), ((1, 100, 80, None), Some(8192)));
    }
    // A group made below the container's (by a supervisor inside of it).
    tree.file("proc/self/cgroup", "4:memory:/docker/ab/worker\n");
    tree.v1("sys/fs/cgroup/memory", 100 * MIB, &mib(512), &mib(512));
    tree.v1("sys/fs/cgroup/memory/worker", 50 * MIB, ENDLESS, &mib(512));
    assert_eq!(tree.figures(), ((1, 100, 80, Some(512)), Some(432)));
}

#[test]
fn v1_on_the_host_and_a_parent_that_does_not_count() {
    let tree = Tree::new(V1_GROUPS, &["/ /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"]);
    tree.v1("sys/fs/cgroup/memory", 9000 * MIB, ENDLESS, ENDLESS);
    tree.v1("sys/fs/cgroup/memory/docker", 700 * MIB, &mib(1000), &mib(1000));
    tree.v1("sys/fs/cgroup/memory/docker/ab", 100 * MIB, ENDLESS, &mib(1000));
    assert_eq!(tree.figures(), ((1, 700, 680, Some(1000)), Some(320)));
    // Two victims in each group up to the one with the limit; the root's are not this group's.
    let kills = || tree.detect().unwrap().read().unwrap().events.oom_kill;
    assert_eq!(kills(), Some(4));
    tree.file("sys/fs/cgroup/memory/docker/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    assert_eq!(kills(), None);
    tree.v1("sys/fs/cgroup/memory/docker/ab", 100 * MIB, ENDLESS, ENDLESS);
    tree.file("sys/fs/cgroup/memory/docker/memory.use_hierarchy", "0\n");
    assert_eq!(tree.figures(), ((1, 100, 80, None), Some(8192)));
}

#[test]
fn kubernetes_v1_with_the_hosts_tree_mounted_too() {
    let pod = "/kubepods/burstable/pod3f-2";
    let own = format!("{pod}/77aa /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory");
    let tree = Tree::new(
        &format!("4:memory:{pod}/77aa\n"),
        &[&own, "/ /host/cg/memory ro - cgroup cgroup rw,memory"],
    );
    tree.v1("sys/fs/cgroup/memory", 200 * MIB, ENDLESS, &mib(900));
    assert_eq!(tree.figures(), ((1, 200, 180, None), Some(720)));
    // An agent's container sees the pod's group as well: then its figures are known, not only its limit.
    tree.v1(&format!("host/cg/memory{pod}"), 600 * MIB, &mib(900), &mib(900));
    tree.v1(&format!("host/cg/memory{pod}/77aa"), 200 * MIB, ENDLESS, &mib(900));
    assert_eq!(tree.figures(), ((1, 600, 580, Some(900)), Some(320)));
}

#[test]
fn hybrid_takes_memory_from_v1_and_pressure_from_v2() {
    let groups = "5:memory:/user.slice\n1:name=systemd:/user.slice/a\n0::/user.slice/a\n";
    let unified = "/ /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw";
    let memory = "/ /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory";
    let tree = Tree::new(groups, &[unified, memory]);
    tree.v1("sys/fs/cgroup/memory/user.slice", 100 * MIB, &mib(512), &mib(512));
    tree.file("sys/fs/cgroup/unified/user.slice/a/memory.pressure", PSI);
    assert_eq!(tree.figures(), ((1, 100, 80, Some(512)), Some(432)));
    assert_eq!(tree.detect().unwrap().read().unwrap().pressure, Some(Pressure { some10: 1.5, full10: 0.5 }));
}

#[test]
fn mount_points_with_blanks_and_mounts_over_mounts() {
    let tree = Tree::new(
        "0::/\n",
        &[
            "/../host /mnt/my\\040cg rw - cgroup2 none rw",
            "/elsewhere /mnt/my\\040cg rw - cgroup2 none rw",
            "/ /mnt/my\\040cg rw - cgroup2 none rw",
        ],
    );
    tree.v2("mnt/my cg", 100 * MIB, &mib(512));
    assert_eq!(tree.figures(), ((2, 100, 80, Some(512)), Some(432)));
    // What lies beneath is not what the files there belong to.
    let tree = Tree::new("0::/\n", &[CGROUP2, "/elsewhere /sys/fs/cgroup rw - cgroup2 none rw"]);
    tree.v2("sys/fs/cgroup", 100 * MIB, &mib(512));
    assert_eq!(tree.detect(), None);
}

#[test]
fn a_strangers_group_is_not_taken_for_ours() {
    // Groups that the mounts do not show, or that are gone, beside a root that looks perfectly well.
    for group in ["/../sibling", "/gone (deleted)", "/../../x/y", "relative"] {
        let tree = Tree::new(&format!("0::{group}\n"), &[CGROUP2]);
        tree.v2("sys/fs/cgroup", 100 * MIB, &mib(512));
        tree.v2("sys/fs/sibling", 100 * MIB, &mib(512));
        assert_eq!(tree.detect(), None, "{group}");
    }
    let tree = Tree::new("0::/\n", &["/.. /sys/fs/cgroup rw - cgroup2 none rw"]);
    tree.v2("sys/fs/cgroup", 100 * MIB, &mib(512));
    assert_eq!(tree.detect(), None);
    assert_eq!(Tree::new("0::/\n", &[]).detect(), None);
    assert_eq!(Cgroup::detect_in(Path::new("/nowhere")), None);
}

#[test]
fn a_surprise_is_none_and_never_a_guess() {
    let tree = Tree::new("0::/\n", &[CGROUP2]);
    let cgroup = |name: &str, text: &str| {
        tree.v2("sys/fs/cgroup", 100 * MIB, &mib(512));
        tree.file(&format!("sys/fs/cgroup/memory.{name}"), text);
        tree.detect().unwrap()
    };
    for (name, text) in
        [("current", "-1\n"), ("current", ""), ("stat", "anon 1\n"), ("stat", "inactive_file x\n")]
    {
        let cgroup = cgroup(name, text);
        assert_eq!((cgroup.read(), headroom(Some(&cgroup))), (None, None), "{name} {text:?}");
    }
    for text in ["", "-1", "512M", "99999999999999999999", "min"] {
        let cgroup = cgroup("max", text);
        assert_eq!((cgroup.read().unwrap().limit, headroom(Some(&cgroup))), (None, None), "{text:?}");
    }
    let odd = cgroup("events", "max 3\noom -4\noom_kill 5 6\n").read().unwrap();
    assert_eq!(odd.events, Events { max: Some(3), ..Events::default() });
    assert_eq!(odd.limit, Some(512 * MIB));
    assert_eq!(cgroup("max", "0\n").read().unwrap().ratio(), None);
    // More cache than usage: the two files are not read at the same instant.
    assert_eq!(cgroup("current", "4096\n").read().unwrap().used, 0);
    tree.file("proc/meminfo", "MemTotal: 1 kB\n");
    assert_eq!(headroom(Some(&cgroup("max", &mib(512)))), Some(432 * MIB));
    assert_eq!(headroom(Some(&cgroup("max", "max\n"))), None);
}

#[test]
fn a_container_that_dies_as_one() {
    let tree = Tree::new("0::/a/b\n", &[CGROUP2]);
    tree.v2("sys/fs/cgroup/a", MIB, "max\n");
    tree.v2("sys/fs/cgroup/a/b", MIB, "max\n");
    assert!(!tree.detect().unwrap().ends_as_one());
    tree.file("sys/fs/cgroup/a/b/memory.oom.group", "0\n");
    assert!(!tree.detect().unwrap().ends_as_one());
    tree.file("sys/fs/cgroup/a/memory.oom.group", "1\n");
    assert!(tree.detect().unwrap().ends_as_one(), "the kernel ends all below the outermost that says so");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_panics(groups in "([0-9]:(memory)?:/?[a./]{0,4}\n){0,3}|.{0,20}", mount in "[/. \\\\0-9-]{0,9} - cgroup2? .{0,9}",
        max: Vec<u8>, stat: Vec<u8>) {
        let tree = Tree::new(&groups, &[&mount, CGROUP2]);
        tree.v2("sys/fs/cgroup", MIB, "max");
        std::fs::write(tree.0.path().join("sys/fs/cgroup/memory.max"), max).unwrap();
        std::fs::write(tree.0.path().join("sys/fs/cgroup/memory.stat"), stat).unwrap();
        if let Some(cgroup) = tree.detect() {
            let _ = (cgroup.read(), headroom(Some(&cgroup)));
        }
    }
}

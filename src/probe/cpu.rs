//! How much of the processor the control groups leave to this process: a quota that is used up by the service lets nobody beside
//! it run, whatever the machine has.

use super::{flat_field, number, read, read_number};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the groups with a quota have used up to now.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    groups: Vec<Group>,
    /// What this process has used of the processor.
    own: Duration,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    place: PathBuf,
    /// Processors, as a number that may be broken.
    quota: f64,
    /// Microseconds; `None`: not told.
    used: Option<u64>,
    /// Periods at whose end there was nothing left.
    throttled: Option<u64>,
}

/// What was left over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spare {
    /// Processors that nobody used.
    pub left: f64,
    /// Of so many.
    pub quota: f64,
}

/// What was left over is looked at for so long: three periods of a quota.
const WINDOW: Duration = Duration::from_millis(300);

/// What the groups leave over now. `None` where none has a quota, or nobody tells. Looks for a third of a second where one has.
pub fn spare() -> Option<Spare> {
    let before = look()?;
    let began = Instant::now();
    std::thread::sleep(WINDOW);
    look()?.spare_since(&before, began.elapsed())
}

/// Looks at this process's groups. `None` where none has a quota. Not for a hot path: they are looked for anew.
pub fn look() -> Option<Look> {
    look_in(Path::new("/"))
}

impl Look {
    /// What the tightest group had left over between `before` and this, `time` later; `None` where that is not told.
    pub fn spare_since(&self, before: &Self, time: Duration) -> Option<Spare> {
        let before_own = before.own;
        let pairs = self.groups.iter().filter_map(|now| {
            let before = before.groups.iter().find(|group| group.place == now.place)?;
            now.spare_since(before, self.own.saturating_sub(before_own), time)
        });
        pairs.min_by(|a, b| a.left.total_cmp(&b.left))
    }
}

impl Group {
    /// Where the group does not tell what it has used, this process has used `own` of it at least.
    fn spare_since(&self, before: &Self, own: Duration, time: Duration) -> Option<Spare> {
        let quota = self.quota;
        if self.throttled.zip(before.throttled).is_some_and(|(now, before)| now > before) {
            return Some(Spare { left: 0.0, quota });
        }
        let used = match self.used.zip(before.used) {
            Some((now, before)) => now.checked_sub(before)? as f64 / 1e6,
            None => own.as_secs_f64(),
        };
        Some(Spare { left: (quota - used / time.as_secs_f64()).max(0.0), quota })
    }
}

#[cfg(target_os = "linux")]
fn look_in(root: &Path) -> Option<Look> {
    use super::cgroup::place::{Controller, find};
    let place = find(root, &Controller { name: "cpu", v1_file: "cpu.cfs_quota_us", v2_file: "cpu.max" })?;
    // v1 counts elsewhere, perhaps in other groups: those of the same depth are taken for the same ones.
    let counted =
        || find(root, &Controller { name: "cpuacct", v1_file: "cpuacct.usage", v2_file: "cpu.max" });
    let counted = (place.version == 1).then(counted).flatten().map(|counted| counted.levels);
    let counted = counted.filter(|levels| levels.len() == place.levels.len());
    let groups = place.levels.iter().enumerate().filter_map(|(index, level)| match &counted {
        _ if place.version == 2 => of_v2(level),
        counted => of_v1(level, counted.as_ref().and_then(|levels| levels.get(index))),
    });
    let groups: Vec<Group> = groups.collect();
    (!groups.is_empty()).then(|| Look { groups, own: own() })
}

#[cfg(target_os = "linux")]
fn own() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.try_into().unwrap_or(0), used.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
fn look_in(_: &Path) -> Option<Look> {
    None
}

/// `cpu.max` is `QUOTA PERIOD`, in microseconds, or `max PERIOD`.
fn of_v2(level: &Path) -> Option<Group> {
    let text = read(&level.join("cpu.max"))?;
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let quota = ratio(number(words.next()?)?, number(words.next()?)?)?;
    let stat = read(&level.join("cpu.stat")).unwrap_or_default();
    let field = |name| flat_field(&stat, name);
    Some(Group {
        place: level.to_owned(),
        quota,
        used: field("usage_usec"),
        throttled: field("nr_throttled"),
    })
}

/// −1 microseconds: there is none.
fn of_v1(level: &Path, counted: Option<&PathBuf>) -> Option<Group> {
    let quota =
        ratio(read_number(&level.join("cpu.cfs_quota_us"))?, read_number(&level.join("cpu.cfs_period_us"))?)?;
    let stat = read(&level.join("cpu.stat")).unwrap_or_default();
    let used = counted.and_then(|level| read_number(&level.join("cpuacct.usage"))).map(|ns| ns / 1000);
    Some(Group { place: level.to_owned(), quota, used, throttled: flat_field(&stat, "nr_throttled") })
}

fn ratio(quota: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| quota as f64 / period as f64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::probe::cgroup::tests::{CGROUP2, Tree};

    const SECOND: Duration = Duration::from_secs(1);

    fn v2(tree: &Tree, group: &str, max: &str, used: u64, throttled: u64) {
        tree.file(&format!("sys/fs/cgroup/{group}/cpu.max"), max);
        let stat = format!("usage_usec {used}\nuser_usec 1\nnr_periods 9\nnr_throttled {throttled}\n");
        tree.file(&format!("sys/fs/cgroup/{group}/cpu.stat"), &stat);
    }

    #[test]
    fn v2_the_tightest_group_counts() {
        let tree = Tree::new("0::/pod/app\n", &[CGROUP2]);
        assert_eq!(look_in(tree.0.path()), None);
        v2(&tree, "pod", "200000 100000\n", 0, 0);
        v2(&tree, "pod/app", "max 100000\n", 0, 0);
        let before = look_in(tree.0.path()).unwrap();
        v2(&tree, "pod", "200000 100000\n", 1_500_000, 0);
        let spare = look_in(tree.0.path()).unwrap().spare_since(&before, SECOND).unwrap();
        assert_eq!(spare, Spare { left: 0.5, quota: 2.0 });

        v2(&tree, "pod/app", "50000 100000\n", 100_000, 3);
        let before = look_in(tree.0.path()).unwrap();
        v2(&tree, "pod/app", "50000 100000\n", 500_000, 3);
        let later = look_in(tree.0.path()).unwrap();
        let spare = later.spare_since(&before, SECOND).unwrap();
        assert!((spare.left - 0.1).abs() < 1e-9 && spare.quota == 0.5, "{spare:?}");
        v2(&tree, "pod/app", "50000 100000\n", 500_000, 4);
        let spare = look_in(tree.0.path()).unwrap().spare_since(&later, SECOND).unwrap();
        assert_eq!(spare.left, 0.0, "it was held up, whatever it used");
    }

    #[test]
    fn v1_counts_elsewhere() {
        let cpu = "/docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu";
        let counted = "/docker/ab /sys/fs/cgroup/cpuacct ro - cgroup cgroup rw,cpuacct";
        let tree = Tree::new("2:cpuacct:/docker/ab\n1:cpu:/docker/ab\n", &[cpu, counted]);
        tree.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
        tree.file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
        assert_eq!(look_in(tree.0.path()), None, "no quota");
        tree.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
        let unknown = look_in(tree.0.path()).unwrap();
        let later = Look { own: unknown.own + Duration::from_millis(300), ..unknown.clone() };
        let spare = later.spare_since(&unknown, SECOND).unwrap();
        assert!(
            (spare.left - 0.2).abs() < 1e-9,
            "nobody tells what was used, but this process has: {spare:?}"
        );
        tree.file("sys/fs/cgroup/cpuacct/cpuacct.usage", "1000000000\n");
        let before = look_in(tree.0.path()).unwrap();
        tree.file("sys/fs/cgroup/cpuacct/cpuacct.usage", "1250000000\n");
        let spare = look_in(tree.0.path()).unwrap().spare_since(&before, SECOND);
        assert_eq!(spare, Some(Spare { left: 0.25, quota: 0.5 }));
    }
}

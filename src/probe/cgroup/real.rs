//! Tests on this machine's own kernel: a group with a limit is made, a child is put into it.

use super::*;
use crate::probe::tests::{ROLE, rerun};
use std::process::{Command, Output};

const MIB: u64 = 1 << 20;
const TEST: &str = "probe::cgroup::real::a_limit_the_kernel_enforces";

/// A group made for one test; gone when it ends, however it ends.
pub(in crate::probe) struct Group(pub PathBuf);

impl Group {
    pub fn new(path: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir(&path).map(|()| Self(path))
    }

    pub fn set(&self, name: &str, value: &str) -> std::io::Result<()> {
        std::fs::write(self.0.join(name), value)
    }

    /// Runs a test again inside of the group, with a role to play.
    pub fn run(&self, test: &str, role: &str) -> Output {
        let test = rerun(test, role);
        Command::new("/bin/sh")
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(self.0.join("cgroup.procs"))
            .arg(test.get_program())
            .args(test.get_args())
            .env(ROLE, role)
            .output()
            .unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir(&self.0) {
            println!("{:?} could not be removed: {error}", self.0);
        }
    }
}

/// A limited group with an unlimited one inside; or why there can be none.
fn groups() -> Result<(Group, Group), String> {
    let own = Cgroup::detect().ok_or("no memory controller is visible")?;
    let top = own.levels.last().ok_or("no group")?;
    let group = Group::new(top.join(format!("heapwarden-test-{}", std::process::id())))
        .map_err(|error| format!("{top:?} is not writable: {error}"))?;
    group
        .set(own.names().limit, &(64 * MIB).to_string())
        .map_err(|error| format!("no limit can be set: {error}"))?;
    // Where there is swap the kernel would use it instead of killing.
    let _ =
        group.set(if own.version == 1 { "memory.memsw.limit_in_bytes" } else { "memory.swap.max" }, "64M");
    let inner = Group::new(group.0.join("inner")).map_err(|error| error.to_string())?;
    Ok((group, inner))
}

#[test]
fn a_limit_the_kernel_enforces() {
    match std::env::var(ROLE).as_deref() {
        Ok("measure") => return measure(),
        Ok("exceed") => return exceed(),
        Ok("cache") => return cache(),
        _ => {}
    }
    let (outer, inner) = match groups() {
        Ok(groups) => groups,
        Err(why) => return println!("skipped: {why}"),
    };
    for role in ["measure", "cache"] {
        let output = inner.run(TEST, role);
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{role} {text}{errors}");
    }
    drop((inner, outer));
}

/// In the inner group: a file that was read twice fills it, and all of its room can be had all the same.
fn cache() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &vec![7; 52 * MIB as usize]).unwrap();
    file.sync_all().unwrap();
    let mut block = vec![0; MIB as usize];
    for _ in 0..3 {
        std::io::Seek::rewind(&mut file).unwrap();
        while std::io::Read::read(&mut file, &mut block).unwrap() > 0 {}
    }
    let cgroup = Cgroup::detect().unwrap();
    let full = cgroup.read().unwrap();
    if full.usage < 48 * MIB {
        return println!("skipped: this temp folder has no page cache: {full:?}");
    }
    assert!(full.used < 20 * MIB && full.ratio().unwrap() < 0.3, "{full:?}");
    let room = headroom(Some(&cgroup)).unwrap();
    assert!(room > 44 * MIB, "{room} {full:?}");
    // Nobody is killed for it.
    let block = std::hint::black_box(vec![1u8; (room - 4 * MIB) as usize]);
    let with = cgroup.read().unwrap();
    assert!(
        with.used > 44 * MIB && with.events.oom_kill == full.events.oom_kill,
        "{block:p} {with:?}",
        block = &block[0]
    );
}

/// In the inner group: the outer one's limit is seen, and what is allocated counts against it.
fn measure() {
    let cgroup = Cgroup::detect().unwrap();
    let before = cgroup.read().unwrap();
    assert_eq!(before.limit, Some(64 * MIB));
    assert!(before.used <= before.usage && before.usage < 64 * MIB, "{before:?}");
    let room = headroom(Some(&cgroup)).unwrap();
    assert!(room <= 64 * MIB - before.used + MIB && room > 0, "{room} {before:?}");

    let block = std::hint::black_box(vec![1u8; 32 * MIB as usize]);
    let with = cgroup.read().unwrap();
    // The kernel charges in batches of up to 64 pages a processor.
    assert!((with.used - before.used).abs_diff(32 * MIB) < 4 * MIB, "{before:?} {with:?}");
    let left = headroom(Some(&cgroup)).unwrap();
    assert!((room - left).abs_diff(32 * MIB) < 4 * MIB, "{room} {left}");
    assert!((0.5..=1.0).contains(&with.ratio().unwrap()), "{with:?}");
    drop(block);

    // More than there is: the kernel must kill the one that says it is the least worth, and count it.
    let output = rerun(TEST, "exceed").output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let after = cgroup.read().unwrap();
    assert_eq!(after.events.oom_kill.zip(with.events.oom_kill), Some((1, 0)), "{with:?} {after:?}");
}

fn exceed() {
    std::fs::write("/proc/self/oom_score_adj", "1000").unwrap();
    let block = std::hint::black_box(vec![1u8; 128 * MIB as usize]);
    println!("{} bytes were allocated over a limit of 64 MiB", block.len());
}

#[test]
fn the_groups_of_this_process() {
    let Some(cgroup) = Cgroup::detect() else {
        return println!("skipped: no memory controller is visible here");
    };
    let figures = cgroup.read().unwrap();
    assert!(figures.used <= figures.usage && figures.usage > 0, "{figures:?}");
    let room = headroom(Some(&cgroup)).unwrap();
    assert!(room <= headroom(None).unwrap() + 64 * MIB && room > 0, "{room}");
    assert!(figures.limit.is_none_or(|limit| room <= limit), "{figures:?} {room}");
}

//! Reads the process from the kernel's side.
//!
//! | probe | source | when to call it |
//! |---|---|---|
//! | [`process::process`] | `/proc/self/stat`, `/proc/self/status` | every tick |
//! | [`cgroup::Cgroup::read`] | the memory controller's files, v1 or v2 | every sample |
//! | [`cgroup::headroom`] | the same and `/proc/meminfo` | before a capture |
//! | [`limits::room`] | that, and what `RLIMIT_AS`, `RLIMIT_DATA` and strict overcommit leave | before and during what needs much memory |
//! | [`pressure::pressure`] | PSI of the group, else of the machine | every sample |
//! | [`allocator::arenas`] | glibc's `mallinfo2` | seldom: it locks the allocator |
//! | [`cpu::look`], [`cpu::spare`] | the cpu controller's files, v1 or v2 | before a capture |
//! | [`pids::pids`] | the pids controller's files, v1 or v2 | before a fork |
//! | [`disk::free`] | `statvfs` | before a capture |
//!
//! Architecture invariants: sees `error` only, and knows no sample, rule or capture. Everything here runs inside somebody
//! else's server: a figure that cannot be read, or that does not look as the kernel documents it, is `None`, never a guess;
//! nothing panics; on platforms without the source each probe is there and answers `None`. Property tests feed it junk,
//! `no_probe_is_slow` below measures what each costs, and `cgroup/real` reads the groups of this machine.
//!
//! The hot files are taken apart by hand instead of by `procfs`: its `Status` refuses the whole file when one
//! of 50 fields surprises it, and its pressure parser slices a line without looking at its length. Where
//! a group is looked for, once in a process's life, `procfs` is used.

// Elsewhere the parsers are compiled, so that they cannot rot, and never called.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

pub mod allocator;
pub mod cgroup;
pub mod cpu;
pub mod disk;
pub mod limits;
pub mod pids;
pub mod pressure;
pub mod process;

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No file read here is larger, but for `mountinfo` on a machine with thousands of containers.
const SMALL: u64 = 1 << 20;

/// The whole of a small kernel file. `None` when it is absent, refused, or larger than `limit`: half a file
/// could hold half a number.
fn read_within(path: &Path, limit: u64) -> Option<Vec<u8>> {
    // One page holds all but the odd one, and its spare room is where the end is noticed: two system calls.
    let mut text = Vec::with_capacity(4096);
    File::open(path).ok()?.take(limit + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= limit).then_some(text)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    read_within(path, SMALL)
}

/// Digits and nothing else: no sign, no blank, no overflow.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// A file that is one number.
fn read_number(path: &Path) -> Option<u64> {
    number(read(path)?.trim_ascii())
}

/// The value of `name` in lines of `name value`, as in `memory.stat`.
fn flat_field(text: &[u8], name: &str) -> Option<u64> {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")).and_then(number)
}

/// Bytes from a value like `  123 kB`, as in `/proc/self/status`. Another unit is a surprise.
fn kilobytes(value: &[u8]) -> Option<u64> {
    number(value.trim_ascii().strip_suffix(b" kB")?)?.checked_mul(1024)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// Tells a test's own second run from its first.
    pub(super) const ROLE: &str = "HEAPWARDEN_TEST_ROLE";

    /// The command that runs one test of this program again, in a process where no other test allocates.
    pub(super) fn rerun(test: &str, role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--test-threads=1", "--nocapture"]).env(ROLE, role);
        command
    }

    /// `true` in a process of the test's own; otherwise makes one and passes its failure on.
    pub(crate) fn alone(test: &str) -> bool {
        if std::env::var_os(ROLE).is_some() {
            return true;
        }
        let output = rerun(test, "alone").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        false
    }

    proptest! {
        #[test]
        fn number_agrees_with_the_standard_library(text in "[0-9]{0,24}|[ +\\-0-9a-f.]{0,6}") {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(number(text.as_bytes()), text.parse().ok().filter(|_| plain));
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345678").unwrap();
        assert_eq!(read_within(file.path(), 8).as_deref(), Some(&b"12345678"[..]));
        assert_eq!(read_within(file.path(), 7), None);
        assert_eq!(read(&file.path().join("absent")), None);
    }

    #[test]
    fn fields_are_whole_names_and_whole_numbers() {
        let text = b"inactive_file_x 1\ninactive_file 2\nactive_file 3x\nslab";
        assert_eq!(flat_field(text, "inactive_file"), Some(2));
        assert_eq!(flat_field(text, "active_file"), None);
        assert_eq!(flat_field(text, "slab"), None);
        assert_eq!(kilobytes(b"\t   3 kB"), Some(3072));
        assert_eq!(kilobytes(b"\t   3 MB"), None);
        assert_eq!(kilobytes(b"18446744073709551615 kB"), None);
    }

    /// Microseconds of the processor: the median and the 99th percentile of 400 calls.
    #[cfg(target_os = "linux")]
    fn cost<T>(call: impl Fn() -> T) -> (f64, f64) {
        use rustix::time::{ClockId, clock_gettime};
        // By the clock on the wall it would be those of whoever else runs.
        let spent = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
        };
        let mut times: Vec<f64> = (0..400)
            .map(|_| {
                let start = spent();
                std::hint::black_box(call());
                spent() - start
            })
            .collect();
        times.sort_by(f64::total_cmp);
        (times[200], times[396])
    }

    /// Prints what each probe costs here; `--nocapture` shows it. The bound is for the promise, not for the
    /// machine: `process()` runs ten times a second, so even 1 ms would be a hundredth of a core.
    #[test]
    #[cfg(target_os = "linux")]
    fn no_probe_is_slow() {
        let group = cgroup::Cgroup::detect();
        let report = [
            ("process()", cost(process::process)),
            ("Cgroup::detect()", cost(cgroup::Cgroup::detect)),
            ("Cgroup::read()", cost(|| group.as_ref().map(cgroup::Cgroup::read))),
            ("headroom()", cost(|| cgroup::headroom(group.as_ref()))),
            ("pressure(None)", cost(|| pressure::pressure(None))),
            ("arenas()", cost(allocator::arenas)),
            ("cpu::look()", cost(cpu::look)),
            ("pids()", cost(pids::pids)),
            ("disk::free()", cost(|| disk::free(Path::new("/tmp")))),
        ];
        for (name, (median, high)) in report {
            println!("{name:18} median {median:7.1} µs   p99 {high:7.1} µs");
            assert!(median < 1000.0, "{name} took {median} µs");
        }
    }
}

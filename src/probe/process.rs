//! What the kernel holds for this process.

use super::{kilobytes, number, read};
use serde::Serialize;
use std::path::Path;

/// The kernel's figures for the whole process, all its threads. Sizes are bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Resident set: the number `process.memoryUsage().rss` gives, field 24 of `/proc/self/stat`.
    pub rss: u64,
    /// Resident private memory without a file behind it: heaps, stacks. `RssAnon` of `/proc/self/status`.
    pub anonymous: Option<u64>,
    /// Resident pages of mapped files and of shared memory, `RssFile` + `RssShmem`: what `rss` has beside
    /// `anonymous`.
    pub file: Option<u64>,
    /// Anonymous memory that was swapped out, `VmSwap`; not part of `rss`.
    pub swap: Option<u64>,
    /// Page faults served without the disk since the process began.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for the disk since the process began.
    pub major_faults: Option<u64>,
    /// Threads now.
    pub threads: Option<u32>,
}

impl Process {
    /// Those that a sample has, by the name of its field. `src/monitor/probes.rs` carries over what is in this list.
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> + use<> {
        [
            ("rss", Some(self.rss)),
            ("anonymous", self.anonymous),
            ("file", self.file),
            ("swap", self.swap),
            ("major_faults", self.major_faults),
        ]
        .into_iter()
    }
}

/// Reads them now, two small files. `None` off Linux, or where `/proc` is not mounted.
///
/// `rss` is the kernel's running count and lags by up to a few hundred pages on machines with many cores;
/// `status` (Linux 6.17 and later) adds it up exactly, so `anonymous + file` may differ a little from it.
/// `smaps_rollup` would be exact too, but walks the page tables: milliseconds for a large process.
pub fn process() -> Option<Process> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let mut process = from_stat(&read(Path::new("/proc/self/stat"))?, page_size()?)?;
    if let Some(status) = read(Path::new("/proc/self/status")) {
        add_status(&mut process, &status);
    }
    Some(process)
}

/// Why they cannot be read now; `None` if they can.
pub fn unreadable() -> Option<std::io::Error> {
    std::fs::File::open("/proc/self/stat").err()
}

/// The part from `/proc/self/stat`. Its second field is the program's name in parentheses, which may hold
/// blanks and parentheses itself, so counting begins behind the last one.
fn from_stat(stat: &[u8], page_size: u64) -> Option<Process> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat[name_end + 1..].split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    // `state`, the first field behind the name, is number 3 in proc(5).
    let minor_faults = number(fields.nth(10 - 3)?);
    let major_faults = number(fields.nth(12 - 10 - 1)?);
    let threads = number(fields.nth(20 - 12 - 1)?).and_then(|count| u32::try_from(count).ok());
    let rss = number(fields.nth(24 - 20 - 1)?)?.checked_mul(page_size)?;
    Some(Process { rss, minor_faults, major_faults, threads, ..Process::default() })
}

/// The part from `/proc/self/status`. The kernel escapes line ends in the name, so a line is a field.
fn add_status(process: &mut Process, status: &[u8]) {
    let mut files = None;
    let mut shared = None;
    for line in status.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = &line[colon + 1..];
        match &line[..colon] {
            b"RssAnon" => process.anonymous = kilobytes(value),
            b"RssFile" => files = kilobytes(value),
            b"RssShmem" => shared = kilobytes(value),
            b"VmSwap" => process.swap = kilobytes(value),
            _ => {}
        }
    }
    process.file = files.zip(shared).and_then(|(files, shared)| files.checked_add(shared));
}

/// Bytes of this process's page tables, `VmPTE`: what a fork copies at once.
pub fn page_tables() -> Option<u64> {
    let status = read(Path::new("/proc/self/status"))?;
    status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"VmPTE:")).and_then(kilobytes)
}

#[cfg(unix)]
pub(super) fn page_size() -> Option<u64> {
    // SAFETY: sysconf takes a number and reads or writes no memory of ours.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()
}

#[cfg(not(unix))]
pub(super) fn page_size() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &[u8] = b"4242 (node) S 1 4242 4242 0 -1 4194560 15023 77 12 3 310 42 0 0 20 0 11 0 8812 \
        1102663680 12345 18446744073709551615 1 1 0 0 0 0 0 16781312 134234626 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0\n";
    const STATUS: &[u8] = b"Name:\tnode\nUmask:\t0022\nState:\tS (sleeping)\nVmHWM:\t   60000 kB\n\
        VmRSS:\t   49380 kB\nRssAnon:\t   20000 kB\nRssFile:\t   29000 kB\nRssShmem:\t     380 kB\n\
        VmSwap:\t      16 kB\nThreads:\t11\n";

    fn parsed(stat: &[u8], status: &[u8]) -> Option<Process> {
        let mut process = from_stat(stat, 4096)?;
        add_status(&mut process, status);
        Some(process)
    }

    #[test]
    fn reads_the_fields_proc_5_names() {
        let expected = Process {
            rss: 12345 * 4096,
            anonymous: Some(20000 << 10),
            file: Some(29380 << 10),
            swap: Some(16 << 10),
            minor_faults: Some(15023),
            major_faults: Some(12),
            threads: Some(11),
        };
        assert_eq!(parsed(STAT, STATUS), Some(expected));
    }

    #[test]
    fn a_name_cannot_shift_the_fields() {
        let stat = String::from_utf8(STAT.to_vec()).unwrap().replace("(node)", "(a) S 1 2 (3\n) 4)");
        assert_eq!(parsed(stat.as_bytes(), STATUS), parsed(STAT, STATUS));
    }

    #[test]
    fn a_surprise_costs_only_its_own_figure() {
        let status = String::from_utf8(STATUS.to_vec()).unwrap();
        let process = parsed(STAT, status.replace("380 kB", "380 MB").as_bytes()).unwrap();
        assert_eq!((process.anonymous, process.file), (Some(20000 << 10), None));
        // Kernels before 4.5 split nothing.
        let process = parsed(STAT, b"Name:\tnode\nVmSwap:\t 0 kB\n").unwrap();
        assert_eq!((process.anonymous, process.file, process.swap), (None, None, Some(0)));
        let process =
            parsed(&String::from_utf8_lossy(STAT).replace(" 11 0 ", " -1 0 ").into_bytes(), b"").unwrap();
        assert_eq!((process.threads, process.rss), (None, 12345 * 4096));
        assert_eq!(parsed(&STAT[..60], STATUS), None);
        assert_eq!(parsed(b"", b""), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(cut in 0..STAT.len(), at in 0..STAT.len(), byte: u8, junk: Vec<u8>) {
            let mut stat = STAT.to_vec();
            stat[at] = byte;
            parsed(&stat, &junk);
            parsed(&stat[cut..], &stat);
            parsed(&junk, STATUS);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn follows_what_the_process_does() {
        if !super::super::tests::alone("probe::process::tests::follows_what_the_process_does") {
            return;
        }
        const SIZE: u64 = 64 << 20;
        let before = process().unwrap();
        let block = std::hint::black_box(vec![1u8; SIZE as usize]);
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || stopped.recv());
        let with = process().unwrap();
        // Counts are kept per processor and may lag by some pages.
        let about_a_block = |before: u64, after: u64| after.saturating_sub(before).abs_diff(SIZE) < 4 << 20;
        assert!(about_a_block(before.rss, with.rss), "{before:?} {with:?}");
        assert!(about_a_block(before.anonymous.unwrap(), with.anonymous.unwrap()), "{before:?} {with:?}");
        assert!(before.file.unwrap().abs_diff(with.file.unwrap()) < 4 << 20, "{before:?} {with:?}");
        assert_eq!(with.threads.unwrap(), before.threads.unwrap() + 1);
        assert!(with.minor_faults.unwrap() > before.minor_faults.unwrap());
        assert!(with.major_faults.is_some() && with.swap.is_some());
        drop((block, stop));
        assert!(thread.join().unwrap().is_err());
        assert!(about_a_block(process().unwrap().rss, with.rss), "freed, and still counted");
    }
}

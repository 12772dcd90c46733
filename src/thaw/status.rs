//! What the kernel says of a copy's memory and sleep (`/proc/PID/status`).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What the kernel says of a process's memory and sleep. Open as long as it is needed: this process may have no descriptor left later.
pub(super) struct Status(pub io::Result<File>);

/// What it says at one time.
#[derive(Default)]
pub(super) struct Look {
    /// Bytes of its own, in memory and swapped out, with the page tables for them; 0: it has ended.
    pub own: u64,
    /// How often it has gone to sleep, if it sleeps.
    pub switches: Option<u64>,
}

impl Status {
    pub fn look(&self) -> io::Result<Look> {
        let file = match &self.0 {
            Ok(file) => file,
            // It had ended, and somebody else has reaped it, before it could be looked at.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && Path::new("/proc/self/status").exists() =>
            {
                return Ok(Look::default());
            }
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        let mut text = [0; 8192];
        match file.read_at(&mut text, 0) {
            Ok(count) => {
                let text = &text[..count];
                Ok(Look { own: own_of(text), switches: switches_of(text) })
            }
            // It was reaped.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(Look::default()),
            Err(error) => Err(error),
        }
    }
}

/// The first of its lines that begins so, without that.
fn field<'a>(status: &'a [u8], name: &str) -> Option<&'a str> {
    status.split(|byte| *byte == b'\n').find_map(|line| str::from_utf8(line).ok()?.strip_prefix(name))
}

/// A process without these lines is ending, and has given its memory back.
fn own_of(status: &[u8]) -> u64 {
    let kib = |name: &str| field(status, name)?.strip_suffix(" kB")?.trim().parse::<u64>().ok();
    // All of it, where the kernel does not tell its own from files.
    let own = kib("RssAnon:").or_else(|| kib("VmRSS:")).unwrap_or(0);
    let others = ["VmSwap:", "VmPTE:"].map(|name| kib(name).unwrap_or(0));
    others.iter().fold(own, |all, one| all.saturating_add(*one)).saturating_mul(1024)
}

/// How often it has gone to sleep, if it sleeps.
fn switches_of(status: &[u8]) -> Option<u64> {
    let sleeps = field(status, "State:")?.trim_start().starts_with('S');
    sleeps.then(|| field(status, "voluntary_ctxt_switches:")?.trim().parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::tests::alone;

    #[test]
    fn memory_is_what_is_in_memory_swapped_out_and_page_tables() {
        let status = b"Name:\tRssAnon: 7 kB\nState:\tR\nVmRSS:\t  900 kB\nRssAnon:\t  100 kB\nVmPTE:\t  20 kB\nVmSwap:\t 3 kB\n";
        assert_eq!(own_of(status), 123 * 1024);
        assert_eq!(own_of(b"VmRSS:\t 900 kB\n"), 900 * 1024);
        assert_eq!(own_of(b"Name:\tx\nState:\tZ (zombie)\n"), 0);
        assert_eq!(Status(File::open("/proc/4294967295/status")).look().unwrap().own, 0);
    }

    #[test]
    fn memory_is_what_the_kernel_says_it_is_now() {
        // Beside other tests, what they give back would count as well.
        if !alone("thaw::status::tests::memory_is_what_the_kernel_says_it_is_now") {
            return;
        }
        let memory = Status(File::open("/proc/self/status"));
        let before = memory.look().unwrap().own;
        let more = vec![1_u8; 64 << 20];
        assert!(memory.look().unwrap().own > before + (60 << 20) && more[7] == 1);
    }

    #[test]
    fn a_status_tells_who_sleeps() {
        assert_eq!(switches_of(b"Name:\tx\nState:\tS (sleeping)\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t5\n"), Some(150));
        assert_eq!(switches_of(b"State:\tR (running)\nvoluntary_ctxt_switches:\t150\n"), None);
        assert_eq!(switches_of(b"State:\tD (disk sleep)\nvoluntary_ctxt_switches:\t150\n"), None);
        assert_eq!(switches_of(b"State:\tS (sleeping)\n"), None, "gVisor does not count");
        assert_eq!(switches_of(b"Name:\tState: S\n"), None);
    }
}

//! Who wrote a file, and whether that process still lives.

use super::home::home;
use super::info::Header;

/// A process that writes snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// Where its id counts, as [`home`] spells it; empty: not known.
    pub home: String,
    /// Its process id.
    pub pid: u32,
}

impl Writer {
    /// This process.
    pub fn this() -> Self {
        Self { home: home().to_owned(), pid: std::process::id() }
    }

    /// The process whose heap it is: also for a child of it that writes the file.
    pub fn of(header: &Header) -> Self {
        Self { home: header.home.clone(), pid: header.pid }
    }

    /// Whether it is dead; `None`: its id counts elsewhere, or nobody knows where.
    pub fn is_dead(&self) -> Option<bool> {
        (!self.home.is_empty() && self.home == home()).then(|| !lives(self.pid))
    }

    /// Whether this is known to be another process than `me`, or not known to be the same, and not known to be dead.
    pub fn may_be_another_that_lives(&self, me: &Self) -> bool {
        if self.home.is_empty() || self.home != me.home {
            // A plain file tells no home. Then at least the id says what is ours.
            return !(self.home.is_empty() && self.pid == me.pid);
        }
        self.pid != me.pid && lives(self.pid)
    }
}

/// A zombie does not: nobody may ever reap it.
fn lives(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => {
            !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X', 'x']))
        }
        Err(error) => error.kind() != std::io::ErrorKind::NotFound || exists(pid),
    }
}

/// What is not in /proc may be hidden there, or /proc is not there any more.
#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let none = |pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
    !pid.is_some_and(none)
}

#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn at_home(pid: u32) -> Writer {
        Writer { home: home().to_owned(), pid }
    }

    #[test]
    fn the_living_the_dead_and_the_unknown() {
        let me = Writer::this();
        assert_eq!(me.home.len(), 16);
        assert!(!me.may_be_another_that_lives(&me));
        assert!(at_home(1).may_be_another_that_lives(&me));
        let elsewhere = Writer { home: "0123456789abcdef".into(), pid: me.pid };
        assert!(elsewhere.may_be_another_that_lives(&me), "the same id in another container");
        let unknown = Writer { home: String::new(), pid: me.pid };
        assert_eq!(
            [&me, &at_home(1), &at_home(u32::MAX), &elsewhere, &unknown].map(Writer::is_dead),
            [Some(false), Some(false), Some(false), None, None]
        );
        let plain = |pid| Writer { home: String::new(), pid };
        assert!(plain(1).may_be_another_that_lives(&me) && !plain(me.pid).may_be_another_that_lives(&me));

        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = at_home(child.id());
        while !std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap().contains(") Z") {
            std::thread::yield_now();
        }
        assert!(!dead.may_be_another_that_lives(&me), "a zombie");
        assert_eq!(dead.is_dead(), Some(true), "a zombie");
        child.wait().unwrap();
        assert!(!dead.may_be_another_that_lives(&me));
        assert_eq!(dead.is_dead(), Some(true));
    }
}

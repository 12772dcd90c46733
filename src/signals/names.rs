//! The signals that may be held back: those that ask a process to end, or that are the application's own. Not those that nobody
//! can catch, nor those of a fault, whose thread cannot go on, nor the kernel's on children, terminals and the like.

use std::ffi::c_int;

const NAMES: [(&str, c_int); 7] = [
    ("SIGTERM", libc::SIGTERM),
    ("SIGINT", libc::SIGINT),
    ("SIGHUP", libc::SIGHUP),
    ("SIGQUIT", libc::SIGQUIT),
    ("SIGUSR1", libc::SIGUSR1),
    ("SIGUSR2", libc::SIGUSR2),
    ("SIGXCPU", libc::SIGXCPU),
];

/// Signals as bits, the first one lowest.
pub type Set = u64;

/// The set of one.
pub fn set(signal: c_int) -> Set {
    1 << (signal - 1)
}

/// The signals of a set, lowest first.
pub fn each(set: Set) -> impl Iterator<Item = c_int> {
    (1..=64).filter(move |signal| set >> (signal - 1) & 1 == 1)
}

/// The set of those named; a name that is none of ours is left out: who reads options has refused it.
pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Set {
    let number = |name: &str| NAMES.iter().find(|(one, _)| *one == name).map(|(_, number)| *number);
    names.into_iter().filter_map(number).fold(0, |all, signal| all | set(signal))
}

/// The name of one.
pub fn name(signal: c_int) -> &'static str {
    NAMES.iter().find(|(_, number)| *number == signal).map_or("a signal", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbers_and_back() {
        let both = of(["SIGTERM", "SIGKILL", "SIGUSR2"]);
        assert_eq!(each(both).map(name).collect::<Vec<_>>(), ["SIGUSR2", "SIGTERM"]);
        assert_eq!(both, set(libc::SIGTERM) | set(libc::SIGUSR2));
    }
}

//! The memory of a child, from outside: what it holds alone, and what is left for the service.

use crossbeam_channel::{Receiver, bounded};

use crate::error::Error;
use crate::units::print_bytes;

/// With less than this free it is looked at more often.
pub(super) const SCARCE: u64 = 256 << 20;

/// Limits on a child.
pub struct ChildLimits {
    /// What it is to leave, in words: "a snapshot", "an image".
    pub what: &'static str,
    /// Bytes of private memory; `None`: what the container has left.
    pub memory: Option<u64>,
    /// Bytes that must stay free for the service.
    pub reserve: u64,
}

/// Asks for the child's memory on a thread of its own: the kernel makes whoever asks wait until a child that is in the
/// middle of a page fault has got its processor.
pub(super) fn measure(pid: i32) -> Option<Receiver<Option<u64>>> {
    let (sender, receiver) = bounded(1);
    let ask = move || {
        let _ = sender.send(private_memory(pid));
    };
    let thread = std::thread::Builder::new().name("heapwarden-rss".into()).stack_size(128 << 10).spawn(ask);
    thread.ok().map(|_| receiver)
}

/// Whether less than [`SCARCE`] is free.
pub(super) fn is_scarce(room: Option<u64>) -> bool {
    room.is_some_and(|room| room < SCARCE)
}

/// Why the child must end: it has taken more than it may, or too little is left.
pub(super) fn starving(room: Option<u64>, limits: &ChildLimits, private: Option<u64>) -> Option<Error> {
    if let (Some(most), Some(private)) = (limits.memory, private)
        && private > most
    {
        return Some(Error::MemoryBudget(format!(
            "the child of {} had taken {} of memory, memoryBudget allows {}; it was ended",
            limits.what,
            print_bytes(private),
            print_bytes(most)
        )));
    }
    let room = room?;
    (room < limits.reserve).then(|| {
        Error::MemoryBudget(format!(
            "only {} of memory were left while {} was being taken; its child was ended so that the service lives",
            print_bytes(room),
            limits.what
        ))
    })
}

/// Bytes the child alone holds.
fn private_memory(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kilobytes = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    Some(lines.filter_map(kilobytes).sum::<u64>() * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_is_counted() {
        assert!(private_memory(std::process::id() as i32).unwrap() > 0);
    }
}

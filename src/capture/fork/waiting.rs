//! Between a child's work and its file's name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, waitpid};

use super::reap::{DYING, kill, reap_later};
use super::shared_page::SharedPage;

/// A child that has done its work, and waits until its file has a name: it gives it one itself should its service die before.
/// Ended and reaped when dropped.
#[derive(Debug)]
pub struct Waiting {
    pid: Pid,
    shared: Arc<SharedPage>,
}

impl Waiting {
    pub(super) fn new(pid: Pid, shared: Arc<SharedPage>) -> Self {
        Self { pid, shared }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Where the service has changed its user since, the kernel refuses the signal.
        self.shared.end();
        let ended = || !matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None));
        // Looked at first: if somebody else has reaped it, its number may be another process's.
        if ended() {
            return;
        }
        kill(self.pid);
        let since = Instant::now();
        while !ended() {
            if since.elapsed() >= DYING && reap_later(self.pid) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

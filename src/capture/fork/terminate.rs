//! A child that is forked already can be told to end, by any thread and at the service's own end.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::shared_page::SharedPage;

/// The way to a child.
#[derive(Debug)]
pub struct Terminator {
    shared: Arc<SharedPage>,
    /// `None` before Linux 5.3 or without a descriptor to be had: then it looks at the page once a second.
    pidfd: Option<OwnedFd>,
}

impl Terminator {
    pub(super) fn new(pid: i32, shared: Arc<SharedPage>) -> Self {
        let pidfd = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self { shared, pidfd }
    }

    /// The child ends, and its file with it. Never blocks. The page tells it also where a signal may not: a service
    /// that has changed its user since has no right to send one.
    pub fn end(&self) {
        self.shared.end();
        if let Some(pidfd) = &self.pidfd {
            // The child's own timer has a handler for it, which looks at the page.
            let _ = pidfd_send_signal(pidfd, Signal::ALARM);
        }
    }
}

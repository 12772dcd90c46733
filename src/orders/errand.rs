//! What a JavaScript thread carries out for this room: see [`crate::thread::Errand`].

use std::sync::Arc;

use super::client::Client;
#[cfg(target_os = "linux")]
use super::on_signal;
use super::{dispatch, heap_limit};
use crate::thread::{Errand, Moment};

impl Errand for Client {
    fn carry_out(self: Arc<Self>, at: Moment) {
        heap_limit::look_after(&self);
        if at == Moment::LoopTurn {
            self.environment.end_overdue_ids();
        }
        self.fork_if_wanted();
        dispatch::run_next(&self, at);
    }

    fn collected(&self, heap_used: u64) -> bool {
        self.needs.shrink(heap_used);
        heap_limit::collected(self, heap_used)
    }

    fn near_limit(self: Arc<Self>, current: usize) -> usize {
        heap_limit::near(&self, current)
    }

    fn ended(&self) {
        #[cfg(target_os = "linux")]
        on_signal::forget(self);
        // `Environment::detach` says why in this order.
        self.withdraw_forks();
        dispatch::forget(self);
    }
}

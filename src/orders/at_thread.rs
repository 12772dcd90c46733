//! Waiting for JavaScript's thread to do a [`Job`], on a conductor's.

use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::client::Order;
use super::job::{Done, Job, Work};
use super::order::Origin;
use super::running;
use crate::capture::permit::Permit;
use crate::error::{Error, Result};

/// Why it was not done.
pub enum Undone {
    /// The thread has tried.
    Failed(Error),
    /// It will not be done any more.
    Over(Error),
    /// The thread has not come for as long as it is [waited for](patience).
    Busy,
}

/// The folder's turn is kept so long for a thread that does not come.
const HOLD: Duration = Duration::from_secs(5);

/// The same while a signal is held back for it.
const HOLD_OF_SIGNAL: Duration = Duration::from_secs(1);

/// So long a thread is waited for that does not come: something else is to be tried in the order's time.
pub fn patience(order: &Order) -> Duration {
    let hold = if order.origin == Origin::Signal { HOLD_OF_SIGNAL } else { HOLD };
    hold.min(order.options.timeout() / 4)
}

/// Has the order's JavaScript thread do `work` at its next turn or stack guard.
pub fn ask(order: &Order, work: Work, permit: &Permit) -> Result<Done, Undone> {
    running::asks_thread(order.id, true);
    let done = wait(order, work, permit);
    running::asks_thread(order.id, false);
    done
}

fn wait(order: &Order, work: Work, permit: &Permit) -> Result<Done, Undone> {
    let (reply, answer) = bounded(1);
    let demand = order.demand.clone();
    let asked = Instant::now();
    let _looking = permit.looking();
    order.owner.ask_fork(Job { order: order.id, demand, work, options: order.options.clone(), reply });
    let hold = patience(order);
    loop {
        permit.look();
        // JavaScript may sit in one long builtin call, where neither a call of the loop nor an interrupt reaches it.
        match answer.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error @ (Error::Stopped(_) | Error::Aborted(_)))) => return Err(Undone::Over(error)),
            Ok(Err(error)) => return Err(Undone::Failed(error)),
            Err(RecvTimeoutError::Disconnected) => {
                let gone = Error::Stopped("the thread ended before its snapshot could be taken".into());
                return Err(Undone::Over(gone));
            }
            Err(RecvTimeoutError::Timeout) if permit.is_open() && asked.elapsed() < hold => {}
            // What the thread has begun it ends, and answers: a large process is not written in a moment.
            Err(RecvTimeoutError::Timeout) if !order.owner.withdraw_fork(order.id) => {}
            Err(RecvTimeoutError::Timeout) => {
                return Err(if permit.is_open() { Undone::Busy } else { Undone::Over(permit.reason()) });
            }
        }
    }
}

//! Who may capture, and when. Of the orders of callers and rules one at a time is carried out in a process, and a second
//! caller shares the first's result instead of stopping the service twice. The dump at a heap limit has a slot of its own in
//! each environment, because it cannot wait; and so has a synchronous capture, because its thread must not wait for a
//! capture that may need this very thread.
//!
//! Architecture invariant: a function of its arguments. It starts nothing, tells nobody and reads no clock: it answers what
//! is next ([`Next`]) and who is to be told ([`Answer`]), and `dispatch` does that. But for two things: it asks an owner
//! whether its heap can be forked, which never waits, and it tells a child that is given up to end, which
//! never waits. What it lets go of it gives back: the last owner of an environment or of a child's memory calls Node or
//! unmaps, which is nothing to do under a lock. The tests below would tell.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::order::{Left, Order, Origin, Owner, Running, Slot, Ticket};
use crate::capture::options::CaptureOptions;
use crate::error::Result;

#[cfg(test)]
mod tests;

/// What is next.
pub enum Next<O> {
    /// A conductor has this one forked. It counts as running until [`Queue::complete`].
    ByFork(Box<Order<O>>),
    /// A thread takes its order itself, by [`Queue::take`].
    Wake {
        /// Whose.
        owner: Arc<O>,
        /// At a stack guard too, not only when its loop turns.
        urgent: bool,
    },
    /// Nothing, or nothing yet.
    Nothing,
}

/// Those who are to be told how a capture of their heap has been given up for them.
pub struct Answer<O> {
    /// Whose heap.
    pub owner: Arc<O>,
    /// Who waited.
    pub tickets: Vec<Ticket>,
    /// What was ordered.
    pub options: CaptureOptions,
}

/// The orders of a process.
pub struct Queue<O> {
    running: Vec<Running<O>>,
    queue: VecDeque<Order<O>>,
    /// The number given last.
    number: u64,
    /// The last capture that ended well, and its file.
    last: Option<(u64, String)>,
    /// The last one that failed, and why.
    failed: Option<(u64, String)>,
}

impl<O> Default for Queue<O> {
    fn default() -> Self {
        Self { running: Vec::new(), queue: VecDeque::new(), number: 0, last: None, failed: None }
    }
}

impl<O: Owner> Queue<O> {
    fn ticket(&mut self, monitor: u64, caller: bool) -> Ticket {
        self.number += 1;
        Ticket { capture: self.number, monitor, caller }
    }

    /// Orders a snapshot of `owner`'s heap: the number under which it is answered, and whether it is in the queue, not among
    /// those who wait for one that runs.
    pub fn submit(
        &mut self,
        owner: &Arc<O>,
        options: CaptureOptions,
        origin: Origin,
        monitor: u64,
        now: Instant,
    ) -> (u64, bool) {
        let ticket = self.ticket(monitor, origin == Origin::Caller);
        let fits =
            |other: &Arc<O>, others: &CaptureOptions| other.id() == owner.id() && others.can_share(&options);
        let shared = self.running.iter_mut().find(|running| {
            running.slot != Slot::AtOnce
                && fits(&running.owner, &running.options)
                && !running.demand.is_given_up()
        });
        if let Some(running) = shared {
            running.tickets.push(ticket);
            return (ticket.capture, false);
        }
        if let Some(order) = self.queue.iter_mut().find(|order| fits(&order.owner, &order.options)) {
            order.tickets.push(ticket);
            if origin == Origin::Rule {
                order.origin = origin;
            }
        } else if !owner.has_ended() {
            self.queue.push_back(Order::new(ticket, owner, options, origin, now));
        }
        (ticket.capture, true)
    }

    /// Whether the queue's slot is taken.
    fn is_busy(&self) -> bool {
        self.running.iter().any(|running| running.slot == Slot::Queue)
    }

    /// What is to be done next. `impatient`: one that has waited long is urgent.
    pub fn next(&mut self, impatient: bool, now: Instant) -> Next<O> {
        if self.is_busy() {
            return Next::Nothing;
        }
        let Some(order) = self.queue.front() else { return Next::Nothing };
        #[cfg(target_os = "linux")]
        if order.goes_by_fork() {
            return self.run_front().map_or(Next::Nothing, |order| Next::ByFork(Box::new(order)));
        }
        let urgent = order.origin != Origin::Caller || (impatient && order.has_waited_long(now));
        Next::Wake { owner: order.owner.clone(), urgent }
    }

    /// The next order, if it is this environment's and may run on its thread from here. It then counts as running until
    /// [`Self::complete`].
    pub fn take(&mut self, owner: u64, from_interrupt: bool, now: Instant) -> Option<Order<O>> {
        if self.is_busy() {
            return None;
        }
        let front = self.queue.front()?;
        // `next` gives it to a conductor.
        if front.goes_by_fork() {
            return None;
        }
        let allowed = !from_interrupt || front.origin != Origin::Caller || front.has_waited_long(now);
        if front.owner.id() != owner || !allowed {
            return None;
        }
        self.run_front()
    }

    /// The first in the queue runs from now on.
    fn run_front(&mut self) -> Option<Order<O>> {
        let mut order = self.queue.pop_front()?;
        self.running.push(Running::new(&mut order, Slot::Queue));
        Some(order)
    }

    /// A running order is the next again, to be taken as its options say now. What is not needed any more comes back: what
    /// ran, and the order if it cannot be taken.
    pub fn put_back(&mut self, mut order: Order<O>) -> (Option<Running<O>>, Option<Order<O>>) {
        let Some(mut running) = self.remove(order.id) else { return (None, Some(order)) };
        order.tickets = std::mem::take(&mut running.tickets);
        // Under the lock under which `forget` looks: one that ends now has been seen or sees it. Nobody is left to be told.
        if order.owner.has_ended() {
            return (Some(running), Some(order));
        }
        self.queue.push_front(order);
        (Some(running), None)
    }

    /// An order for the calling thread, which runs from now on whatever else does: waiting could be waiting for itself.
    pub fn at_once(&mut self, owner: &Arc<O>, options: CaptureOptions, now: Instant) -> Order<O> {
        let ticket = self.ticket(0, true);
        let mut order = Order::new(ticket, owner, options, Origin::Caller, now);
        // Its caller gets what it gives, and nobody else.
        order.tickets.clear();
        self.running.push(Running::new(&mut order, Slot::AtOnce));
        order
    }

    /// An order of the heap limit, which runs from now on; `None` if this environment's last one still does.
    pub fn at_limit(
        &mut self,
        owner: &Arc<O>,
        options: CaptureOptions,
        monitor: u64,
        now: Instant,
    ) -> Option<Order<O>> {
        let taken = |running: &Running<O>| running.slot == Slot::Limit && running.owner.id() == owner.id();
        if self.running.iter().any(taken) {
            return None;
        }
        let ticket = self.ticket(monitor, false);
        let mut order = Order::new(ticket, owner, options, Origin::Limit, now);
        self.running.push(Running::new(&mut order, Slot::Limit));
        Some(order)
    }

    /// An order of a signal, which runs from now on whatever else does; `None` if this environment's last one still does.
    /// `monitors` hear of it.
    pub fn on_signal(
        &mut self,
        owner: &Arc<O>,
        options: CaptureOptions,
        monitors: &[u64],
        now: Instant,
    ) -> Option<Order<O>> {
        let taken = |running: &Running<O>| running.slot == Slot::Signal && running.owner.id() == owner.id();
        if self.running.iter().any(taken) || owner.has_ended() {
            return None;
        }
        let tickets: Vec<_> = monitors.iter().map(|monitor| self.ticket(*monitor, false)).collect();
        let mut order = Order::new(*tickets.first()?, owner, options, Origin::Signal, now);
        order.tickets = tickets;
        self.running.push(Running::new(&mut order, Slot::Signal));
        Some(order)
    }

    /// What the capture `id` is called after, if it runs and is a signal's.
    pub fn signal_of(&mut self, id: u64) -> Option<String> {
        let running = self.running(id).filter(|running| running.slot == Slot::Signal)?;
        Some(running.options.trigger().to_owned())
    }

    /// The capture of this number, if it runs.
    pub fn running(&mut self, id: u64) -> Option<&mut Running<O>> {
        self.running.iter_mut().find(|running| running.id == id)
    }

    fn remove(&mut self, id: u64) -> Option<Running<O>> {
        let at = self.running.iter().position(|running| running.id == id)?;
        Some(self.running.swap_remove(at))
    }

    /// A capture of this environment whose heap a child has, if there is one.
    pub fn forked_of(&self, owner: u64) -> Option<u64> {
        let has = |running: &&Running<O>| running.owner.id() == owner && running.is_in_child();
        self.running.iter().filter(has).map(|running| running.id).max()
    }

    /// In words: where the capture `id`, which runs or was the last to end well, leaves its file.
    pub fn place(&mut self, id: u64) -> Option<String> {
        if let Some(running) = self.running(id) {
            return Some(under_way(&running.place));
        }
        self.last.as_ref().filter(|(last, _)| *last == id).map(|(_, place)| format!("is in {place}"))
    }

    /// In words: why the capture `id` has left none.
    pub fn failure(&self, id: u64) -> String {
        let failed = self.failed.as_ref().filter(|(last, _)| *last == id);
        failed.map_or_else(|| "failed".to_owned(), |(_, why)| format!("failed: {why}"))
    }

    /// It runs no longer: what ran, and so who is told. A second call for the same one finds nothing.
    pub fn complete(&mut self, id: u64, result: &Result<Left>) -> Option<Running<O>> {
        let running = self.remove(id)?;
        match result {
            Ok(left) => {
                self.last = left.file().map(|info| (id, info.path.display().to_string()));
            }
            Err(error) => self.failed = Some((id, error.to_string())),
        }
        Some(running)
    }

    /// One who waits does so no longer; the capture itself ends when nobody waits for it, and the last one is told when it
    /// has: a child that is at work would otherwise outlive the answer. The others are told now.
    pub fn cancel(&mut self, capture: u64) -> Vec<Answer<O>> {
        self.cancel_those(&|ticket| ticket.capture == capture)
    }

    /// The same for all calls that wait for a monitor.
    pub fn cancel_monitor(&mut self, monitor: u64) -> Vec<Answer<O>> {
        self.cancel_those(&|ticket| ticket.caller && ticket.monitor == monitor)
    }

    fn cancel_those(&mut self, which: &dyn Fn(&Ticket) -> bool) -> Vec<Answer<O>> {
        let mut answers = Vec::new();
        let mut part = |owner: &Arc<O>, tickets: &mut Vec<Ticket>, options: &CaptureOptions| {
            let (gone, left) = std::mem::take(tickets).into_iter().partition::<Vec<_>, _>(which);
            *tickets = left;
            if !gone.is_empty() {
                answers.push(Answer { owner: owner.clone(), tickets: gone, options: options.clone() });
            }
        };
        for running in &mut self.running {
            let waits = running.tickets.iter().any(which);
            if waits && !(running.tickets.iter().all(which) && running.give_up()) {
                part(&running.owner, &mut running.tickets, &running.options);
            }
        }
        self.queue.retain_mut(|order| {
            part(&order.owner, &mut order.tickets, &order.options);
            !order.tickets.is_empty()
        });
        answers
    }

    /// The children end that only callers of this environment wait for.
    pub fn end_children(&self, owner: u64) {
        for running in self.running.iter().filter(|running| running.owner.id() == owner) {
            if running.is_in_child() && running.tickets.iter().all(|ticket| ticket.caller) {
                running.give_up();
            }
        }
    }

    /// An environment ends: its orders go. Those of its captures that run: one that needs its JavaScript is to be given up. A
    /// child that only callers waited for ends too; one that a rule or the heap limit ordered finishes, alone if need be, and
    /// so does one whose bytes are already with the writer.
    ///
    /// Gives the numbers of what runs, and the orders that have gone.
    pub fn forget(&mut self, owner: u64) -> (Vec<u64>, Vec<Order<O>>) {
        let (gone, left) = self.queue.drain(..).partition(|order| order.owner.id() == owner);
        self.queue = left;
        self.end_children(owner);
        let running = self.running.iter().filter(|running| running.owner.id() == owner);
        (running.map(|running| running.id).collect(), Vec::from(gone))
    }
}

/// A capture that waits for memory, disk or its child has no place yet.
fn under_way(place: &str) -> String {
    if place.is_empty() {
        "has been begun, and has no file yet".to_owned()
    } else {
        format!("is being written to {place}")
    }
}

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::capture::options::WantedMode;
use crate::error::Error;

/// A thread with a number for a name.
#[derive(Default)]
struct Thread {
    id: u64,
    can_fork: bool,
    ended: AtomicBool,
}

impl Owner for Thread {
    fn id(&self) -> u64 {
        self.id
    }
    fn can_fork(&self) -> bool {
        self.can_fork
    }
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

fn thread(id: u64, can_fork: bool) -> Arc<Thread> {
    Arc::new(Thread { id, can_fork, ended: AtomicBool::new(false) })
}

/// Options of which those of two names are never shared.
fn to(path: &str) -> CaptureOptions {
    CaptureOptions { path: Some(path.into()), ..CaptureOptions::default() }
}

fn inline(path: &str) -> CaptureOptions {
    CaptureOptions { mode: WantedMode::Inline, ..to(path) }
}

fn failed() -> Result<Left> {
    Err(Error::CaptureFailed("no room".into()))
}

/// The forked order that is next.
fn forked(queue: &mut Queue<Thread>, now: Instant) -> Option<Order<Thread>> {
    match queue.next(false, now) {
        #[cfg(target_os = "linux")]
        Next::ByFork(order) => Some(*order),
        _ => None,
    }
}

/// Whom the queue has woken, and whether urgently.
fn woken(queue: &mut Queue<Thread>, impatient: bool, now: Instant) -> Option<(u64, bool)> {
    match queue.next(impatient, now) {
        Next::Wake { owner, urgent } => Some((owner.id, urgent)),
        _ => None,
    }
}

/// Orders, and the number under which it is answered.
fn submit(
    queue: &mut Queue<Thread>,
    owner: &Arc<Thread>,
    options: CaptureOptions,
    origin: Origin,
    monitor: u64,
    now: Instant,
) -> u64 {
    queue.submit(owner, options, origin, monitor, now).0
}

fn captures(tickets: impl Iterator<Item = Ticket>) -> Vec<u64> {
    tickets.map(|ticket| ticket.capture).collect()
}

/// Those who are told that they wait no longer.
fn told(answers: Vec<Answer<Thread>>) -> Vec<u64> {
    captures(answers.into_iter().flat_map(|answer| answer.tickets))
}

/// Those who waited for what has ended now.
fn waited(queue: &mut Queue<Thread>, id: u64) -> Vec<u64> {
    captures(queue.complete(id, &failed()).unwrap().tickets())
}

#[test]
#[cfg(target_os = "linux")]
fn one_at_a_time_and_who_orders_the_same_shares_it() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let one = thread(1, true);
    let first = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    let order = forked(&mut queue, now).unwrap();
    assert_eq!(order.id, first);
    let (shares, is_queued) = queue.submit(&one, to("a"), Origin::Rule, 8, now);
    assert!(!is_queued, "it waits for what runs");
    let other = submit(&mut queue, &one, to("b"), Origin::Caller, 7, now);
    let elsewhere = submit(&mut queue, &thread(2, true), to("a"), Origin::Caller, 9, now);
    assert!(forked(&mut queue, now).is_none(), "one at a time");
    assert_eq!(waited(&mut queue, first), [first, shares]);
    assert_eq!(queue.failure(first), format!("failed: {}", failed().unwrap_err()));
    assert!(queue.complete(first, &failed()).is_none(), "twice");
    assert_eq!(forked(&mut queue, now).unwrap().id, other);
    queue.complete(other, &failed());
    assert_eq!(forked(&mut queue, now).unwrap().id, elsewhere);
}

#[test]
fn a_thread_takes_its_own_order_and_a_callers_only_from_its_loop() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let one = thread(1, true);
    let id = submit(&mut queue, &one, inline("a"), Origin::Caller, 7, now);
    assert_eq!(woken(&mut queue, true, now), Some((1, false)));
    assert!(queue.take(2, false, now).is_none(), "not its own");
    assert!(queue.take(1, true, now).is_none(), "calls of one tick share it");
    let late = now + Duration::from_secs(2);
    assert_eq!(woken(&mut queue, false, late), Some((1, false)));
    assert_eq!(woken(&mut queue, true, late), Some((1, true)), "the loop is blocked");
    // A rule that wants the same makes it a rule's.
    submit(&mut queue, &one, inline("a"), Origin::Rule, 7, now);
    assert_eq!(woken(&mut queue, false, now), Some((1, true)));
    assert_eq!(queue.take(1, true, now).unwrap().id, id);
    assert!(queue.take(1, false, now).is_none(), "it runs");
    assert_eq!(woken(&mut queue, true, late), None);
}

#[test]
fn what_is_forked_is_no_thread_s_to_take() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    submit(&mut queue, &thread(1, true), to("a"), Origin::Rule, 7, now);
    assert_eq!(queue.take(1, false, now).is_some(), cfg!(not(target_os = "linux")));
    let mut queue = Queue::default();
    submit(&mut queue, &thread(1, false), to("a"), Origin::Rule, 7, now);
    assert!(queue.take(1, true, now).is_some(), "V8 is not reached");
}

#[test]
fn what_is_put_back_is_the_next_with_all_who_wait_unless_its_thread_has_ended() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let one = thread(1, false);
    let first = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    let order = queue.take(1, false, now).unwrap();
    let second = submit(&mut queue, &one, to("b"), Origin::Caller, 7, now);
    let shares = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    let (ran, left) = queue.put_back(order);
    assert!(ran.is_some() && left.is_none(), "what ran is let go of outside the lock");
    let order = queue.take(1, false, now).unwrap();
    assert_eq!(order.id, first);
    one.ended.store(true, Ordering::Relaxed);
    let (ran, left) = queue.put_back(order);
    assert!(
        ran.is_some() && left.is_some_and(|order| order.id == first),
        "and so is the order that is nobody's"
    );
    assert_eq!(queue.take(1, false, now).unwrap().id, second);
    assert!(queue.complete(shares, &failed()).is_none());
    let none = submit(&mut queue, &one, to("c"), Origin::Caller, 7, now);
    queue.complete(second, &failed());
    assert!(queue.take(1, false, now).is_none(), "{none} is nobody's");
}

#[test]
fn the_heap_limit_has_one_slot_in_each_thread_and_a_standing_caller_as_many_as_it_wants() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let (one, two) = (thread(1, false), thread(2, false));
    let running = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    queue.take(1, false, now).unwrap();
    let dump = queue.at_limit(&one, to("l"), 7, now).unwrap();
    assert!(queue.at_limit(&one, to("l"), 7, now).is_none());
    assert!(queue.at_limit(&two, to("l"), 7, now).is_some());
    let standing = queue.at_once(&one, to("s"), now);
    queue.at_once(&one, to("s"), now);
    // Nobody else gets what a standing caller gets, nor hears of it.
    assert!(waited(&mut queue, standing.id).is_empty());
    assert_eq!(waited(&mut queue, dump.id), [dump.id]);
    assert!(queue.at_limit(&one, to("l"), 7, now).is_some());
    assert_eq!(waited(&mut queue, running), [running]);
}

#[test]
fn who_waits_no_longer_is_told_and_the_last_one_ends_it() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let one = thread(1, false);
    let first = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    let order = queue.take(1, false, now).unwrap();
    let rule = submit(&mut queue, &one, to("a"), Origin::Rule, 7, now);
    let queued = submit(&mut queue, &one, to("b"), Origin::Caller, 7, now);
    assert_eq!(told(queue.cancel_monitor(7)), [first, queued], "a rule's file is evidence");
    assert!(!order.demand.is_given_up());
    assert_eq!(told(queue.cancel(rule)), [rule]);
    assert!(order.demand.is_given_up());
    let anew = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    assert!(waited(&mut queue, first).is_empty(), "nobody shares what is given up");
    assert_eq!(queue.take(1, false, now).unwrap().id, anew);
}

#[test]
fn a_thread_that_ends_takes_its_orders_along() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let (one, two) = (thread(1, false), thread(2, false));
    let running = submit(&mut queue, &one, to("a"), Origin::Caller, 7, now);
    queue.take(1, false, now).unwrap();
    submit(&mut queue, &one, to("b"), Origin::Caller, 7, now);
    let other = submit(&mut queue, &two, to("a"), Origin::Caller, 7, now);
    let (runs, gone) = queue.forget(1);
    assert_eq!((runs, gone.len()), (vec![running], 1));
    queue.complete(running, &failed());
    assert_eq!(queue.take(2, false, now).unwrap().id, other);
}

#[test]
fn a_place_that_is_not_known_is_not_printed() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let id = submit(&mut queue, &thread(1, false), to("a"), Origin::Caller, 7, now);
    assert_eq!(queue.place(id), None);
    queue.take(1, false, now).unwrap();
    assert_eq!(queue.place(id).unwrap(), "has been begun, and has no file yet");
    queue.running(id).unwrap().place = "/d/x by process 7".into();
    assert_eq!(queue.place(id).unwrap(), "is being written to /d/x by process 7");
}

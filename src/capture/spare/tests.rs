//! What the spare thread does when it is given something. One test: there is one such thread a process.

use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn give(work: impl FnOnce() + Send + 'static) -> bool {
    hand_over(Box::new(work)).is_ok()
}

/// Until it is so.
fn becomes(what: impl Fn(&Spare) -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if what(&SPARE.lock()) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn it_does_one_thing_at_a_time_while_it_is_wanted() {
    assert!(!give(|| ()), "nobody watches");
    keep();
    let (go, gone) = bounded::<()>(0);
    let (say, said) = bounded(8);
    let (early, late) = (say.clone(), say.clone());
    assert!(give(move || {
        assert!(is_here());
        let _ = gone.recv();
        over();
        let _ = early.send("over");
        let _ = gone.recv();
        let _ = early.send(if is_called() { "called" } else { "not called" });
    }));
    assert!(!give(|| ()), "it is busy");
    go.send(()).unwrap();
    assert_eq!(said.recv_timeout(PATIENCE), Ok("over"));
    assert!(give(move || assert_eq!(late.send("next"), Ok(()))), "what follows is of less importance");
    assert!(!give(|| ()), "it has something to do");
    drop(go);
    assert_eq!(said.recv_timeout(PATIENCE), Ok("called"));
    assert_eq!(said.recv_timeout(PATIENCE), Ok("next"));
    assert!(becomes(|spare| !spare.busy));

    // A panic is not its end, and it holds nothing of what it was given.
    let held = Arc::new(());
    let theirs = held.clone();
    assert!(give(move || {
        let _theirs = theirs;
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(becomes(|spare| !spare.busy));
    assert_eq!(Arc::strong_count(&held), 1);

    // What it was given before it was let go of it does.
    let (go, gone) = bounded::<()>(0);
    assert!(give(move || {
        let _ = gone.recv();
        let _ = say.send("last");
    }));
    let_go();
    drop(go);
    assert_eq!(said.recv_timeout(PATIENCE), Ok("last"));
    assert!(becomes(|spare| !spare.is_there));
    ask_again();
    assert!(!SPARE.lock().is_there, "nobody wants it");
    keep();
    assert!(give(|| ()));
    let_go();
    assert!(becomes(|spare| !spare.is_there));
}

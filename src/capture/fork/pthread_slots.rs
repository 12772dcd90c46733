//! Where the process's objects keep the addresses of `pthread_cond_signal`, `pthread_mutex_lock` and their kin.
//!
//! A glibc condition variable counts its waiters. In a forked child they do not exist, and a signal can wait
//! for them for ever, when V8's task queue wakes its workers. And a lock that another thread held at the fork (the
//! main thread one of cppgc's, when a worker is captured) is never let go of. So the child, and only it, replaces these
//! functions by one that succeeds at once: it is alone for ever, so there is nobody to wake and nobody to wait for. They are
//! found before the fork, as the child must not take the loader's lock.

use std::ffi::{CStr, c_int, c_void};

use super::relocations;

const WAKE: [&CStr; 2] = [c"pthread_cond_signal", c"pthread_cond_broadcast"];
const LOCK: [&CStr; 13] = [
    c"pthread_mutex_lock",
    c"pthread_mutex_trylock",
    c"pthread_mutex_timedlock",
    c"pthread_mutex_clocklock",
    c"pthread_mutex_unlock",
    c"pthread_rwlock_rdlock",
    c"pthread_rwlock_tryrdlock",
    c"pthread_rwlock_timedrdlock",
    c"pthread_rwlock_wrlock",
    c"pthread_rwlock_trywrlock",
    c"pthread_rwlock_timedwrlock",
    c"pthread_rwlock_unlock",
    c"pthread_spin_lock",
];

/// Addresses of the slots.
#[derive(Clone, Debug, Default)]
pub struct PthreadSlots {
    all: Vec<usize>,
    /// Whether one of them wakes threads.
    wakes: bool,
}

/// Looks through all loaded objects. Takes the loader's lock; some ms with a position-independent executable.
pub fn find() -> PthreadSlots {
    let mut slots = PthreadSlots::default();
    relocations::each(&mut |name, slot| {
        let wakes = WAKE.contains(&name);
        if wakes || LOCK.contains(&name) {
            slots.wakes |= wakes;
            slots.all.push(slot);
        }
    });
    slots
}

/// Of whatever arguments: the caller's registers are its own.
unsafe extern "C" fn alone(_object: *mut c_void) -> c_int {
    0
}

impl PthreadSlots {
    /// Whether there is what must be replaced; without it the child would hang now and then.
    pub fn wake(&self) -> bool {
        self.wakes
    }

    /// Points all slots at a function that does nothing and says that it was done.
    ///
    /// # Safety
    /// Only in a forked child with one thread. In a process with waiting threads nobody would wake them.
    pub unsafe fn silence(&self) {
        for slot in &self.all {
            // SAFETY: found in a loaded object; one thread, as the caller vouches, and any arguments will do.
            unsafe { relocations::point(*slot, alone as *const () as usize) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_tables_of_this_process_can_be_walked() {
        // Which objects import the functions differs; that nothing faults is the point, and that every
        // slot lies in a mapping.
        let all = find().all;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        for slot in all {
            let inside = |line: &str| {
                let (range, _) = line.split_once(' ').unwrap();
                let (start, end) = range.split_once('-').unwrap();
                let parse = |text| usize::from_str_radix(text, 16).unwrap();
                (parse(start)..parse(end)).contains(&slot)
            };
            assert!(maps.lines().any(inside), "{slot:x}");
        }
    }

    #[test]
    fn a_lock_that_nobody_in_the_child_holds_does_not_stop_it() {
        // What other tests load meanwhile is not in the slots that were found.
        if !crate::probe::tests::alone(
            "capture::fork::pthread_slots::tests::a_lock_that_nobody_in_the_child_holds_does_not_stop_it",
        ) {
            return;
        }
        static HELD: AtomicUsize = AtomicUsize::new(0);
        // SAFETY: a mutex for the rest of the process, locked by a thread that never lets go of it.
        let mutex =
            Box::leak(Box::new(libc::PTHREAD_MUTEX_INITIALIZER)) as *mut libc::pthread_mutex_t as usize;
        let holder = std::thread::spawn(move || {
            // SAFETY: as above.
            unsafe { libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t) };
            HELD.store(1, Ordering::SeqCst);
            while HELD.load(Ordering::SeqCst) == 1 {
                std::thread::yield_now();
            }
        });
        while HELD.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let slots = find();
        // SAFETY: the child makes system calls, and calls through the slots, until it leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: one thread; the alarm ends it if it hangs.
            unsafe {
                libc::signal(libc::SIGALRM, libc::SIG_DFL);
                libc::alarm(60);
                slots.silence();
                libc::_exit(libc::pthread_mutex_lock(mutex as *mut libc::pthread_mutex_t));
            }
        }
        let mut status = -1;
        // SAFETY: the test's own child.
        unsafe { libc::waitpid(child, &mut status, 0) };
        HELD.store(2, Ordering::SeqCst);
        holder.join().unwrap();
        assert_eq!(status, 0);
    }
}

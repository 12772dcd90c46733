use super::*;

fn part(low: usize, high: usize) -> Part {
    Part { low, high, protection: 3 }
}

#[test]
fn what_is_missing_is_what_the_other_has_alone() {
    let has = [part(10, 20), part(30, 40), part(50, 60), part(70, 80), part(90, 95)];
    let here = [(0, 5), (12, 14), (20, 33), (35, 36), (50, 60), (65, 85)];
    let mut lacking = Vec::new();
    let mut lacks = |low, high, _| lacking.push((low, high));
    let mut beside = parts_of(&has);
    for (start, end) in here {
        beside.pass(Range { start, end }, &mut lacks);
    }
    beside.pass(Range { start: usize::MAX, end: usize::MAX }, &mut lacks);
    assert_eq!(lacking, [(10, 12), (14, 20), (33, 35), (36, 40), (90, 95)]);
}

#[test]
fn a_page_that_has_gone_costs_its_neighbours_nothing() {
    let (size, kind) = (8 * PAGE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping where the kernel likes, filled, and one page of it given back.
    let at = unsafe {
        let at = libc::mmap(null_mut(), size, access, kind, -1, 0);
        at.cast::<u8>().write_bytes(b'x', size);
        libc::munmap(at.add(3 * PAGE), PAGE);
        at as usize
    };
    let exchange = Exchange::new().unwrap();
    assert!(send(exchange.parent.as_raw_fd(), &part(at, at + size)));
    let mut got = vec![0; size];
    // SAFETY: the kernel writes within the vector.
    let read =
        unsafe { libc::recv(exchange.child.as_raw_fd(), got.as_mut_ptr().cast(), size, libc::MSG_WAITALL) };
    assert_eq!(read, size as isize);
    for (page, bytes) in got.chunks(PAGE).enumerate() {
        let expected = if page == 3 { 0 } else { b'x' };
        assert!(bytes.iter().all(|byte| *byte == expected), "page {page}");
    }
    // SAFETY: the mapping made above.
    unsafe { libc::munmap(at as *mut c_void, size) };
}

#[test]
fn nobody_waits_for_a_child_that_is_gone() {
    let exchange = Exchange::new().unwrap();
    // SAFETY: the child calls nothing but the kernel.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    assert!(!exchange.wait(LACKS, || is_gone(pid)));
    exchange.tell(LACKS, GIVEN_UP);
    assert!(!exchange.wait(LACKS, || panic!("it was told")));
    // SAFETY: a child of ours, which was not reaped.
    assert_eq!(unsafe { libc::waitpid(pid, null_mut(), 0) }, pid);
    assert!(is_gone(pid), "reaped");
}

#[test]
fn a_child_gets_what_was_not_copied() {
    let exchange = Exchange::new().unwrap();
    let (size, kind) = (8 * PAGE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let mut buffer = vec![0; maps::ROOM];
    assert!(exchange.open(&mut buffer));
    // SAFETY: a new mapping where the kernel likes, marked as V8 marks its own, and two pages of it written to.
    let at = unsafe {
        let at = libc::mmap(null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, kind, -1, 0);
        libc::madvise(at, size, libc::MADV_DONTFORK);
        at.cast::<u8>().write(42);
        at.cast::<u8>().add(5 * PAGE + 7).write(43);
        libc::mprotect(at, size, libc::PROT_READ);
        at as usize
    };
    // SAFETY: the child calls nothing but the kernel.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let taken = exchange.take(&mut buffer);
        // SAFETY: taken a moment ago, if it was.
        let right = taken
            && unsafe { (at as *const u8).read() == 42 && (at as *const u8).add(5 * PAGE + 7).read() == 43 };
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!right)) };
    }
    exchange.give(&mut buffer, pid);
    let mut status = 0;
    // SAFETY: a child of ours; the value lives for the call.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    assert_eq!(status, 0);
    assert!(exchange.bytes() >= size as u64);
    // SAFETY: the mapping made above.
    unsafe { libc::munmap(at as *mut c_void, size) };
}

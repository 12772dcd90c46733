//! What the kernel tells of this process's threads, read without an allocation and without a lock: also in a signal's handler, and
//! while other threads stand still who may have the allocator's locks.

/// Bytes of the longest path below `/proc/self/task` that is asked for.
const PATH: usize = 64;
/// Of `struct linux_dirent64`: bytes in front of the name, and where its length stands.
const NAME: usize = 19;
const LENGTH: usize = 16;

/// Reads the beginning of `/proc/self/task/TASK/LEAF`. `None`: the thread has ended, or it cannot be seen.
pub fn read<'a>(task: u32, leaf: &str, into: &'a mut [u8]) -> Option<&'a str> {
    let path = path(task, leaf)?;
    // SAFETY: a path that ends in NUL.
    let fd = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return None;
    }
    // SAFETY: the kernel writes within the buffer.
    let got = unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) };
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
    let text = into.get(..usize::try_from(got).ok()?)?;
    // A name may be of any bytes.
    Some(match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(text.get(..error.valid_up_to())?).ok()?,
    })
}

/// The path of it, ending in NUL.
fn path(task: u32, leaf: &str) -> Option<[u8; PATH]> {
    let (mut path, mut at) = ([0; PATH], 0);
    let mut digits = [0; 10];
    let mut put = |part: &[u8]| {
        path.get_mut(at..at + part.len())?.copy_from_slice(part);
        at += part.len();
        (at < PATH).then_some(())
    };
    put(b"/proc/self/task/")?;
    put(decimal(task, &mut digits))?;
    put(b"/")?;
    put(leaf.as_bytes())?;
    Some(path)
}

fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut at = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        at = index;
        if number == 0 {
            break;
        }
    }
    digits.get(at..).unwrap_or_default()
}

fn number(name: &[u8]) -> Option<u32> {
    let sum = name.iter().try_fold(0_u32, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(*byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })?;
    (!name.is_empty()).then_some(sum)
}

/// Calls `with` for each thread, until it says false. Threads that begin meanwhile may be among them.
pub fn each(mut with: impl FnMut(u32) -> bool) {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: a path that ends in NUL.
    let fd = unsafe { libc::open(c"/proc/self/task".as_ptr(), flags) };
    if fd < 0 {
        return;
    }
    let mut entries = [0_u8; 4096];
    let mut more = true;
    while more {
        // SAFETY: the kernel writes within the array.
        let got = unsafe { libc::syscall(libc::SYS_getdents64, fd, entries.as_mut_ptr(), entries.len()) };
        let Some(mut rest) =
            usize::try_from(got).ok().filter(|got| *got > 0).and_then(|got| entries.get(..got))
        else {
            break;
        };
        while let (true, Some(low), Some(high)) = (more, rest.get(LENGTH), rest.get(LENGTH + 1)) {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let name = rest.get(NAME..length).unwrap_or(&[]);
            let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
            if let Some(task) = number(name) {
                more = with(task);
            }
            rest = rest.get(length.max(1)..).unwrap_or(&[]);
        }
    }
    // SAFETY: the descriptor opened above.
    unsafe { libc::close(fd) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_is_among_them_and_can_be_read() {
        // SAFETY: no arguments, no failure.
        let me = unsafe { libc::gettid() } as u32;
        let mut all = Vec::new();
        each(|task| {
            all.push(task);
            true
        });
        assert!(all.contains(&me));
        let mut count = 0;
        each(|_| {
            count += 1;
            false
        });
        assert_eq!(count, 1);
        let mut room = [0; 512];
        assert!(read(me, "stat", &mut room).unwrap().starts_with(&format!("{me} (")));
        assert_eq!(read(u32::MAX, "stat", &mut room), None);
        assert_eq!(read(me, &"x".repeat(70), &mut room), None);
    }

    #[test]
    fn numbers_there_and_back() {
        let mut digits = [0; 10];
        for (one, text) in [(0, "0"), (7, "7"), (4711, "4711"), (u32::MAX, "4294967295")] {
            assert_eq!(decimal(one, &mut digits), text.as_bytes());
            assert_eq!(number(text.as_bytes()), Some(one));
        }
        assert_eq!((number(b".."), number(b""), number(b"99999999999")), (None, None, None));
    }
}

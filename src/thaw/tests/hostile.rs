//! Images that are damaged on purpose: every field of every record, and every length. What the checks let through is judged
//! by a twin that knows nothing of how they work, and by the real loader.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, Shutdown, send, shutdown};

use super::code::Code;
use super::make::{CODE, DATA, Made, no_child, options};
use crate::image::format::{END, LOADER, LOADER_ROOM, PAGE, RUN, Record, Start, TOP, status};
use crate::thaw::feed::Fed;
use crate::thaw::guard::Watched;
use crate::thaw::options::ThawOptions;
use crate::thaw::start::{Limits, Started, start};
use crate::thaw::stream::{Part, Stream, record_bytes, start_bytes};
use crate::thaw::supervise::supervise;
use crate::thaw::survey::check::{Checker, Step};
use crate::thaw::survey::survey;

/// All of them once: the tests of the crate without Node-API (`cargo test --no-default-features`) try this many, and those with it,
/// which go through the very same code, a twentieth.
const fn once(cases: usize) -> usize {
    if cfg!(feature = "node") { cases / 20 } else { cases }
}

/// The same numbers each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// One that somebody could have forgotten.
    fn value(&mut self, old: u64) -> u64 {
        let near = [
            0,
            1,
            PAGE,
            old.wrapping_add(1),
            old.wrapping_sub(1),
            old.wrapping_add(PAGE),
            old.wrapping_sub(PAGE),
            old ^ (1 << self.below(64)),
            TOP,
            TOP + PAGE,
            TOP - PAGE,
            LOADER,
            LOADER - PAGE,
            LOADER + LOADER_ROOM,
            LOADER + LOADER_ROOM - PAGE,
            LOADER + 4 * PAGE,
            u64::MAX,
            u64::MAX - PAGE + 1,
            1 << 63,
            CODE,
            DATA,
            DATA + PAGE,
            1 << 32,
            u32::MAX.into(),
            7,
            8,
            self.next(),
            self.next() & !(PAGE - 1),
            self.next() >> 17 & !(PAGE - 1),
        ];
        near[self.below(near.len())]
    }
}

fn base() -> Made {
    let mut made = Made::new(&Code::default().call(1, &[1, DATA, 2]).done(), b"ok");
    made.region(STACK_ABOVE, 4, 0, 0);
    made.run(STACK_ABOVE + PAGE, b"behind");
    made.run(STACK_ABOVE + 2 * PAGE, b"more");
    made
}

/// A region above the stack.
const STACK_ABOVE: u64 = 0x7ffe_1000_0000;

/// Where the fields of a start and of a record are: offset and length.
const OF_START: &[(usize, usize)] = &[
    (0, 8),
    (8, 4),
    (12, 4),
    (16, 8),
    (24, 8),
    (32, 8),
    (40, 8),
    (48, 4),
    (52, 4),
    (56, 8),
    (64, 8),
    (72, 8),
    (80, 8),
];
const OF_RECORD: &[(usize, usize)] =
    &[(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 4), (36, 4), (40, 4), (44, 4)];

/// Raw bytes, and where its start and records begin.
struct Plain {
    raw: Vec<u8>,
    records: Vec<usize>,
}

impl Plain {
    fn of(made: &Made) -> Self {
        let raw = made.raw();
        let mut records = Vec::new();
        let mut at = size_of::<Start>();
        while at < raw.len() {
            records.push(at);
            let bytes = u64::from_le_bytes(raw[at + 16..at + 24].try_into().unwrap());
            let is_run = raw[at..at + 4] == RUN.to_le_bytes();
            let payload = u32::from_le_bytes(raw[at + 4..at + 8].try_into().unwrap());
            at += size_of::<Record>() + payload as usize + if is_run { bytes as usize } else { 0 };
        }
        Self { raw, records }
    }

    /// Some fields changed, or the whole cut, doubled or shuffled in places. Says which record it was.
    fn damaged(&self, chance: &mut Chance) -> (Vec<u8>, usize) {
        let mut raw = self.raw.clone();
        let mut touched = 0;
        for _ in 0..=chance.below(3) / 2 {
            let index = chance.below(self.records.len() + 1);
            let (begin, fields) =
                if index == 0 { (0, OF_START) } else { (self.records[index - 1], OF_RECORD) };
            touched = touched.max(index);
            let (offset, length) = fields[chance.below(fields.len())];
            let place = begin + offset..begin + offset + length;
            let mut old = [0; 8];
            old[..length].copy_from_slice(&raw[place.clone()]);
            raw[place].copy_from_slice(&chance.value(u64::from_le_bytes(old)).to_le_bytes()[..length]);
        }
        match chance.below(12) {
            0 => raw.truncate(chance.below(raw.len())),
            1 => {
                // A record in another's place, or once more.
                let [from, to] = [0; 2].map(|_| self.records[chance.below(self.records.len())]);
                let record = self.raw[from..from + size_of::<Record>()].to_vec();
                raw[to..to + record.len()].copy_from_slice(&record);
            }
            2 => {
                let at = self.records[chance.below(self.records.len())];
                let record = self.raw[at..at + size_of::<Record>()].to_vec();
                raw.splice(at..at, record);
            }
            _ => {}
        }
        (raw, touched)
    }
}

/// What must hold for all that is let through, in the plainest words there are.
#[derive(Default)]
struct Twin {
    taken: Vec<(u64, u64)>,
    filled: Vec<(u64, u64)>,
    last: (u64, u64),
    bytes: u64,
}

impl Twin {
    fn see(&mut self, step: Step) {
        let apart = |all: &[(u64, u64)], begin, end| all.iter().all(|(b, e)| end <= *b || *e <= begin);
        match step {
            Step::Region(region) => {
                let (begin, end) = (region.begin - region.before, region.end + region.behind);
                assert!(
                    [begin, end, region.begin, region.end, region.offset].iter().all(|n| n % PAGE == 0),
                    "{region:?}"
                );
                assert!(
                    begin >= 64 << 10 && begin < end && end <= TOP && region.begin < region.end,
                    "{region:?}"
                );
                assert!(end <= LOADER || begin >= LOADER + LOADER_ROOM, "{region:?}");
                assert!(apart(&self.taken, begin, end), "{region:?}");
                assert!(
                    region.protection <= 7 && region.kind <= 4 && (region.kind != 1 || region.object < 3),
                    "{region:?}"
                );
                self.taken.push((begin, end));
                self.last = (region.begin, region.end);
            }
            Step::Run { at, bytes } => {
                assert!(at >= self.last.0 && bytes > 0 && bytes % PAGE == 0 && at % PAGE == 0);
                assert!(at.checked_add(bytes).is_some_and(|end| end <= self.last.1));
                assert!(apart(&self.filled, at, at + bytes));
                self.filled.push((at, at + bytes));
                self.bytes += bytes;
            }
            Step::End => {}
        }
    }
}

/// What the loader would do with these bytes; whether it would come to their end.
fn follow(raw: &[u8]) -> bool {
    let Ok(mut stream) = Stream::new(raw) else { return false };
    let begin = *stream.start();
    let Ok(mut checker) = Checker::new(&begin, 3) else { return false };
    let mut twin = Twin::default();
    while let Ok(Part::Record(record)) = stream.next() {
        let Ok(step) = checker.next(&record) else { return false };
        twin.see(step);
        if step == Step::End {
            assert_eq!((record.tag, record.a, record.b), (END, twin.taken.len() as u64, twin.bytes));
            let within = |at: u64| twin.taken.iter().any(|(begin, end)| *begin <= at && at < *end);
            assert!(within(begin.resume) && within(begin.stack));
            assert!(checker.next(&record).is_err(), "nothing follows the end");
            return true;
        }
    }
    false
}

#[test]
fn a_hundred_thousand_damaged_images_do_nothing_wrong() {
    let plain = Plain::of(&base());
    assert!(follow(&plain.raw));
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let (mut whole, mut refused) = (0, 0);
    let cases = once(100_000);
    for case in 0..cases {
        let (raw, _) = plain.damaged(&mut chance);
        let found = survey(Path::new("hostile"), &raw[..], &mut |_| Ok(()));
        let followed = follow(&raw);
        match found {
            // A start may have been changed to another that is as good.
            Ok(_) => {
                assert!(followed, "case {case}");
                whole += 1;
            }
            Err(error) => {
                let codes = ["HEAPWARDEN_CORRUPT_SNAPSHOT", "HEAPWARDEN_UNSUPPORTED"];
                assert!(codes.contains(&error.code()), "{case}: {error}");
                refused += 1;
            }
        }
    }
    assert!(whole > cases / 100 && refused > cases / 2, "{whole} were taken for whole, {refused} refused");
}

#[test]
fn bytes_at_random_do_nothing_wrong() {
    let plain = Plain::of(&base());
    let mut chance = Chance(77);
    for _ in 0..once(20_000) {
        let mut raw = plain.raw.clone();
        for _ in 0..chance.below(20) {
            // Most of it is pages, which may be anything: aim at the rest.
            let near = plain.records[chance.below(plain.records.len())];
            let at = (near + chance.below(size_of::<Record>())).min(raw.len() - 1);
            raw[at] = chance.next() as u8;
        }
        let _ = survey(Path::new("hostile"), &raw[..], &mut |_| Ok(()));
        follow(&raw);
    }
}

/// Straight into the loader, past the checks of this side.
fn load(raw: &[u8], options: &ThawOptions) -> (Option<std::process::ExitStatus>, String, Vec<u8>) {
    let limits = Limits { memory: 1 << 30, seconds: 5 };
    let Started { child, socket, status } = start(&options.loader, limits, &[]).unwrap();
    let fed = Fed::default();
    let watched = Watched {
        options,
        fed: &fed,
        raw_bytes: 0,
        memory: 1 << 40,
        session: false,
        started: Instant::now(),
    };
    let mut out = Vec::new();
    let ending = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut rest = raw;
            while let Ok(count) = send(&socket, rest, SendFlags::NOSIGNAL) {
                rest = &rest[count..];
                if rest.is_empty() {
                    break;
                }
            }
            let _ = shutdown(&socket, Shutdown::Write);
        });
        supervise(child, status, &watched, &mut out as &mut dyn Write, &mut |_| {})
    });
    assert!(ending.cause.is_none(), "it had to be ended: {:?}", ending.cause);
    (ending.status, ending.words, out)
}

#[test]
fn the_real_loader_refuses_them_too() {
    use std::os::unix::process::ExitStatusExt;
    let plain = Plain::of(&base());
    let options = ThawOptions { timeout: Duration::from_secs(20), ..options() };
    let (status, words, out) = load(&plain.raw, &options);
    assert_eq!((status.unwrap().code(), words.as_str(), out.as_slice()), (Some(0), "", &b"ok"[..]));
    let mut chance = Chance(0xDEAD_BEEF_CAFE);
    let (mut done, mut refused, mut crashed) = (0, 0, 0);
    let cases = once(500);
    for case in 0..cases {
        let (raw, touched) = plain.damaged(&mut chance);
        let (status, words, out) = load(&raw, &options);
        let status = status.unwrap();
        match status.code() {
            Some(status::NOT_LOADED) => {
                assert!(
                    words.starts_with("heapwarden-loader ") && words.lines().count() == 1,
                    "{case}: {words}"
                );
                assert_eq!(out, b"", "{case}: nothing of the image ran");
                refused += 1;
            }
            Some(0) => {
                assert!(follow(&raw), "{case}: what the checks refuse has run");
                done += 1;
            }
            // Where it goes on, or what is there, was changed to nonsense: behind the fence that is its own business.
            _ => {
                let signal = status.signal();
                let own = [libc::SIGSEGV, libc::SIGILL, libc::SIGTRAP, libc::SIGBUS, libc::SIGFPE].map(Some);
                assert!(own.contains(&signal) && follow(&raw) && touched < 4, "{case}: {status:?} {words}");
                crashed += 1;
            }
        }
    }
    no_child();
    assert!(refused > cases / 2 && done > cases / 100, "{refused} refused, {done} done, {crashed} crashed");
}

#[test]
fn a_loader_with_strange_arguments_says_so() {
    let loader = options().loader;
    for arguments in [
        &[][..],
        &["1", "2", "3"],
        &["0", "0", "x", "0"],
        &["0", "0", "0", "99999999999999999999"],
        &["0", "0", "0", "5000"],
    ] {
        let output = std::process::Command::new(&loader).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status::NOT_LOADED), "{arguments:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.starts_with("heapwarden-loader arguments "), "{words}");
    }
    // Whoever is not its parent.
    let output = std::process::Command::new(&loader).args(["1", "0", "0", "0"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("heapwarden-loader parent "));
}

#[test]
fn bytes_become_records_and_back() {
    let made = base();
    let (record, _) = &made.records[2];
    let bytes: [u8; size_of::<Record>()] = record_bytes(record).try_into().unwrap();
    assert_eq!(crate::thaw::stream::record(&bytes), *record);
    let bytes: [u8; size_of::<Start>()] = start_bytes(&made.start).try_into().unwrap();
    assert_eq!(crate::thaw::stream::start(&bytes), made.start);
}

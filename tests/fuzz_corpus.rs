//! The fuzzer's seeds, whole and damaged in every place: what a fuzzer would try first, on stable, in seconds.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../fuzz/exercise.rs"]
mod exercise;
#[path = "../fuzz/snapshots.rs"]
mod snapshots;

use std::collections::BTreeMap;
use std::ops::Range;

use heapwarden::error::Error;

/// Bytes that mean something to the format, and some that mean nothing to anybody.
const BYTES: &[u8] = b"09,:[]{}\"\\-.eun \0\xFF";

fn seeds() -> BTreeMap<String, Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let seeds: BTreeMap<String, Vec<u8>> = files
        .map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap()))
        .collect();
    assert!(seeds.len() >= 11, "the seeds are gone");
    seeds
}

/// The sections of a snapshot: `"name": value`, without what stands between them.
fn sections(json: &[u8]) -> Vec<Range<usize>> {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if !in_string && (depth == 0 || (depth == 1 && *byte == b',')) && at > 0 && begin < at {
            found.push(begin..at);
            begin = at + 1;
        }
    }
    found
}

fn join(json: &[u8], sections: &[Range<usize>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = sections.iter().map(|section| &json[section.clone()]).collect();
    [b"{", parts.join(&b',').as_slice(), b"}"].concat()
}

#[test]
fn seeds_are_read() {
    for (name, seed) in seeds() {
        if let Err(error) = exercise::read(&seed, false) {
            panic!("{name}: {error}");
        }
        exercise::exercise(&seed);
    }
}

#[test]
fn cut_at_every_byte() {
    for (name, seed) in seeds() {
        for end in 0..seed.len() {
            let cut = &seed[..end];
            let Err(Error::CorruptSnapshot(what)) = exercise::read(cut, false) else {
                panic!("{name} cut at {end} is no damage")
            };
            // Only the closing bracket is missing, or space before it: nothing is wrong before the end.
            assert!(exercise::names_a_byte(&what, end), "{name} cut at {end}: {what}");
            // What is salvaged of one cut is salvaged of the next like it; a few of them do.
            if end % 16 == 0 {
                exercise::exercise(cut);
            }
        }
    }
}

#[test]
fn cut_between_sections() {
    for (name, seed) in seeds() {
        for section in sections(&seed) {
            for end in [section.start, section.end] {
                exercise::exercise(&seed[..end]);
                let salvaged = exercise::read(&seed[..end], true);
                let has = |key: &str| String::from_utf8_lossy(&seed[..end]).contains(key);
                // With the first byte of the next section, the edges are all there.
                let whole = has("\"edges\"")
                    && !String::from_utf8_lossy(&seed[section.clone()]).contains("\"edges\"");
                if whole {
                    assert!(salvaged.unwrap().damage.is_some(), "{name} cut at {end}");
                }
            }
        }
    }
}

#[test]
fn sections_in_another_order_missing_or_twice() {
    for (_, seed) in seeds() {
        let sections = sections(&seed);
        assert!(exercise::read(&join(&seed, &sections), false).is_ok());
        for first in 0..sections.len() {
            let mut without = sections.clone();
            let section = without.remove(first);
            exercise::exercise(&join(&seed, &without));
            for second in 0..sections.len() {
                let mut swapped = sections.clone();
                swapped.swap(first, second);
                exercise::exercise(&join(&seed, &swapped));
                let mut twice = sections.clone();
                twice.insert(second, section.clone());
                exercise::exercise(&join(&seed, &twice));
            }
        }
    }
}

#[test]
fn every_byte_changed_in_turn() {
    for (number, (_, seed)) in seeds().into_iter().enumerate() {
        for at in 0..seed.len() {
            let mut changed = seed.clone();
            changed[at] = BYTES[(at + number) % BYTES.len()];
            // What is no snapshot any more is salvaged now and then only.
            if exercise::read(&changed, false).is_ok() || at % 8 == 0 {
                exercise::exercise(&changed);
            }
        }
    }
}

#[test]
fn every_number_of_a_small_one_changed() {
    let seed = &seeds()["no-detachedness.json"];
    let text = String::from_utf8(seed.clone()).unwrap();
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    for begin in (0..text.len()).filter(|at| is_digit(*at) && !is_digit(at.wrapping_sub(1))) {
        let end = (begin..).find(|at| !is_digit(*at)).unwrap_or(text.len());
        let number: u64 = text[begin..end].parse().unwrap();
        let near = [number.wrapping_sub(1), number + 1, number + 7, u64::from(u32::MAX), 1 << 32, u64::MAX];
        for other in
            near.iter().map(u64::to_string).chain(["-1", "1e3", "0.5", "null", ""].map(str::to_owned))
        {
            exercise::exercise([&text[..begin], &other, &text[end..]].concat().as_bytes());
        }
    }
}

#[test]
fn several_changes_at_once() {
    let seeds: Vec<Vec<u8>> = seeds().into_values().collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..3_000 {
        let mut json = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(4) {
            let (a, b) = (random.below(json.len()), random.below(json.len()));
            match random.below(4) {
                0 => json[a] = BYTES[random.below(BYTES.len())],
                1 => drop(json.drain(a.min(b)..a.max(b).min(a.min(b) + 20))),
                2 => json.insert(a, BYTES[random.below(BYTES.len())]),
                _ => {
                    let piece = json[a..json.len().min(a + 12)].to_vec();
                    json.splice(b..b, piece);
                }
            }
            if json.is_empty() {
                break;
            }
        }
        exercise::exercise(&json);
    }
}

#[test]
fn random_graphs() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for _ in 0..600 {
        let bytes: Vec<u8> = (0..40 + random.below(900)).map(|_| random.below(256) as u8).collect();
        let json = snapshots::from_bytes(&bytes);
        match (exercise::read(json.as_bytes(), false), exercise::read(json.as_bytes(), true)) {
            (Ok(first), Ok(second)) => exercise::everything(first.graph, second.graph),
            (Err(error), _) | (_, Err(error)) => panic!("{error}\n{json}"),
        }
    }
}

/// xorshift: the same on every machine and every day.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

//! What can be told of a snapshot's JSON without parsing it: that it begins and ends as one, and its node
//! count. (The `heap` room parses; a sink and a folder listing must be cheaper than that.)

use std::io::{self, Read, Seek, SeekFrom};

/// V8 writes `node_count` after the meta object, about 1.5 kB in; later versions may grow the meta.
pub const HEAD: usize = 64 * 1024;

/// Enough to see `"]}` and the backslashes in front of it.
pub const TAIL: usize = 64;

/// Does it begin as V8's serializer begins? `head`: the first bytes, at least 11 of them.
pub fn begins(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{\"snapshot\"")
}

/// N of the first `"node_count":N` in `head`, if all its digits are there.
pub fn node_count(head: &[u8]) -> Option<u64> {
    count(head, b"\"node_count\":")
}

/// The same of `"edge_count":N`.
pub fn edge_count(head: &[u8]) -> Option<u64> {
    count(head, b"\"edge_count\":")
}

fn count(head: &[u8], key: &[u8]) -> Option<u64> {
    let start = memchr::memmem::find(head, key)? + key.len();
    let rest = head[start..].trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || digits == rest.len() {
        return None;
    }
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// Does it end as V8's serializer ends, with the `]` of the last array and the `}` of the whole? Cheap
/// and nearly right: text in a string that looks like this cannot be told from the last bytes alone.
/// [`Balance`] is exact.
pub fn ends(tail: &[u8]) -> bool {
    let Some(rest) = tail.trim_ascii_end().strip_suffix(b"}") else { return false };
    let Some(rest) = rest.trim_ascii_end().strip_suffix(b"]") else { return false };
    let Some(rest) = rest.trim_ascii_end().strip_suffix(b"\"") else { return true };
    // `\"]}` is text: the quote belongs to a string that goes on.
    rest.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0
}

/// The first [`HEAD`] and the last [`TAIL`] bytes of a plain file.
pub fn ends_of<F: Read + Seek>(file: &mut F) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let size = file.seek(SeekFrom::End(0))?;
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL as u64)))?;
    file.by_ref().take(TAIL as u64).read_to_end(&mut tail)?;
    Ok((head, tail))
}

/// The last [`TAIL`] bytes of a stream.
#[derive(Default)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Takes the stream's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(TAIL)..];
        let keep = (TAIL - new.len()).min(self.0.len());
        self.0.drain(..self.0.len() - keep);
        self.0.extend_from_slice(new);
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Follows brackets and strings of JSON as it streams by: says whether one whole value has been seen. (Why this stands
/// in three places, `redact::literal` says.)
/// It does not check numbers, commas or keys.
#[derive(Default)]
pub struct Balance {
    depth: u64,
    in_string: bool,
    escaped: bool,
    closed: bool,
    broken: bool,
}

impl Balance {
    /// Takes the next bytes. Returns the index in `bytes` of the first one that cannot stand there.
    pub fn push(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.broken {
            return Some(0);
        }
        let mut i = 0;
        while i < bytes.len() {
            if self.escaped {
                self.escaped = false;
                i += 1;
                continue;
            }
            if self.in_string {
                i += memchr::memchr2(b'"', b'\\', &bytes[i..])?;
                if bytes[i] == b'"' {
                    self.in_string = false
                } else {
                    self.escaped = true
                }
                i += 1;
                continue;
            }
            let fits = match bytes[i] {
                b'{' | b'[' => {
                    self.depth += 1;
                    !self.closed
                }
                b'}' | b']' => {
                    let open = self.depth > 0;
                    self.depth = self.depth.saturating_sub(1);
                    self.closed = self.depth == 0;
                    open
                }
                b'"' => {
                    self.in_string = true;
                    self.depth > 0
                }
                b' ' | b'\n' | b'\r' | b'\t' => true,
                _ => self.depth > 0,
            };
            if !fits {
                self.broken = true;
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// Has a whole value gone by, and nothing been left open?
    pub fn whole(&self) -> bool {
        self.closed && !self.broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: &[u8] = br#"{"snapshot":{"meta":{"node_fields":["type"],"location_fields":["column"]},"node_count":12,"edge_count":3},
"nodes":[1,2,3],"edges":[],"strings":["<dummy>","a\"]}","x\\"]}"#;

    #[test]
    fn sees_begin_end_and_count() {
        assert!(begins(REAL) && ends(REAL));
        assert_eq!((node_count(REAL), edge_count(REAL)), (Some(12), Some(3)));
        assert!(!begins(b"{\"nodes\":[]}") && !begins(b"") && !begins(b"{\"snap"));
        assert!(ends(b"{\"strings\":[]}\n"));
    }

    #[test]
    fn a_count_cut_in_its_digits_is_unknown() {
        assert_eq!(node_count(b"{\"snapshot\":{\"node_count\":12"), None);
        assert_eq!(node_count(b"\"node_count\":,"), None);
        assert_eq!(node_count(b"\"node_count\":99999999999999999999999,"), None);
        assert_eq!(node_count(b"\"node_count\": 7}"), Some(7));
    }

    #[test]
    fn an_escaped_quote_is_not_the_end() {
        let at = memchr::memmem::find(REAL, br#"\"]}"#).unwrap() + 4;
        assert!(!ends(&REAL[..at]), "text in a string");
        assert!(ends(br#"["a\\"]}"#));
    }

    #[test]
    fn no_prefix_is_whole() {
        for cut in 0..=REAL.len() {
            let mut balance = Balance::default();
            assert_eq!(balance.push(&REAL[..cut]), None);
            assert_eq!(balance.whole(), cut == REAL.len(), "cut at {cut}");
        }
    }

    #[test]
    fn bytes_after_the_end_are_found() {
        let mut balance = Balance::default();
        assert_eq!(balance.push(b"{\"a\":[1]}\n{"), Some(10));
        assert!(!balance.whole());
        assert_eq!(Balance::default().push(b"x{}"), Some(0));
        assert_eq!(Balance::default().push(b"]"), Some(0));
    }

    proptest! {
        #[test]
        fn tail_is_the_last_bytes(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..150), 0..8)) {
            let mut tail = Tail::default();
            parts.iter().for_each(|p| tail.push(p));
            let all = parts.concat();
            prop_assert_eq!(tail.bytes(), &all[all.len().saturating_sub(TAIL)..]);
        }

        #[test]
        fn chunking_does_not_matter(text in "[a-c\\\\\"\\[\\]{} ]{0,60}", size in 1usize..7) {
            let mut at_once = Balance::default();
            let first = at_once.push(text.as_bytes());
            let mut chunked = Balance::default();
            let mut found = None;
            for (n, chunk) in text.as_bytes().chunks(size).enumerate() {
                if found.is_none() { found = chunked.push(chunk).map(|i| n * size + i) }
            }
            prop_assert_eq!(first, found);
            prop_assert_eq!(at_once.whole(), chunked.whole());
        }
    }
}

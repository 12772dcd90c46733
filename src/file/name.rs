//! File names that sort by time:
//!
//! `heapwarden-20261122T214111.123Z-<pid>-<threadId>-<trigger>-<4 hex>.heapsnapshot[.zst]`, or `….heapimage.zst`
//!
//! and the temporary name of the same: `.` in front, `.<machine>.tmp` behind: 8 hex digits of the machine that writes
//! it, whose kernel knows whether the writer still holds its lock. The four random digits keep two
//! containers with the same pids apart on one volume. Parsing is strict: what does not parse is not ours,
//! and what is not ours is never deleted.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::info::{Form, Header};

const PREFIX: &str = "heapwarden-";
const PLAIN: &str = ".heapsnapshot";
const ZSTD: &str = ".heapsnapshot.zst";
const IMAGE: &str = ".heapimage.zst";
/// Longest trigger slug; whole names stay far under the 255 bytes of file systems.
const SLUG: usize = 40;
/// 9999-12-31T23:59:59.999Z: the year has four digits.
const LAST_MS: f64 = 253_402_300_799_999.0;

/// What a generated name tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Milliseconds since 1970 (UTC).
    pub at: f64,
    /// The process whose heap it is.
    pub pid: u32,
    /// `worker_threads.threadId`.
    pub thread_id: u64,
    /// The trigger as a slug.
    pub trigger: String,
    /// What it holds.
    pub form: Form,
    /// Does the file hold zstd frames (else plain JSON)?
    pub zstd: bool,
}

/// A new name for what this header is of. Two calls give two names. An image is always packed.
pub fn generate(header: &Header, zstd: bool) -> String {
    let end = ending(header.form, zstd);
    // RandomState is seeded by the system: good enough to tell files apart, and no dependency.
    let random = RandomState::new().build_hasher().finish() as u16;
    let (at, slug) = (stamp(header.at), slug(&header.trigger));
    format!("{PREFIX}{at}-{}-{}-{slug}-{random:04x}{end}", header.pid, header.thread_id)
}

fn ending(form: Form, zstd: bool) -> &'static str {
    match form {
        Form::Image => IMAGE,
        Form::Snapshot if zstd => ZSTD,
        Form::Snapshot => PLAIN,
    }
}

/// Does the name of this file say that it is an image? Its own words do, where they can be read.
pub fn says_image(path: &std::path::Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(IMAGE.as_bytes())
}

/// The exact name that was asked for, for a file of this form: an order that may leave either names the one.
pub fn exact(asked: &str, form: Form) -> String {
    match form {
        Form::Image => match asked.strip_suffix(ZSTD).or_else(|| asked.strip_suffix(PLAIN)) {
            Some(stem) => format!("{stem}{IMAGE}"),
            None => asked.to_owned(),
        },
        Form::Snapshot => match asked.strip_suffix(IMAGE) {
            Some(stem) => format!("{stem}{ZSTD}"),
            None => asked.to_owned(),
        },
    }
}

/// The temporary name for a generated name; `machine`: 8 hex digits, if it is known.
pub fn temporary(name: &str, machine: Option<&str>) -> String {
    machine.map_or_else(|| format!(".{name}.tmp"), |machine| format!(".{name}.{machine}.tmp"))
}

/// The machine in a temporary name.
pub fn machine_of(name: &str) -> Option<&str> {
    split_temporary(name)?.1
}

fn split_temporary(name: &str) -> Option<(&str, Option<&str>)> {
    let inner = name.strip_prefix('.')?.strip_suffix(".tmp")?;
    match inner.rsplit_once('.') {
        Some((inner, machine)) if machine.len() == 8 && machine.bytes().all(is_hex) => {
            Some((inner, Some(machine)))
        }
        _ => Some((inner, None)),
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Reads a generated name; `None` for any other.
pub fn parse(name: &str) -> Option<Name> {
    let rest = name.strip_prefix(PREFIX)?;
    let ends = [(Form::Image, true), (Form::Snapshot, true), (Form::Snapshot, false)];
    let (rest, form, zstd) = ends
        .into_iter()
        .find_map(|(form, zstd)| Some((rest.strip_suffix(ending(form, zstd))?, form, zstd)))?;
    let (rest, random) = rest.rsplit_once('-')?;
    if random.len() != 4 || !random.bytes().all(is_hex) {
        return None;
    }
    let mut parts = rest.splitn(4, '-');
    let at = unstamp(parts.next()?)?;
    let pid = parts.next().and_then(number)?.try_into().ok()?;
    let thread_id = parts.next().and_then(number)?;
    let trigger = parts.next()?;
    // A slug is its own slug: this refuses what `generate` cannot have written.
    (slug(trigger) == trigger).then(|| Name { at, pid, thread_id, trigger: trigger.to_owned(), form, zstd })
}

/// Reads a temporary name; `None` for any other.
pub fn parse_temporary(name: &str) -> Option<Name> {
    parse(split_temporary(name)?.0)
}

/// Could a file of this name be a snapshot or an image at all?
pub fn is_evidence(name: &str) -> bool {
    !name.starts_with('.') && [PLAIN, ZSTD, IMAGE].iter().any(|end| name.ends_with(end))
}

/// Is this the end of a plain file's name?
pub fn is_plain(name: &str) -> bool {
    name.ends_with(PLAIN)
}

/// Lower-case letters, digits and single dashes; `snapshot` when nothing is left.
pub fn slug(trigger: &str) -> String {
    let mut slug = String::new();
    for c in trigger.chars() {
        if slug.len() >= SLUG {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "snapshot".to_owned() } else { slug.to_owned() }
}

/// `20261122T214111.123Z` of milliseconds since 1970; out of range or NaN is pulled into range.
pub fn stamp(at: f64) -> String {
    let ms = at.clamp(0.0, LAST_MS) as u64; // NaN becomes 0
    let (days, ms) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = date(days as i64);
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60)
}

fn unstamp(text: &str) -> Option<f64> {
    let b = text.as_bytes();
    if b.len() != 20 || b[8] != b'T' || b[15] != b'.' || b[19] != b'Z' {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(digits);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second, ms) = (part(9, 11)?, part(11, 13)?, part(13, 15)?, part(16, 19)?);
    let at = days(year as i64, month as i64, day as i64) * 86_400_000
        + (((hour * 60 + minute) * 60 + second) * 1000 + ms) as i64;
    let at = at as f64;
    // The 31st of February and the 25th hour do not survive the way back.
    (stamp(at) == text).then_some(at)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

// As `{}` prints it: no sign, no leading zero.
fn number(text: &str) -> Option<u64> {
    digits(text).filter(|n| n.to_string() == text)
}

// Days since 1970 <-> civil date, after Howard Hinnant's "chrono-compatible low-level date algorithms":
// years begin in March so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::Mode;
    use proptest::prelude::*;

    #[test]
    fn known_dates() {
        assert_eq!(stamp(0.0), "19700101T000000.000Z");
        assert_eq!(stamp(951_826_554_007.9), "20000229T121554.007Z");
        assert_eq!(stamp(1_795_383_671_123.0), "20261122T214111.123Z");
        assert_eq!(stamp(f64::NAN), "19700101T000000.000Z");
        assert_eq!(stamp(f64::INFINITY), "99991231T235959.999Z");
        assert_eq!(stamp(-5.0), "19700101T000000.000Z");
    }

    #[test]
    fn slugs() {
        assert_eq!(slug("heapUsedRatio > 80%"), "heapusedratio-80");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("—"), "snapshot");
        assert!(slug(&"ab ".repeat(100)).len() <= SLUG);
    }

    #[test]
    fn an_exact_name_says_what_is_in_the_file() {
        for (asked, image, snapshot) in [
            ("a.heapsnapshot", "a.heapimage.zst", "a.heapsnapshot"),
            ("a.heapsnapshot.zst", "a.heapimage.zst", "a.heapsnapshot.zst"),
            ("a.heapimage.zst", "a.heapimage.zst", "a.heapsnapshot.zst"),
            ("evidence", "evidence", "evidence"),
        ] {
            assert_eq!(exact(asked, Form::Image), image);
            assert_eq!(exact(asked, Form::Snapshot), snapshot);
        }
    }

    #[test]
    fn strangers_are_not_ours() {
        let good = "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapsnapshot.zst";
        assert!(parse(good).is_some() && parse_temporary(good).is_none());
        for (machine, bad) in [(None, "0123abc"), (Some("0123abcd"), "0123ABCD")] {
            let name = temporary(good, machine);
            assert!(parse_temporary(&name).is_some() && parse(&name).is_none());
            assert_eq!(machine_of(&name), machine);
            assert!(parse_temporary(&temporary(good, Some(bad))).is_none());
        }
        let image = "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapimage.zst";
        assert!(parse(image).is_some() && parse_temporary(&temporary(image, None)).is_some());
        for bad in [
            "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapimage",
            "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapimage.zst.zst",
            "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapsnapshot.heapimage.zst",
            "heapwarden-20261122T214111.123Z-12-0-rss-00FF.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-12-0-rss-0ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-012-0-rss-00ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-+12-0-rss-00ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-12-0-00ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-12-0-r--s-00ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-12-0-R-00ff.heapsnapshot.zst",
            "heapwarden-20260231T214111.123Z-12-0-rss-00ff.heapsnapshot.zst",
            "heapwarden-20261122T254111.123Z-12-0-rss-00ff.heapsnapshot.zst",
            "heapwarden-20261122T214111.123Z-12-0-rss-00ff.heapsnapshot.zst.bak",
            "heapwarden-20261122T2141é.123Z-12-0-rss-00ff.heapsnapshot",
            "Heap.20261122.214111.1.0.001.heapsnapshot",
            "heapwarden-.heapsnapshot",
            "",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(at in 0u64..253_402_300_799_999, pid: u32, thread_id: u64, trigger: String, zstd: bool, image: bool) {
            let mut header = Header::new(at as f64, Mode::Inline, &trigger);
            header.pid = pid;
            header.thread_id = thread_id;
            header.form = if image { Form::Image } else { Form::Snapshot };
            let zstd = zstd || image;
            let name = generate(&header, zstd);
            prop_assert!(name.len() < 250 && !name.contains('/') && is_evidence(&name));
            prop_assert_eq!(is_plain(&name), !zstd);
            let read = parse(&name).unwrap();
            prop_assert_eq!(read, Name { at: at as f64, pid, thread_id, trigger: slug(&trigger), form: header.form, zstd });
        }

        #[test]
        fn names_sort_by_time(a in 0u64..253_402_300_799_999, b in 0u64..253_402_300_799_999) {
            prop_assert_eq!(a.cmp(&b), stamp(a as f64).cmp(&stamp(b as f64)));
        }

        #[test]
        fn parsing_never_panics(name in "(heapwarden-)?[0-9TZ.é-]{0,40}(\\.heap(snapshot|image))?(\\.zst)?") {
            let _ = parse(&name);
        }
    }
}

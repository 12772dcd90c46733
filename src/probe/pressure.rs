//! Pressure stall information (PSI): how much time tasks lose waiting for memory.

use super::read;
use serde::Serialize;
use std::path::Path;

/// Shares of the last 10 seconds, in percent (0…100), as the kernel averages them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pressure {
    /// Some task waited for memory.
    pub some10: f64,
    /// All tasks that had something to do waited for memory at once.
    pub full10: f64,
}

/// The `group`'s pressure when its figures have it, else the machine's (`/proc/pressure/memory`: in a
/// container that has no cgroup v2 this includes its neighbours). `None` before Linux 4.20 and where the
/// kernel was built or booted without PSI.
pub fn pressure(group: Option<Pressure>) -> Option<Pressure> {
    group.or_else(|| from_file(Path::new("/proc/pressure/memory")))
}

pub(super) fn from_file(path: &Path) -> Option<Pressure> {
    parse(&read(path)?)
}

fn parse(text: &[u8]) -> Option<Pressure> {
    let text = std::str::from_utf8(text).ok()?;
    Some(Pressure { some10: average(text, "some")?, full10: average(text, "full")? })
}

/// `avg10` of the line `some avg10=0.12 avg60=0.00 avg300=0.00 total=4711`.
fn average(text: &str, kind: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
    let value = line.split(' ').find_map(|pair| pair.strip_prefix("avg10="))?;
    // Rust's own parser also takes `inf`, `nan` and `1e9`, which the range or the kernel's format excludes.
    value.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "some avg10=1.25 avg60=0.40 avg300=0.10 total=4711\n\
                        full avg10=0.29 avg60=0.00 avg300=0.00 total=815\n";

    #[test]
    fn reads_both_averages() {
        assert_eq!(parse(TEXT.as_bytes()), Some(Pressure { some10: 1.25, full10: 0.29 }));
    }

    #[test]
    fn half_an_answer_is_none() {
        for bad in ["", "some", "full ", "some avg10=", &TEXT[..60], &TEXT.replace("0.29", "nan")] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(parse(TEXT.replace("1.25", "100.01").as_bytes()), None);
        assert_eq!(parse(TEXT.replace("avg10", "avg100").as_bytes()), None);
    }

    #[test]
    fn the_group_comes_before_the_machine() {
        let own = Pressure { some10: 77.0, full10: 55.0 };
        assert_eq!(pressure(Some(own)), Some(own));
        let machine = from_file(Path::new("/proc/pressure/memory"));
        assert_eq!(pressure(None).is_some(), machine.is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics(junk: Vec<u8>, cut in 0..TEXT.len()) {
            parse(&junk);
            parse(&TEXT.as_bytes()[cut..]);
            prop_assert!(parse(&TEXT.as_bytes()[..cut]).is_none_or(|figures| figures.full10 <= 100.0));
        }
    }
}

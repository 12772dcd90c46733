//! Bytes, durations, ratios: parse and print.
//!
//! Inside the crate a size is bytes, a duration milliseconds and a ratio 0…1; only what a person types
//! or reads has another form. Whatever is printed here can be parsed here.
//!
//! Architecture invariant: sees `error` only; what one function prints another parses to the same value, which property tests
//! below check.

use crate::error::{Error, Result};

const BYTES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("kib", 1 << 10),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
    ("tb", 1_000_000_000_000),
    ("tib", 1 << 40),
];

const MILLISECONDS: &[(&str, f64)] =
    &[("", 1.0), ("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3_600e3), ("d", 86_400e3)];

/// Bytes from `'512MB'` (512·10⁶), `'1.5 GiB'` (1.5·2³⁰) or `'123'` (bytes).
///
/// Units are B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024), in any case.
/// A fraction of a byte is rounded.
///
/// # Errors
/// `HEAPWARDEN_INVALID_OPTION` for a sign, an exponent, an unknown unit, no number, or 2⁶⁴ and more.
pub fn parse_bytes(text: &str) -> Result<u64> {
    let size = split(text).and_then(|(number, unit)| {
        let scale = lookup(BYTES, &unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        // The whole part stays an integer: a size beyond 2^53 must not lose its last bytes to a float.
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        let fraction = format!("0.{fraction}").parse::<f64>().ok()?;
        // At most `scale`, so it fits.
        let rest = (fraction * scale as f64).round() as u64;
        whole.checked_mul(scale)?.checked_add(rest)
    });
    size.ok_or_else(|| {
        refused(
            text,
            "a size",
            "a number of bytes, or a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB ('512MB', '1.5GiB')",
        )
    })
}

/// Milliseconds from `'500ms'`, `'30s'`, `'10m'`, `'2h'`, `'7d'`, `'1.5 h'` or `'250'` (milliseconds).
///
/// # Errors
/// `HEAPWARDEN_INVALID_OPTION` for a sign, an exponent, an unknown unit or no number.
pub fn parse_duration(text: &str) -> Result<f64> {
    split(text)
        .and_then(|(number, unit)| Some(number.parse::<f64>().ok()? * lookup(MILLISECONDS, &unit)?))
        .filter(|duration| duration.is_finite())
        .ok_or_else(|| {
            refused(
                text,
                "a duration",
                "a number of milliseconds, or a number with ms, s, m, h or d ('500ms', '10m')",
            )
        })
}

/// A ratio 0…1 from `'80%'` or `'0.8'`.
///
/// # Errors
/// `HEAPWARDEN_INVALID_OPTION` for a sign, an exponent, no number, or anything outside 0…1: a plain
/// `'80'` is more likely a forgotten percent sign than a ratio of 80.
pub fn parse_ratio(text: &str) -> Result<f64> {
    split(text)
        .and_then(|(number, unit)| {
            let number: f64 = number.parse().ok()?;
            match unit.as_str() {
                "" => Some(number),
                "%" => Some(number / 100.0),
                _ => None,
            }
        })
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| refused(text, "a ratio", "a number from 0 to 1, or a percentage ('0.8', '80%')"))
}

/// What a text says where a yes or a no is wanted; `None`: neither. The twin of `lib/base/yes-or-no.js`.
pub fn parse_truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["1", "true", "yes", "on"]) {
        Some(true)
    } else if is(["0", "false", "no", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// What a variable of the environment says, and its words; `None` also where it is not set. JavaScript warns of what is
/// neither.
pub fn switch(variable: &str) -> Option<(bool, String)> {
    let text = std::env::var(variable).ok()?;
    Some((parse_truth(&text)?, text))
}

/// `1536` → `"1.5 KiB"`: powers of 1024, one decimal where it is not zero.
pub fn print_bytes(bytes: u64) -> String {
    let steps = [("B", 1.0), ("KiB", 1024.0), ("MiB", 1024.0), ("GiB", 1024.0), ("TiB", 1024.0)];
    let (number, unit) = scale(bytes as f64, &steps);
    format!("{number} {unit}")
}

/// `90_000.0` milliseconds → `"1.5m"`: one decimal where it is not zero, `"unknown"` for what is no number.
pub fn print_duration(milliseconds: f64) -> String {
    if !milliseconds.is_finite() {
        return "unknown".to_owned();
    }
    let steps = [("ms", 1.0), ("s", 1000.0), ("m", 60.0), ("h", 60.0), ("d", 24.0)];
    let (number, unit) = scale(milliseconds.abs(), &steps);
    let sign = if milliseconds < 0.0 && number != 0.0 { "-" } else { "" };
    format!("{sign}{number}{unit}")
}

/// Number and unit in the largest unit that gives at least 1, after rounding: 1023.99 KiB is 1 MiB.
/// Each step names its unit and how many of the unit before it make one.
fn scale(value: f64, steps: &[(&'static str, f64)]) -> (f64, &'static str) {
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    let mut value = value;
    let mut unit = "";
    for &(name, step) in steps {
        if !unit.is_empty() && tenths(value) < step {
            break;
        }
        value /= step;
        unit = name;
    }
    (tenths(value), unit)
}

/// `"1.5 GiB"` → `("1.5", "gib")`. No sign, no exponent: those are slips in a threshold, not wishes.
fn split(text: &str) -> Option<(&str, String)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let valid = number.contains(|c: char| c.is_ascii_digit()) && number.matches('.').count() <= 1;
    valid.then(|| (number, unit.trim_start().to_ascii_lowercase()))
}

fn lookup<T: Copy>(units: &[(&str, T)], name: &str) -> Option<T> {
    units.iter().find(|(unit, _)| *unit == name).map(|(_, scale)| *scale)
}

fn refused(given: &str, what: &str, accepted: &str) -> Error {
    // Options can come from anywhere; a message must stay readable whatever was given.
    let mut shown: String = given.chars().take(40).collect();
    if shown.len() < given.len() {
        shown.push('…');
    }
    Error::InvalidOption(format!("{shown:?} is not {what}; accepted: {accepted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yes_and_no() {
        for (text, said) in [
            ("1", Some(true)),
            ("TRUE", Some(true)),
            ("Yes", Some(true)),
            ("on", Some(true)),
            ("0", Some(false)),
            ("false", Some(false)),
            ("NO", Some(false)),
            ("off", Some(false)),
            ("", None),
            ("2", None),
            (" no", None),
            ("none", None),
        ] {
            assert_eq!(parse_truth(text), said, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("123", 123),
            ("512MB", 512_000_000),
            ("512MiB", 512 << 20),
            ("1.5GiB", 3 << 29),
            (" 1.5 gib ", 3 << 29),
            ("1kB", 1_000),
            ("1KB", 1_000),
            ("1KiB", 1_024),
            ("2tb", 2_000_000_000_000),
            ("2TiB", 2 << 40),
            ("7 B", 7),
            (".5KiB", 512),
            ("5.KB", 5_000),
            ("9007199254740993", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn durations_and_ratios() {
        for (text, ms) in [
            ("250", 250.0),
            ("500ms", 500.0),
            ("30s", 30e3),
            ("10m", 600e3),
            ("2h", 7_200e3),
            ("7d", 604_800e3),
            ("1.5 H", 5_400e3),
        ] {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
        }
        for (text, ratio) in [("80%", 0.8), ("0.8", 0.8), ("100 %", 1.0), ("0", 0.0), ("1", 1.0)] {
            assert_eq!(parse_ratio(text), Ok(ratio), "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_named() {
        let bad =
            ["", " ", "MB", ".", "-1", "+1", "1e9", "1.2.3MB", "1 2", "NaN", "inf", "0x10", "１KB", "1_000"];
        for text in bad {
            for error in [
                parse_bytes(text).unwrap_err(),
                parse_duration(text).unwrap_err(),
                parse_ratio(text).unwrap_err(),
            ] {
                assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION");
                let message = error.to_string();
                assert!(message.contains(&format!("{text:?}")) && message.contains("accepted"), "{message}");
            }
        }
        for text in ["1XB", "1s", "1%", "18446744073709551616", "99999999TiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert!(parse_duration("1 week").is_err());
        assert!(parse_duration("5MB").is_err());
        assert!(parse_duration(&"9".repeat(400)).is_err());
        for text in ["80", "101%", "1.01", "0.8s"] {
            assert!(parse_ratio(text).is_err(), "{text}");
        }
        assert!(parse_bytes(&"é".repeat(1000)).unwrap_err().to_string().chars().count() < 200);
    }

    #[test]
    fn printed() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), ((1 << 20) - 1, "1 MiB")]
        {
            assert_eq!(print_bytes(bytes), text);
        }
        for (ms, text) in [
            (0.0, "0ms"),
            (0.25, "0.3ms"),
            (999.96, "1s"),
            (90e3, "1.5m"),
            (3_600e3, "1h"),
            (172_800e3, "2d"),
            (-1500.0, "-1.5s"),
            (-0.01, "0ms"),
            (f64::NAN, "unknown"),
            (f64::INFINITY, "unknown"),
        ] {
            assert_eq!(print_duration(ms), text, "{ms}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_printed_can_be_parsed(bytes: u64, ms in 0.0..1e15f64) {
            let parsed = parse_bytes(&print_bytes(bytes))?;
            prop_assert!(parsed.abs_diff(bytes) as f64 <= 0.05 * bytes as f64);
            let parsed = parse_duration(&print_duration(ms))?;
            prop_assert!((parsed - ms).abs() <= 0.05 * ms.max(1.0));
        }

        #[test]
        fn plain_bytes_are_exact(bytes: u64) {
            prop_assert_eq!(parse_bytes(&bytes.to_string()), Ok(bytes));
        }

        #[test]
        fn nothing_panics(text in "\\PC*", number in "[0-9.]{0,40}", unit in "(?i)(b|[kmgt]i?b|ms|[smhd%])?") {
            for text in [text, format!("{number}{unit}")] {
                let _ = parse_bytes(&text);
                prop_assert!(parse_duration(&text).is_ok_and(|ms| ms >= 0.0) || parse_duration(&text).is_err());
                let _ = parse_ratio(&text);
            }
        }
    }
}

//! Figures as people read them: as the command line's tables have them.

/// `1,234,567`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MB`: thousands, not 1,024s.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB"].iter();
    let mut unit = units.next();
    while value >= 999.95 {
        let Some(next) = units.next() else { break };
        unit = Some(next);
        value /= 1000.0;
    }
    let unit = unit.copied().unwrap_or("B");
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// `61 %`, `0.4 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// `+310 a minute`, `+4.2 a minute`, `+18 an hour`, `+3 a day`: what a person can count.
pub(super) fn rate(per_minute: f64) -> String {
    let (value, unit) = [(1.0, "a minute"), (60.0, "an hour")]
        .into_iter()
        .map(|(times, unit)| (per_minute * times, unit))
        .find(|(value, _)| value.abs() >= 0.95 || *value == 0.0)
        .unwrap_or((per_minute * 1440.0, "a day"));
    let size = value.abs();
    let digits = if size >= 9.95 || unit != "a minute" {
        number(size.round() as u64)
    } else {
        let text = format!("{size:.1}");
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    format!("{}{digits} {unit}", if value < 0.0 { '-' } else { '+' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 1000, 999_949, 999_950, 12_345_678].map(size),
            ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "12.3 MB"]
        );
        assert_eq!(
            [0.0, 0.004, 0.0994, 0.0995, 1.0].map(percent),
            ["0.0 %", "0.4 %", "9.9 %", "10 %", "100 %"]
        );
        assert_eq!(
            [5557.2, 310.4, -310.4, 9.96, 4.23, 2.0, 0.96, 0.3, 0.02, 0.002, 0.0].map(rate),
            [
                "+5,557 a minute",
                "+310 a minute",
                "-310 a minute",
                "+10 a minute",
                "+4.2 a minute",
                "+2 a minute",
                "+1 a minute",
                "+18 an hour",
                "+1 an hour",
                "+3 a day",
                "+0 a minute"
            ]
        );
    }
}

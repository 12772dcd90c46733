//! The shape of a series: what it looks like over several snapshots.

use serde::Serialize;

/// A range below this share of the middle value is none.
const FLAT: f64 = 0.05;
/// What gives back more than this of its rise drains.
const DRAINS: f64 = 0.5;
/// A first jump that is so many times steeper than what follows,
const STEP_RATE: f64 = 3.0;
/// and so much of the whole rise, is a step.
const STEP_SHARE: f64 = 0.3;
/// The fit of a straight line from which on it is one.
const FIT: f64 = 0.9;
/// A last jump below this share of the mean one is none.
const ENDED: f64 = 0.15;
/// Late rate by early rate: below, it fills up; above the inverse of `ONSET` it has just begun.
const SATURATING: f64 = 0.5;
const ONSET: f64 = 0.1;

/// What a series looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Always about the same.
    Flat,
    /// Gives back most of what it took.
    Drains,
    /// One jump, and then little.
    Step,
    /// The same again and again.
    Linear,
    /// Ever less: a cache that fills up, a warm-up.
    Saturating,
    /// Little, and then much.
    Onset,
}

impl Shape {
    /// Of values at equal distances, oldest first. Of two values there is only a rise, a fall or neither.
    pub fn of(values: &[f64]) -> Self {
        let (Some(first), Some(last)) = (values.first().copied(), values.last().copied()) else {
            return Self::Flat;
        };
        let (low, high) =
            values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value)));
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let scale = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0).abs();
        if high - low <= FLAT * scale {
            return Self::Flat;
        }
        if last < first || high - last > DRAINS * (high - first) {
            return Self::Drains;
        }
        let jumps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let rise = last - first;
        let [early, later @ ..] = jumps.as_slice() else { return Self::Flat };
        if later.is_empty() {
            return Self::Linear;
        }
        let mean = |jumps: &[f64]| jumps.iter().sum::<f64>() / jumps.len() as f64;
        if *early > STEP_RATE * mean(later).max(0.0) && *early > STEP_SHARE * rise {
            return Self::Step;
        }
        // It has come to its end: whatever line may be laid through it.
        if let [.., last] = later
            && later.len() > 1
            && *last <= ENDED * rise / jumps.len() as f64
        {
            return Self::Saturating;
        }
        if fit(values) >= FIT {
            return Self::Linear;
        }
        let (early, late) = jumps.split_at(jumps.len().div_ceil(2));
        let (early, late) = (mean(early), mean(late));
        if late < SATURATING * early {
            return Self::Saturating;
        }
        if early <= ONSET * late {
            return Self::Onset;
        }
        Self::Linear
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Drains => "drains",
            Self::Step => "step",
            Self::Linear => "linear",
            Self::Saturating => "saturating",
            Self::Onset => "onset",
        }
    }
}

/// How well a straight line fits: R².
fn fit(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let (mean_x, mean_y) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in values.iter().enumerate() {
        let (x, y) = (x as f64 - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    if xx * yy > 0.0 { xy * xy / (xx * yy) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (values, shape) in [
            (&[100.0, 101.0, 99.0][..], Shape::Flat),
            (&[0.0, 0.0], Shape::Flat),
            (&[100.0], Shape::Flat),
            (&[], Shape::Flat),
            (&[100.0, 500.0, 90.0], Shape::Drains),
            (&[100.0, 500.0, 250.0], Shape::Drains),
            (&[10.0, 1000.0, 1010.0, 1020.0], Shape::Step),
            (&[100.0, 400.0, 400.0], Shape::Step),
            (&[100.0, 200.0, 300.0, 405.0], Shape::Linear),
            (&[100.0, 200.0], Shape::Linear),
            (&[2.0, 16.0, 30.0, 40.0, 40.0], Shape::Saturating),
            (&[0.0, 100.0, 180.0, 230.0, 250.0, 255.0], Shape::Saturating),
            (&[100.0, 100.0, 101.0, 102.0, 150.0, 300.0], Shape::Onset),
        ] {
            assert_eq!(Shape::of(values), shape, "{values:?}");
        }
    }
}

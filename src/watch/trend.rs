//! How fast the live heap grows.
//!
//! Theil–Sen: the median of the slopes of all pairs of points. A few full collections at a bad moment
//! (a request in flight, a cache being filled) do not move it, up to 29 % of the points.

use std::collections::VecDeque;

/// Two thousand pairs: some tens of microseconds at each full collection, and no more.
const MOST: usize = 64;
/// With fewer, one odd point decides.
const FEWEST: usize = 5;

/// The last 64 readings of the live heap, one for each full garbage collection.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    /// (milliseconds, bytes), times rising.
    points: VecDeque<(f64, f64)>,
}

impl Trend {
    /// No points yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the heap after a collection: when (milliseconds, any one clock) and how much (bytes). The same
    /// time again replaces the point, so one collection may be reported twice; a time that is no
    /// finite number is left out.
    pub fn push(&mut self, at_ms: f64, live_heap: u64) {
        if !at_ms.is_finite() {
            return;
        }
        let back = self.points.back().map(|(last, _)| last - at_ms).filter(|back| *back >= 0.0);
        if let Some(back) = back {
            // A clock that was set back would mix old points into the new ones' time: move them along.
            self.points.iter_mut().for_each(|(at, _)| *at -= back);
            self.points.pop_back();
        } else if self.points.len() == MOST {
            self.points.pop_front();
        }
        self.points.push_back((at_ms, live_heap as f64));
    }

    /// Bytes per second, negative when it shrinks. `None` under five points.
    pub fn slope(&self) -> Option<f64> {
        if self.points.len() < FEWEST {
            return None;
        }
        let mut slopes = Vec::with_capacity(self.points.len() * (self.points.len() - 1) / 2);
        for (nth, (at, bytes)) in self.points.iter().enumerate() {
            let later = self.points.iter().skip(nth + 1);
            slopes.extend(later.map(|(later, more)| (more - bytes) / (later - at) * 1000.0));
        }
        // Times that were moved can come to coincide.
        slopes.retain(|slope| slope.is_finite());
        median(&mut slopes)
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    match below.iter().copied().max_by(f64::total_cmp) {
        Some(lower) if even => Some(f64::midpoint(lower, upper)),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trend(points: impl IntoIterator<Item = (f64, u64)>) -> Trend {
        let mut trend = Trend::new();
        points.into_iter().for_each(|(at, bytes)| trend.push(at, bytes));
        trend
    }

    /// 100 bytes a second, one collection a second.
    fn line(from: u32, to: u32) -> impl Iterator<Item = (f64, u64)> {
        (from..to).map(|at| (f64::from(at) * 1000.0, 5_000 + u64::from(at) * 100))
    }

    #[test]
    fn under_five_points_there_is_none() {
        assert_eq!(trend(line(0, 4)).slope(), None);
        assert_eq!(trend(line(0, 5)).slope(), Some(100.0));
        assert_eq!(trend(line(0, 4).chain(line(3, 4))).slope(), None, "a repeated point is one point");
        assert_eq!(trend(line(0, 4).chain([(f64::NAN, 1), (f64::INFINITY, 1)])).slope(), None);
    }

    #[test]
    fn a_quarter_of_wild_points_does_not_move_it() {
        let wild = line(0, 60).enumerate().map(|(nth, (at, bytes))| match nth % 4 {
            0 => (at, 1 << 40),
            _ => (at, bytes),
        });
        let slope = trend(wild).slope().unwrap();
        assert!((slope - 100.0).abs() < 50.0, "{slope}");
    }

    #[test]
    fn only_the_last_points_count() {
        let then_flat = line(0, 100).chain((100..164).map(|at| (f64::from(at) * 1000.0, 15_000)));
        assert_eq!(trend(then_flat).slope(), Some(0.0));
    }

    #[test]
    fn a_clock_set_back_leaves_the_slope() {
        let back = line(20, 40).map(|(at, bytes)| (at - 3_600_000.0, bytes));
        let slope = trend(line(0, 20).chain(back)).slope().unwrap();
        assert!((slope - 100.0).abs() < 10.0, "{slope}");
    }

    proptest! {
        /// The twin sorts all pairs' slopes and takes the middle.
        #[test]
        fn is_the_median_of_all_pairs(points in prop::collection::vec((1..5_000u32, 0..1u64 << 40), 5..100)) {
            let mut at = 0.0;
            let points: Vec<(f64, u64)> =
                points.into_iter().map(|(gap, bytes)| { at += f64::from(gap); (at, bytes) }).collect();
            let last = &points[points.len().saturating_sub(64)..];
            let mut slopes = Vec::new();
            for (a, b) in last.iter().flat_map(|a| last.iter().map(move |b| (a, b))).filter(|(a, b)| a.0 < b.0) {
                slopes.push((b.1 as f64 - a.1 as f64) / (b.0 - a.0) * 1000.0);
            }
            slopes.sort_by(f64::total_cmp);
            let (low, high) = (slopes[(slopes.len() - 1) / 2], slopes[slopes.len() / 2]);
            prop_assert_eq!(trend(points).slope(), Some((low + high) / 2.0));
        }

        #[test]
        fn is_finite_or_none(points in prop::collection::vec((any::<f64>(), any::<u64>()), 0..80)) {
            prop_assert!(trend(points).slope().is_none_or(f64::is_finite));
        }
    }
}

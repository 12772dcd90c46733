//! Which classes grow from snapshot to snapshot.

use std::cmp::Reverse;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;

use super::aggregates::ClassRow;
use crate::heap::rules::classes::Place;

/// A class over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrowthRow {
    /// The class's name.
    pub name: String,
    /// Where its constructor stands, in the last snapshot that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Objects in each snapshot.
    pub counts: Vec<u64>,
    /// Their bytes.
    pub shallow_sizes: Vec<u64>,
    /// Bytes retained by them.
    pub retained_sizes: Vec<u64>,
    /// Each snapshot has more of them, and more bytes of them, than the one before.
    pub grows_every_time: bool,
}

/// Follows classes through tables of one snapshot each, oldest first: those that grow every time, then the others,
/// each by falling growth in bytes. Classes are the same by name, line and column, since V8 numbers scripts anew in
/// each process.
///
/// Tables should be made with one and the same [`Definitions`](crate::heap::rules::classes::Definitions), or plain objects seem
/// to come and go with the interface that is frequent enough to have a name.
pub fn growth(tables: &[Vec<ClassRow>]) -> Vec<GrowthRow> {
    let mut rows: Vec<GrowthRow> = Vec::new();
    let mut index: HashMap<_, usize, RandomState> = HashMap::default();
    for (time, table) in tables.iter().enumerate() {
        for class in table {
            let place = class.location.map(|place| (place.line, place.column));
            let row = *index.entry((class.name.as_str(), place)).or_insert_with(|| {
                let none = vec![0; tables.len()];
                rows.push(GrowthRow {
                    name: class.name.clone(),
                    location: None,
                    counts: none.clone(),
                    shallow_sizes: none.clone(),
                    retained_sizes: none,
                    grows_every_time: false,
                });
                rows.len() - 1
            });
            let row = &mut rows[row];
            row.location = class.location;
            for (values, value) in [
                (&mut row.counts, class.count),
                (&mut row.shallow_sizes, class.shallow_size),
                (&mut row.retained_sizes, class.retained_size),
            ] {
                values[time] = values[time].saturating_add(value);
            }
        }
    }
    for row in &mut rows {
        let grows = |values: &[u64]| values.len() > 1 && values.is_sorted_by(|before, after| before < after);
        row.grows_every_time = grows(&row.counts) && grows(&row.shallow_sizes);
    }
    rows.sort_by(|a, b| {
        order(a).cmp(&order(b)).then_with(|| (&a.name, a.location).cmp(&(&b.name, b.location)))
    });
    rows
}

fn order(row: &GrowthRow) -> (Reverse<bool>, Reverse<i128>, Reverse<i128>) {
    let growth = |values: &[u64]| match values {
        [first, .., last] => i128::from(*last) - i128::from(*first),
        _ => 0,
    };
    (Reverse(row.grows_every_time), Reverse(growth(&row.shallow_sizes)), Reverse(growth(&row.retained_sizes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, script: Option<u32>, count: u64, size: u64) -> ClassRow {
        ClassRow {
            name: name.to_owned(),
            count,
            shallow_size: size,
            retained_size: 2 * size,
            distance: 1,
            location: script.map(|script_id| Place { script_id, line: 1, column: 2 }),
        }
    }

    #[test]
    fn growing_ones_first() {
        let tables = [
            vec![class("up", Some(7), 1, 10), class("down", None, 5, 50), class("up", None, 1, 1)],
            vec![class("up", Some(8), 2, 20), class("new", None, 1, 5), class("up", None, 2, 1)],
            vec![class("new", None, 2, 90), class("up", Some(9), 3, 30), class("up", None, 3, 2000)],
        ];
        let rows = growth(&tables);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.name.as_str(), row.location.map(|place| place.script_id), row.grows_every_time))
            .collect();
        // "up" without a place has once as many bytes as before.
        let expected =
            [("new", None, true), ("up", Some(9), true), ("up", None, false), ("down", None, false)];
        assert_eq!(shown, expected);
        assert_eq!(rows[0].counts, [0, 1, 2]);
        assert_eq!(rows[1].shallow_sizes, [10, 20, 30]);
        assert_eq!(rows[3].retained_sizes, [100, 0, 0]);
    }

    #[test]
    fn one_snapshot_is_no_trend() {
        assert!(!growth(&[vec![class("a", None, 1, 1)]])[0].grows_every_time);
        assert_eq!(growth(&[]), []);
    }
}

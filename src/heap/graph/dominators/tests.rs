//! Against a twin that takes each node out of the graph and looks what can no longer be reached.

use proptest::prelude::*;

use crate::heap::engine::{Needs, analyze};
use crate::heap::graph::build::Builder;
use crate::heap::graph::{EdgeKind, NodeKind};
use crate::heap::host::Quiet;

/// Edges as (from, to) of nodes below `count`; 0 is the root. Weak ones do not count.
#[derive(Clone, Debug)]
struct Case {
    count: u32,
    edges: Vec<(u32, u32, bool)>,
    sizes: Vec<u64>,
}

fn cases() -> impl Strategy<Value = Case> {
    (2_u32..14).prop_flat_map(|count| {
        let edge = (0..count, 0..count, prop::bool::weighted(0.1));
        (prop::collection::vec(edge, 0..40), prop::collection::vec(0_u64..100, count as usize))
            .prop_map(move |(edges, sizes)| Case { count, edges, sizes })
    })
}

impl Case {
    fn counts(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.edges.iter().filter(|(from, to, weak)| !weak && from != to).map(|(from, to, _)| (*from, *to))
    }

    /// Which nodes can be reached when `without` is gone.
    fn reached(&self, without: Option<u32>) -> Vec<bool> {
        let mut reached = vec![false; self.count as usize];
        let orphan = |node: u32| !self.counts().any(|(_, to)| to == node);
        let mut work: Vec<u32> = (1..self.count).filter(|node| orphan(*node)).chain([0]).collect();
        while let Some(node) = work.pop() {
            if Some(node) != without && !std::mem::replace(&mut reached[node as usize], true) {
                work.extend(self.counts().filter(|(from, _)| *from == node).map(|(_, to)| to));
            }
        }
        reached
    }

    /// Immediate dominator and retained size of each node, from the definition.
    fn naive(&self) -> (Vec<u32>, Vec<u64>) {
        let all = self.reached(None);
        let nodes = || 0..self.count;
        // dominated[d][n]: every way to n leads through d.
        let dominated: Vec<Vec<bool>> = nodes()
            .map(|d| {
                let left = self.reached(Some(d));
                nodes().map(|n| all[d as usize] && all[n as usize] && !left[n as usize]).collect()
            })
            .collect();
        let dominated = &dominated;
        let dominators_of = |n: u32| nodes().filter(move |d| *d != n && dominated[*d as usize][n as usize]);
        let idom = nodes()
            .map(|n| dominators_of(n).max_by_key(|d| dominators_of(*d).count()).unwrap_or(0))
            .collect();
        let retained = nodes()
            .map(|d| match (d, all[d as usize]) {
                (0, _) => self.sizes.iter().sum(),
                (_, false) => self.sizes[d as usize],
                _ => nodes()
                    .filter(|n| dominated[d as usize][*n as usize])
                    .map(|n| self.sizes[n as usize])
                    .sum(),
            })
            .collect();
        (idom, retained)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn as_the_definition_says(case in cases()) {
        let mut builder = Builder::new();
        for node in 1..case.count {
            builder.node(NodeKind::OBJECT, "Thing", case.sizes[node as usize]);
        }
        builder.size(0, case.sizes[0]);
        for (index, (from, to, weak)) in case.edges.iter().enumerate() {
            let kind = if *weak { EdgeKind::WEAK } else { EdgeKind::ELEMENT };
            builder.edge(*from, kind, index as u64, *to);
        }
        let dominators = analyze(builder.graph(), Needs::default(), &Quiet)?.dominators;
        let (idom, retained) = case.naive();
        prop_assert_eq!(dominators.idom, idom);
        prop_assert_eq!(dominators.retained, retained);
    }
}

#[test]
fn a_chain_of_a_million_needs_no_stack() -> Result<(), crate::error::Error> {
    let mut builder = Builder::new();
    let mut last = 0;
    for _ in 0..1_000_000 {
        let next = builder.node(NodeKind::OBJECT, "Link", 1);
        builder.edge(last, EdgeKind::PROPERTY, "next", next);
        last = next;
    }
    // A way back for each hundredth: predecessors far behind.
    for node in (100..1_000_000).step_by(100) {
        builder.edge(node + 50, EdgeKind::PROPERTY, "back", node);
    }
    builder.edge(last, EdgeKind::PROPERTY, "first", 1);
    let analysis = analyze(builder.graph(), Needs::default(), &Quiet)?;
    assert_eq!(analysis.dominators.retained[1], 1_000_000);
    assert_eq!(analysis.dominators.idom[999_999], 999_998);
    assert_eq!(analysis.distances[1_000_000], 1_000_000);
    Ok(())
}

//! Rules b, c, e and f on graphs small enough to be right by hand.

use super::*;
use crate::heap::graph::build::Builder;
use crate::heap::graph::{EdgeKind as E, NodeKind as N};
use crate::heap::host::Quiet;

fn run(builder: &Builder) -> Result<Analysis> {
    analyze(builder.graph(), Needs { edges: true, ..Needs::default() }, &Quiet)
}

/// A root with a global object, as Node writes it: (builder, global object, synthetic node of the system).
fn node() -> (Builder, u32, u32) {
    let mut b = Builder::new();
    let global = b.node(N::OBJECT, "global", 8);
    let system = b.node(N::SYNTHETIC, "(GC roots)", 0);
    b.edge(0, E::SHORTCUT, "1", global).edge(0, E::ELEMENT, 1, system);
    (b, global, system)
}

#[test]
fn the_page_owns_what_it_reaches_and_nothing_else_retains_it() -> Result<()> {
    let (mut b, global, system) = node();
    let shared = b.node(N::OBJECT, "Shared", 100);
    let own = b.node(N::OBJECT, "Own", 10);
    b.edge(global, E::PROPERTY, "shared", shared).edge(system, E::ELEMENT, 1, shared);
    b.edge(system, E::ELEMENT, 2, own).edge(own, E::SHORTCUT, "s", global).edge(shared, E::WEAK, "w", own);
    let analysis = run(&b)?;
    assert_eq!(analysis.dominators.idom[shared as usize], global);
    assert_eq!(analysis.dominators.retained, [118, 108, 10, 100, 10]);
    assert_eq!(analysis.distances, [distances::SYSTEM, 1, distances::SYSTEM + 1, 2, distances::SYSTEM + 2]);
    Ok(())
}

#[test]
fn with_internals_exposed_there_is_no_page_and_nothing_is_owned() -> Result<()> {
    let mut b = Builder::new();
    let system = b.node(N::SYNTHETIC, "(GC roots)", 0);
    let object = b.node(N::OBJECT, "Object", 8);
    let elements = b.node(N::ARRAY, "", 50);
    b.edge(0, E::ELEMENT, 1, system).edge(system, E::ELEMENT, 1, object).edge(
        object,
        E::INTERNAL,
        "elements",
        elements,
    );
    let analysis = run(&b)?;
    assert_eq!(analysis.graph.self_size(elements), 50);
    assert_eq!(analysis.distances, [0, 1, 2, 3]);
    Ok(())
}

#[test]
fn the_key_of_a_weak_map_retains_the_value_and_the_farther_side_measures_it() -> Result<()> {
    let (mut b, global, _) = node();
    let table = b.node(N::ARRAY, "", 16);
    let key = b.node(N::OBJECT, "Key", 8);
    let value = b.node(N::OBJECT, "Value", 32);
    let name = |side: u32| {
        format!(
            "{side} / part of key (Key @9) -> value (Value @11) pair in WeakMap (table @{})",
            table * 2 + 1
        )
    };
    b.edge(global, E::PROPERTY, "map", table).edge(table, E::INTERNAL, name(1).as_str(), value);
    let far = b.node(N::OBJECT, "Far", 8);
    b.edge(global, E::PROPERTY, "far", far).edge(far, E::PROPERTY, "key", key);
    b.edge(key, E::INTERNAL, name(2).as_str(), value);
    let analysis = run(&b)?;
    assert_eq!(analysis.dominators.idom[value as usize], key);
    assert_eq!(analysis.distances[value as usize], 4);
    Ok(())
}

#[test]
fn hidden_parts_count_for_their_one_owner() -> Result<()> {
    let (mut b, global, system) = node();
    let [one, two] = ["One", "Two"].map(|name| b.node(N::OBJECT, name, 8));
    let [mine, shared, nested, of_system] = [1, 10, 100, 1_000].map(|size| b.node(N::ARRAY, "", size));
    let external = b.node(N::NATIVE, "system / ExternalStringData", 10_000);
    b.edge(global, E::PROPERTY, "one", one).edge(global, E::PROPERTY, "two", two);
    b.edge(one, E::INTERNAL, "elements", mine).edge(one, E::INTERNAL, "a", shared).edge(
        two,
        E::INTERNAL,
        "a",
        shared,
    );
    b.edge(mine, E::INTERNAL, "b", nested).edge(two, E::WEAK, "c", nested).edge(
        nested,
        E::INTERNAL,
        "d",
        external,
    );
    b.edge(system, E::ELEMENT, 1, of_system).edge(shared, E::INTERNAL, "e", nested);
    let graph = run(&b)?.graph;
    // `nested` has two owners by way of `shared`, and so has what it holds.
    assert_eq!(
        [one, two, mine, shared, nested, external].map(|node| graph.self_size(node)),
        [9, 8, 0, 10, 100, 10_000]
    );
    assert_eq!(graph.self_size(of_system), 1_000, "a synthetic node takes nothing over");
    Ok(())
}

#[test]
fn distances_leave_descriptors_and_the_sloppy_map_out() -> Result<()> {
    let (mut b, global, _) = node();
    let descriptors = b.node(N::ARRAY, "(map descriptors)", 0);
    let context = b.node(N::HIDDEN, "system / NativeContext", 0);
    let targets: Vec<u32> = (0..6).map(|_| b.node(N::OBJECT, "Target", 1)).collect();
    let sloppy = b.node(N::HIDDEN, "system / Map", 0);
    b.edge(global, E::INTERNAL, "d", descriptors).edge(global, E::INTERNAL, "c", context);
    for (index, target) in targets.iter().enumerate() {
        b.edge(descriptors, E::INTERNAL, index.to_string().as_str(), *target);
    }
    b.edge(context, E::INTERNAL, "sloppy_function_map", sloppy);
    let distances = run(&b)?.distances;
    let far: Vec<i32> = targets.iter().map(|target| distances[*target as usize]).collect();
    assert_eq!(far, [3, 3, 3, 3, -5, 3]);
    assert_eq!(distances[sloppy as usize], -5);
    Ok(())
}

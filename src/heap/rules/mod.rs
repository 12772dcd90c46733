//! What DevTools' rules say of a graph. A snapshot is V8's account of its heap, all of it; the rules say what of that
//! counts for a developer. They come from `heap_snapshot_worker/HeapSnapshot.ts` in `chrome-devtools-frontend`, whose
//! name for each stands behind it, and `__test__/oracle` compares every number with it. They are applied in this order
//! (`super::engine`), because each rests on those before it:
//!
//! 1. **Which nodes are detached** (`detached`; `propagateDOMState`). V8 marks the embedder's objects that it knows to
//!    be attached to a document or detached from it (`detachedness`, written for what
//!    `EmbedderGraph` reports). A native node below an attached one is attached, one below detached ones only is
//!    detached, and is called `Detached …` from then on. JavaScript objects hand nothing on.
//! 2. **Which nodes are the page's**, as against V8's and the tools' own (`page`; `markPageOwnedNodes`, `isUserRoot`).
//!    The root's *shortcuts* lead to the global objects (V8 writes one for each native context, for this purpose);
//!    what can be reached from there over edges that are not weak is the page's. In Node: what the program can reach.
//!    A *user root* is a child of the root that is no group of V8's own (no synthetic node), or the root of all documents.
//! 3. **Which edges belong to an entry of a WeakMap** (`ephemerons`; `tryParseWeakMapEdgeName`). Key and table hold a
//!    value only together. V8 writes an edge from each (`ExtractEphemeronHashTableReferences`) and says so in their
//!    names only: `1 / part of key (K @3) -> value (V @5) pair in WeakMap (table @7)`.
//! 4. **Which edges retain** (`essential`; `computeIsEssentialEdge`): all, but for those that are weak, that lead back to
//!    their own node, the shortcuts of any node but the root, those from what is not the page's into what is (a debugger
//!    that looks at an object does not keep it), and of a WeakMap's entry the table's edge: the key's stays.
//! 5. **Whose size counts for whom** (`shallow`; `calculateShallowSizes`): what V8 keeps for an object in pieces of its
//!    own (hidden nodes, arrays, the data of an external string) counts as that object's, if it is reached from no other.
//!    Where internals are exposed there are no user roots, and sizes stay as V8 measured them.
//! 6. **How far a node is from the roots** ([`distances`]; `calculateDistances`): edges from a user root, which has 1; what only
//!    V8's own roots reach counts from 100,000,000. Three kinds of edges are not followed; see there.
//! 7. **What class a node is counted in** ([`classes`]; `initDetachednessAndClassIndex`, `inferInterfaceDefinitions`,
//!    `applyInterfaceDefinitions`): objects by the name of their constructor and where that stands; elements by their
//!    tag; all else by its type (`(system)`, `(compiled code)`, `Function`, `(string)` …). Plain objects, all called
//!    `Object`, are counted by their first properties (an *interface*, `{id, name, …}`), where enough of them have those.
//! 8. **What a node is shown as** ([`names`]; `calculateObjectNames`): its name in the snapshot, but a concatenated string
//!    as its parts together, and a plain object as its properties' names.
//!
//! Dominators and retained sizes follow from the edges that retain, and are no rule: they are computed in
//! [`graph`](super::graph::dominators).
//!
//! | file | what it decides |
//! |---|---|
//! | `detached` | which nodes are detached |
//! | `page` | which are the page's; what a user root is |
//! | `ephemerons` | which edges are an entry's of a WeakMap |
//! | `essential` | which edges retain |
//! | `shallow` | whose size counts for whom |
//! | [`distances`] | how far a node is from the roots |
//! | [`classes`] | the class of each node: `partition` (as fine as it can get), `shapes` (plain objects by their properties), `interfaces` (which of those have a name), `matching` (who has which), `name`, `format` |
//! | [`names`] | what a node is shown as: `objects`, `ropes` (concatenated strings), `truncated` (strings that V8 says it cut) |
//! | [`scripts`] | which file a script number means (no rule of DevTools': it asks the page) |
//!
//! **Architecture invariant:** a rule reads the graph, and answers with a column of its own; only `detached` (names) and
//! `shallow` (sizes) change it, and `super::engine` says when. No rule knows a table or a path.
//!
//! What would tell: each file's tests, those of `classes` and `names` against DevTools' own algorithm, and
//! `__test__/oracle` on heaps that aim at each rule.

pub mod classes;
pub(super) mod detached;
pub mod distances;
pub(super) mod ephemerons;
pub(super) mod essential;
pub mod names;
pub(super) mod page;
pub mod scripts;
pub(super) mod shallow;

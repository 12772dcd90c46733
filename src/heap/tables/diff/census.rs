//! Who was there: what a comparison needs of a snapshot, so that its graph can go before the next one is read.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::heap::graph::Graph;
use crate::heap::graph::interner::Interner;
use crate::heap::graph::packed::PackedU64;
use crate::heap::rules::classes::{Name, Partition, Place, properties};

/// All nodes of one part that have a size. Which class a plain object belongs to is decided by the newer snapshot's
/// interfaces, which are not known yet: the names of its properties are kept.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The class name unless there is an interface: number of a text.
    pub(super) text: u32,
    /// Which of the names that read so it is.
    pub(super) name: u32,
    pub(super) place: Option<Place>,
    /// Of plain objects: where the names of their properties end in [`Census::properties`].
    pub(super) properties: Option<(u32, u32)>,
    /// The first node.
    pub(super) first: u32,
    /// Its nodes in [`Census::ids`].
    pub(super) begin: u32,
    pub(super) end: u32,
}

/// Ids and sizes by class, eight bytes for each node.
#[derive(Clone, Debug, Default)]
pub struct Census {
    pub(super) entries: Vec<Entry>,
    pub(super) texts: Interner,
    pub(super) properties: Vec<u32>,
    /// Rising within each entry.
    pub(super) ids: PackedU64,
    pub(super) sizes: PackedU64,
}

impl Census {
    /// Takes it, once sizes are reassigned and while the graph has its edges and the names of them.
    pub fn of(graph: &Graph, partition: &Partition) -> Self {
        let mut census = Self::default();
        let mut names: HashMap<Name, u32, RandomState> = HashMap::default();
        // A shape's parts differ in their places only.
        let mut shapes = vec![None; partition.shapes().len()];
        let (order, ends) = by_part(graph, partition);
        let mut begin = 0;
        for (part, end) in partition.list.iter().zip(ends) {
            if begin == end {
                continue;
            }
            let members = &order[begin as usize..end as usize];
            let text = match part.name {
                Name::Own(index) => census.texts.intern(&graph.strings().text(index)),
                Name::Made(number) => census.texts.intern(partition.made.get(number)),
            };
            let new = names.len() as u32;
            let properties = shapes.get_mut(part.shape as usize).map(|known| {
                let object = partition.shapes()[part.shape as usize].node;
                *known.get_or_insert_with(|| census.keep(graph, object))
            });
            census.entries.push(Entry {
                text,
                name: *names.entry(part.name).or_insert(new),
                place: partition.places.get(part.place as usize).copied(),
                properties,
                first: members.iter().copied().min().unwrap_or_default(),
                begin,
                end,
            });
            begin = end;
        }
        census.ids.reserve(order.len());
        census.sizes.reserve(order.len());
        for node in order {
            census.ids.push(graph.id(node));
            census.sizes.push(graph.self_size(node));
        }
        census
    }

    /// How many classes there can be in it.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    fn keep(&mut self, graph: &Graph, object: u32) -> (u32, u32) {
        let begin = self.properties.len() as u32;
        for name in properties(graph, object) {
            let text = self.texts.intern(&graph.strings().text(name));
            self.properties.push(text);
        }
        (begin, self.properties.len() as u32)
    }
}

/// Nodes with a size, by part and within a part by id; where each part ends.
fn by_part(graph: &Graph, partition: &Partition) -> (Vec<u32>, Vec<u32>) {
    let mut ends = vec![0_u32; partition.list.len()];
    let sized = || graph.nodes().filter(|node| graph.self_size(*node) > 0);
    sized().for_each(|node| ends[partition.part_of[node as usize] as usize] += 1);
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    let mut order = vec![0; sum as usize];
    let mut put = |node: u32| {
        let end = &mut ends[partition.part_of[node as usize] as usize];
        order[*end as usize] = node;
        *end += 1;
    };
    // V8's ids have 32 bits. Should others come, they are sorted less fast.
    let mut keys = Vec::with_capacity(sum as usize);
    keys.extend(
        sized()
            .map_while(|node| Some(u64::from(u32::try_from(graph.id(node)).ok()?) << 32 | u64::from(node))),
    );
    if keys.len() == sum as usize {
        keys.sort_unstable();
        keys.into_iter().for_each(|key| put(key as u32));
    } else {
        let mut nodes: Vec<u32> = sized().collect();
        nodes.sort_by_key(|node| graph.id(*node));
        nodes.into_iter().for_each(put);
    }
    (order, ends)
}

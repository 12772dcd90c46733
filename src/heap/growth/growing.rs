//! Which places grow, and where that is to be reported: at the holder, whose number stays, of entries whose number rises.

use std::collections::{HashMap, HashSet};

use super::places::{Places, ROOT};
use crate::heap::graph::NodeKind;

/// Entries that must have come for a holder to be looked at. Fewer come and go with connections and compilations.
const FEWEST: u64 = 20;
/// Workers, contexts and the like are fewer, and each is large.
const HEAVY: u64 = 5;
const HEAVY_BYTES: u64 = 512 << 10;
/// Bytes that must have come with them: what a server that only runs gains between two snapshots is less (measured on
/// the healthy programs of `__test__/healthy`).
const LEAST: u64 = 12 << 10;
/// An entry's number for each holder must have grown by this, or else it is the holders that multiply.
const SPREAD: f64 = 1.2;
/// Parts that must have come to each text for it to be one that is always added to. V8 joins parts when it likes.
const PARTS: u64 = 8;
/// Of one snapshot alone: entries for each holder,
const MANY: u64 = 50;
/// and their bytes. Fewer are enough where they are very large.
const LARGE: u64 = 512 << 10;
const SEVERAL: u64 = 10;
const WEIGHTY: u64 = 2 << 20;
/// A collection inside a growing one is the point if it has this share of the growth,
const INNER: f64 = 0.7;
/// and so many times its entries.
const FINER: u64 = 5;

/// A holder, and the entries whose number rises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The holder's place.
    pub place: u32,
    /// The entries' places below it; none: the holder's own objects get larger.
    pub entries: Vec<u32>,
    /// Entries in each snapshot, of the most frequent kind.
    pub counts: Vec<u64>,
    /// Bytes of all entries with what hangs from them, in each snapshot.
    pub bytes: Vec<u64>,
}

impl Holder {
    /// Bytes that came between the first snapshot and the fullest.
    fn rise(&self) -> u64 {
        rise(&self.bytes)
    }
}

fn rise(values: &[u64]) -> u64 {
    let first = values.first().copied().unwrap_or(0);
    values.iter().copied().max().unwrap_or(0).saturating_sub(first)
}

/// Where the highest value stands, the last of several.
fn peak(values: &[u64]) -> usize {
    values.iter().enumerate().max_by_key(|(at, value)| (**value, *at)).map_or(0, |(at, _)| at)
}

/// What has entries whose number rises, worth a look or not.
#[derive(Debug, Default)]
pub struct Growing {
    /// Those that are worth a look, by falling bytes.
    pub holders: Vec<Holder>,
    /// The entries' places of all, and of those that are too few to be looked at.
    pub entries: Vec<u32>,
}

/// Holders whose entries have risen in number at some time (`places` counted two snapshots or more), or that have very many
/// (one snapshot). `but`: places that were looked at and do not hold what hangs from them.
pub fn holders(places: &Places, but: &HashSet<u32>) -> Growing {
    let single = places.snapshots() < 2;
    let mut in_code = vec![false; places.len()];
    let mut found: HashMap<u32, Holder> = HashMap::new();
    let mut entries = Vec::new();
    for place in 1..places.len() as u32 {
        let parent = places.parent(place);
        in_code[place as usize] = in_code[parent as usize] || places.kind(place) == NodeKind::CODE;
        if in_code[place as usize] || !places.is_users(place) || parent == ROOT {
            continue;
        }
        let counts: Vec<u64> = places.objects(place).collect();
        let owners: Vec<u64> = places.objects(parent).collect();
        let parent_kind = places.kind(parent);
        // Of V8's own lists only objects are somebody's; the parts of a text are not its entries, unless it is all parts.
        let is_list = parent_kind == NodeKind::SYNTHETIC && places.kind(place) != NodeKind::OBJECT;
        let came = if single { counts.first().copied().unwrap_or(0) } else { rise(&counts) };
        let is_part =
            is_text(parent_kind) && came < PARTS.saturating_mul(owners.iter().copied().max().unwrap_or(0));
        if is_list || is_part {
            continue;
        }
        // Objects that native code holds one by one: each holder is as new as what it holds, and nobody's.
        let is_natives = parent_kind == NodeKind::SYNTHETIC;
        let bytes: Vec<u64> = places.all(place).collect();
        let is_enough = if single {
            is_natives && came >= MANY || is_numerous(&counts, &owners, &bytes)
        } else if came >= HEAVY && (is_natives || multiplies(&counts, &owners)) {
            entries.push(place);
            came >= FEWEST || rise(&bytes) >= HEAVY_BYTES
        } else {
            false
        };
        if !is_enough {
            continue;
        }
        if single {
            entries.push(place);
        }
        let holder = found.entry(parent).or_insert_with(|| Holder {
            place: parent,
            entries: Vec::new(),
            counts: vec![0; counts.len()],
            bytes: vec![0; counts.len()],
        });
        holder.entries.push(place);
        if holder.entries.len() > 1 && same_but_for_the_way(places, holder.entries[0], place) {
            holder.counts.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
        } else if (rise(&counts), counts[0]) > (rise(&holder.counts), holder.counts[0]) {
            holder.counts = counts;
        }
        holder
            .bytes
            .iter_mut()
            .zip(places.all(place))
            .for_each(|(sum, bytes)| *sum = sum.saturating_add(bytes));
    }
    if !single {
        larger(places, &in_code, &mut found);
    }
    found.retain(|place, _| !but.contains(place));
    let enough = |holder: &Holder| if single { holder.bytes[0] >= LARGE } else { holder.rise() >= LEAST };
    found.retain(|_, holder| enough(holder));
    let mut holders = outermost(places, found);
    holders.sort_by_key(|holder| {
        (std::cmp::Reverse(holder.rise().max(if single { holder.bytes[0] } else { 0 })), holder.place)
    });
    Growing { holders, entries }
}

fn is_text(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::STRING | NodeKind::CONS_STRING | NodeKind::SLICED_STRING)
}

/// A ring that is linked both ways is walked from both ends: its halves are one.
fn same_but_for_the_way(places: &Places, a: u32, b: u32) -> bool {
    let is_object = |place: u32| places.kind(place) == NodeKind::OBJECT;
    places.class(a) == places.class(b) && is_object(a) && is_object(b)
}

/// Whether there are very many for each owner.
fn is_numerous(counts: &[u64], owners: &[u64], bytes: &[u64]) -> bool {
    match (counts, owners, bytes) {
        ([count], [owners], [bytes]) => {
            let many = if *bytes >= WEIGHTY { SEVERAL } else { MANY };
            *count >= many.saturating_mul((*owners).max(1))
        }
        _ => false,
    }
}

/// Whether it is these that multiply, and not those that own them.
fn multiplies(counts: &[u64], owners: &[u64]) -> bool {
    let at = peak(counts);
    let (Some(now), Some(then)) = (owners.get(at).copied(), owners.first().copied()) else { return false };
    if now <= then {
        return true;
    }
    let each = |count: u64, owners: u64| count as f64 / owners as f64;
    if then == 0 {
        // Owners that are as new as what they own: many with little each multiply themselves.
        return now < FEWEST || each(counts[at], now) > 2.0 * SPREAD;
    }
    each(counts[at], now) > SPREAD * each(counts[0], then)
}

/// Tables of numbers, buffers and texts have no entries to be counted: they get larger.
fn larger(places: &Places, in_code: &[bool], found: &mut HashMap<u32, Holder>) {
    for place in 1..places.len() as u32 {
        let kind = places.kind(place);
        let grows =
            matches!(kind, NodeKind::ARRAY | NodeKind::STRING | NodeKind::NATIVE | NodeKind::CONS_STRING);
        if !grows
            || in_code[place as usize]
            || found.contains_key(&place)
            || found.contains_key(&places.parent(place))
        {
            continue;
        }
        let own: Vec<u64> = places.own(place).collect();
        let counts: Vec<u64> = places.objects(place).collect();
        let first = own.first().copied().unwrap_or(0);
        // The same objects, and larger ones.
        if rise(&counts) == 0 && first > 0 && rise(&own) >= LEAST && rise(&own) > first / 5 {
            found.insert(place, Holder { place, entries: Vec::new(), counts, bytes: own });
        }
    }
}

/// Those that are not inside another one's entries; or those inside, where they are the point.
fn outermost(places: &Places, found: HashMap<u32, Holder>) -> Vec<Holder> {
    let owner_of: HashMap<u32, u32> =
        found.values().flat_map(|holder| holder.entries.iter().map(|entry| (*entry, holder.place))).collect();
    // The holder that has this one among its entries or below them.
    let above = |place: u32| {
        let mut at = place;
        while at != ROOT {
            if let Some(owner) = owner_of.get(&at) {
                return Some(*owner);
            }
            at = places.parent(at);
        }
        None
    };
    let mut dropped = HashSet::new();
    let mut order: Vec<u32> = found.keys().copied().collect();
    // From the outside in: a place comes after the one it hangs from.
    order.sort_unstable();
    for place in &order {
        let (Some(inner), Some(outer)) =
            (found.get(place), above(*place).and_then(|outer| found.get(&outer)))
        else {
            continue;
        };
        if outer.place == *place {
            continue;
        }
        let is_point = inner.rise() as f64 >= INNER * outer.rise() as f64
            && rise(&inner.counts) >= FINER.saturating_mul(rise(&outer.counts));
        dropped.insert(if is_point && places.snapshots() > 1 { outer.place } else { *place });
    }
    found.into_values().filter(|holder| !dropped.contains(&holder.place)).collect()
}

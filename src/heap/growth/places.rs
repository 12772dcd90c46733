//! Places: all ways from the root that read the same. A tree, and for each snapshot what was counted in it.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::step::Step;
use crate::heap::graph::NodeKind;

/// How many places there may be: some 60 bytes each, and 20 more a snapshot. Objects whose place would be one too many are
/// counted in the place they hang from, which may then seem to grow where only something below it does.
pub const MOST: usize = 1 << 19;
/// Steps of the longest sequence whose repetition is seen: promise, reaction, function, scope, generator, frame.
const PERIOD: usize = 6;
/// The place of the root.
pub const ROOT: u32 = 0;

/// The tree of places.
#[derive(Clone, Debug)]
pub struct Places {
    pub(super) parent: Vec<u32>,
    pub(super) steps: Vec<Step>,
    pub(super) index: HashMap<(u32, u64), u32, FixedState>,
    pub(super) taken: Vec<Count>,
    full: bool,
}

/// What one snapshot has in each place.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Objects, by place.
    pub objects: Vec<u32>,
    /// Bytes of these objects alone.
    pub own: Vec<u64>,
    /// Bytes of these objects and of all that hangs from them.
    pub all: Vec<u64>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            parent: vec![ROOT],
            steps: vec![Step::root()],
            index: HashMap::default(),
            taken: Vec::new(),
            full: false,
        }
    }
}

impl Places {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// Whether there is only the root's.
    pub fn is_empty(&self) -> bool {
        self.len() <= 1
    }

    /// Whether some objects are counted in a place above theirs, for want of places.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The place before the last step.
    pub fn parent(&self, place: u32) -> u32 {
        self.parent[place as usize]
    }

    /// Whether a program makes such objects.
    pub fn is_users(&self, place: u32) -> bool {
        self.steps[place as usize].is_users
    }

    /// Whether they can get larger without entries of their own.
    pub fn has_bytes(&self, place: u32) -> bool {
        self.steps[place as usize].has_bytes
    }

    /// A number that is equal for objects of one class.
    pub fn class(&self, place: u32) -> u64 {
        self.steps[place as usize].class
    }

    /// What kind of objects is there.
    pub fn kind(&self, place: u32) -> NodeKind {
        self.steps[place as usize].kind
    }

    /// How many snapshots were counted.
    pub fn snapshots(&self) -> usize {
        self.taken.len()
    }

    /// Objects in a place, in each snapshot.
    pub fn objects(&self, place: u32) -> impl Iterator<Item = u64> + '_ {
        self.taken.iter().map(move |count| count.objects.get(place as usize).copied().unwrap_or(0).into())
    }

    /// Bytes of the objects of a place, in each snapshot.
    pub fn own(&self, place: u32) -> impl Iterator<Item = u64> + '_ {
        self.taken.iter().map(move |count| count.own.get(place as usize).copied().unwrap_or(0))
    }

    /// Bytes of the objects of a place with all that hangs from them, in each snapshot.
    pub fn all(&self, place: u32) -> impl Iterator<Item = u64> + '_ {
        self.taken.iter().map(move |count| count.all.get(place as usize).copied().unwrap_or(0))
    }

    /// Takes what was counted in one snapshot, by place.
    pub(super) fn take(&mut self, objects: Vec<u32>, own: Vec<u64>) {
        let mut all = own.clone();
        // A place is always made after the one it hangs from.
        for place in (1..all.len()).rev() {
            let parent = self.parent[place] as usize;
            all[parent] = all[parent].saturating_add(all[place]);
        }
        self.taken.push(Count { objects, own, all });
    }

    /// The place one step from another. Steps that come twice are as good as once.
    pub(super) fn step(&mut self, from: u32, step: Step) -> u32 {
        if let Some(found) = self.index.get(&(from, step.hash)) {
            return *found;
        }
        if self.parent.len() >= MOST {
            self.full = true;
            return from;
        }
        let place = self.folded(from, step).unwrap_or_else(|| {
            self.parent.push(from);
            self.steps.push(step);
            (self.parent.len() - 1) as u32
        });
        self.index.insert((from, step.hash), place);
        place
    }

    /// The place whose last steps this step would only repeat.
    fn folded(&self, from: u32, step: Step) -> Option<u32> {
        // Nearest first: the new step, then the last of `from`, and so on.
        let mut tail = Vec::with_capacity(2 * PERIOD);
        let mut at = from;
        while at != ROOT && tail.len() < 2 * PERIOD {
            tail.push(at);
            at = self.parent(at);
        }
        let hash = |back: usize| match back.checked_sub(1) {
            None => Some(step.hash),
            Some(back) => tail.get(back).map(|place| self.steps[*place as usize].hash),
        };
        // Once is enough where a step leads from a class to itself by the same name: `next`, `parent`, `children[x]`.
        let twice =
            |period: usize| (0..period).all(|back| hash(back).is_some() && hash(back) == hash(back + period));
        (1..=PERIOD).find(|period| twice(*period)).and_then(|period| tail.get(period - 1).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(places: &mut Places, steps: &[u64]) -> u32 {
        steps.iter().fold(ROOT, |place, step| {
            places.step(
                place,
                Step { hash: *step, kind: NodeKind::OBJECT, class: 0, is_users: true, has_bytes: false },
            )
        })
    }

    #[test]
    fn repetitions_fold() {
        let mut places = Places::default();
        let once = place(&mut places, &[9, 1, 2]);
        assert_eq!(place(&mut places, &[9, 1, 2, 1, 2]), once);
        assert_eq!(place(&mut places, &[9, 1, 2, 1, 2, 1, 2]), once);
        assert_eq!(place(&mut places, &[9, 9, 1, 1, 2]), once);
        assert_ne!(place(&mut places, &[9, 1, 2, 1]), once);
        assert_ne!(place(&mut places, &[9, 2, 1]), once);
        let six = place(&mut places, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(place(&mut places, &[1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]), six);
        let seven = place(&mut places, &[1, 2, 3, 4, 5, 6, 7]);
        assert_ne!(place(&mut places, &[1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7]), seven);
    }

    #[test]
    fn counts_add_up_along_the_tree() {
        let mut places = Places::default();
        let (map, entry) = (place(&mut places, &[1]), place(&mut places, &[1, 2]));
        places.take(vec![1, 1, 3], vec![0, 10, 300]);
        let other = place(&mut places, &[1, 3]);
        places.take(vec![1, 1, 4, 2], vec![0, 10, 400, 7]);
        let list = |counts: &mut dyn Iterator<Item = u64>| counts.collect::<Vec<_>>();
        assert_eq!(list(&mut places.objects(entry)), [3, 4]);
        assert_eq!(list(&mut places.all(map)), [310, 417]);
        assert_eq!(list(&mut places.own(map)), [10, 10]);
        assert_eq!(list(&mut places.objects(other)), [0, 2]);
        assert_eq!(places.snapshots(), 2);
    }

    #[test]
    fn there_are_not_too_many() {
        let mut places = Places::default();
        for step in 0..MOST as u64 + 10 {
            place(&mut places, &[step]);
        }
        assert!(places.is_full() && places.len() == MOST);
        assert_eq!(place(&mut places, &[7, u64::MAX]), place(&mut places, &[7]));
    }
}

//! Each kind on a small heap in V8's manner, and beside it what looks like it and is none.

mod held;
mod piled;
mod sketch;
mod told;

use self::sketch::{Sketch, judged};
use super::report::{Kind, Suspect, Verdict};

/// The only suspect over two snapshots with this many entries.
fn only(make: impl Fn(&mut Sketch, u32)) -> Suspect {
    let mut list = judged(&[60, 200], make);
    assert_eq!(list.len(), 1, "{:?}", list.iter().map(|suspect| &suspect.title).collect::<Vec<_>>());
    list.remove(0)
}

fn assert_leak(suspect: &Suspect, kind: Kind, name: &str) {
    assert_eq!((suspect.kind, suspect.verdict), (kind, Verdict::Leak), "{}", suspect.title);
    assert!(suspect.holder.name.contains(name), "{} is not {name}", suspect.holder.name);
    assert!(suspect.title.contains("200"), "{}", suspect.title);
}

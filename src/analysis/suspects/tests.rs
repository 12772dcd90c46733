use super::*;
use crate::analysis::estimate::Budget;
use crate::file::info::Mode;

fn header(change: impl FnOnce(&mut Header)) -> Header {
    let mut header = Header::new(60_000.0, Mode::Fork, "t");
    header.pid = 7;
    change(&mut header);
    header
}

fn origin(header: Option<Header>, path: Option<&Path>) -> Origin {
    Origin { path: path.map(Path::to_owned), header, damage: None, edges: 0 }
}

fn before(origin: Origin) -> Vec<(Origin, Seen)> {
    let seen = seen(&origin, 0, 0);
    vec![(origin, seen)]
}

#[test]
fn what_the_files_say_against_it() {
    let (a, b) = (header(|_| {}), header(|h| h.at = 180_000.0));
    assert_eq!(doubts(&[Some(&a), Some(&b)]), Vec::<String>::new());
    let at = |at| Seen { path: None, at, total_size: 0, nodes: 0 };
    assert_eq!(minutes(&[at(Some(60_000.0)), at(None), at(Some(180_000.0))]), Some(2.0));
    assert_eq!(minutes(&[at(Some(180_000.0)), at(Some(60_000.0))]), None);
    assert_eq!(minutes(&[at(None), at(Some(60_000.0))]), None);
    let says = doubts(&[Some(&b), Some(&a)]).join("|");
    assert!(says.contains("number 2 says that it is older than number 1"), "{says}");
    let other = header(|h| (h.pid, h.node_version) = (8, "v99".to_owned()));
    let says = doubts(&[Some(&a), None, Some(&other)]).join("|");
    assert!(says.contains("one process") && says.contains("one version"), "{says}");
}

#[test]
fn one_that_is_given_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a");
    std::fs::write(&file, "").unwrap();
    let again = dir.path().join(".").join("a");
    let refused = |first: Origin, second: Origin| refuse_twins(&before(first), &second).is_err();
    assert!(refused(origin(None, Some(&file)), origin(None, Some(&again))));
    assert!(!refused(origin(None, Some(&file)), origin(None, None)));
    assert!(!refused(origin(None, None), origin(None, None)));
    assert!(refused(origin(Some(header(|_| {})), Some(&file)), origin(Some(header(|_| {})), None)));
    let later = header(|h| h.at += 1.0);
    assert!(!refused(origin(Some(header(|_| {})), Some(&file)), origin(Some(later), None)));
    // Another process's, of the same moment.
    let other = header(|h| h.home = "elsewhere".to_owned());
    assert!(!refused(origin(Some(header(|_| {})), None), origin(Some(other), None)));
}

#[test]
fn nothing_is_asked_of_nothing() {
    let terms = Terms { salvage: false, budget: Budget::new(None), held: 0 };
    let error = find(&[], 5, terms, &Workers::default()).unwrap_err();
    assert_eq!(error.code(), "HEAPWARDEN_INVALID_OPTION");
}

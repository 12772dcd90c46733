//! The architecture invariants of `src/lib.rs`, checked on the sources themselves.

#[path = "walls/breaches.rs"]
mod breaches;
#[path = "walls/circles.rs"]
mod circles;
#[path = "walls/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use circles::Arrows;

/// What each room may import beside itself: the table in `src/lib.rs`.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("memory", &[]),
    ("clock", &[]),
    ("stderr", &[]),
    ("units", &["error"]),
    ("watch", &["error"]),
    ("probe", &["error"]),
    ("v8", &["error", "units"]),
    ("json", &[]),
    ("redact", &["json", "error"]),
    ("file", &["json", "error"]),
    ("image", &["file", "error"]),
    ("capture", &["v8", "probe", "redact", "file", "image", "error", "units"]),
    ("thaw", &["image", "file", "redact", "probe", "error"]),
    ("heap", &["json", "error"]),
    ("analysis", &["heap", "file", "json", "probe", "error", "units"]),
    ("thread", &["error", "clock", "watch", "v8", "file"]),
    ("signals", &[]),
    (
        "orders",
        &[
            "error", "stderr", "clock", "units", "watch", "probe", "v8", "file", "image", "capture",
            "thread", "signals",
        ],
    ),
    ("monitor", &["error", "clock", "watch", "probe", "file", "capture", "thread", "orders"]),
    (
        "node",
        &[
            "error", "stderr", "clock", "units", "watch", "probe", "v8", "file", "image", "capture", "thaw",
            "analysis", "thread", "orders", "monitor",
        ],
    ),
];

/// Rooms, and single files of others (with the folder of the same name), that are functions of their arguments, and the
/// paths that would end that (with the `now` of any type). Such a file sees of its own room only what is pure too.
const PURE: &[&str] =
    &["watch", "json", "redact", "heap", "orders/order.rs", "orders/queue.rs", "orders/ramp.rs"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::net",
    "std::process",
    "std::env",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "libc",
    "rustix",
    "procfs",
];

/// What a pure file of a room that sees them may not name.
const IMPURE_ROOMS: &[&str] = &["clock", "stderr", "memory"];

/// Where `unsafe` is allowed: below a folder, or in one file.
const UNSAFE: &[&str] = &[
    "memory.rs",
    "v8/",
    "probe/",
    "capture/fork/",
    "capture/copy/",
    "image/",
    "signals/",
    "node/subject.rs",
];

/// What is wrong with one file, given by its path below `src/`.
fn check(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let module = module_of(file);
    let room = module.first().map_or("", String::as_str);
    let sees = ARROWS.iter().find(|(name, _)| *name == room).map(|(_, sees)| *sees);
    if sees.is_none() && !room.is_empty() {
        wrong.push(format!("{room} is a room without arrows"));
    }
    // On the text itself: a symbol is usually a string, and a comment that needs one is in the wrong room.
    if room != "v8" && ["_ZN2v8", "_ZNK2v8"].iter().any(|symbol| text.contains(symbol)) {
        wrong.push("names a V8 symbol".to_owned());
    }

    let (tokens, _) = source::without_tests(&source::tokens(text));
    if tokens.iter().any(|token| token == "unsafe") && !UNSAFE.iter().any(|place| file.starts_with(place)) {
        wrong.push("has unsafe".to_owned());
    }
    if room != "node" && tokens.iter().any(|token| token == "napi" || token.starts_with("napi_")) {
        wrong.push("names napi".to_owned());
    }
    if source::renames_a_module(&tokens) {
        wrong.push("gives a module another name, behind which no arrow is seen".to_owned());
    }
    for (inline, path) in source::paths(&tokens) {
        let text = path.join("::");
        let below = |root: &&str| format!("{text}::").starts_with(&format!("{root}::"));
        let impure = IMPURE.iter().any(below) || ["std", "std::*", "std::self"].contains(&text.as_str());
        if is_pure(&module) && (impure || text.ends_with("::now")) {
            wrong.push(format!("is pure and names {text}"));
        }
        let Some(target) = resolve(&module, inline, &path) else { continue };
        let other = target.first().map(String::as_str);
        // All that a pure room sees is pure; a pure file of another room sees more than it may name.
        if is_pure(&module)
            && let Some(other) = other
            && (IMPURE_ROOMS.contains(&other) || (other == room && !is_pure(&target)))
        {
            wrong.push(format!("is pure and names {text}, which is not"));
        }
        if let Some((last, above)) = target.split_last()
            && last == "*"
            && above != module
        {
            wrong.push(format!("brings in {text}, behind which no arrow is seen"));
        }
        // The root only lists the rooms.
        let Some(sees) = sees else { continue };
        match other {
            None | Some("*" | "self") => wrong.push(format!("imports the whole crate by {text}")),
            Some(other) if other == room || sees.contains(&other) => {}
            Some(other) => wrong.push(format!("imports {other} by {text}; {room} sees {sees:?}")),
        }
    }
    wrong
}

/// Whether a module, or what a path in it leads to, is in a pure room, or is or is below a pure file.
fn is_pure(module: &[String]) -> bool {
    PURE.iter().any(|pure| module.starts_with(&module_of(pure)))
}

/// `watch/rule.rs` → watch, rule.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    path.split('/').filter(|part| !["lib", "mod"].contains(part)).map(str::to_owned).collect()
}

/// Where in the crate a path leads, if it says so: `super::super::v8::x` in watch::rule → v8, x. An inline
/// module takes one `super` to leave; a path that stays in the file leads to the file's module.
fn resolve(module: &[String], inline: usize, path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => {
            let base = module.len().saturating_sub(ups.saturating_sub(inline));
            Some([&module[..base], &path[ups..]].concat())
        }
        _ => None,
    }
}

/// All `.rs` files below `folder`, with their path below it and their text.
fn files(folder: &Path) -> Result<Vec<(String, String)>, std::io::Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(folder).unwrap_or(&path);
                let name: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                found.push((name.join("/"), std::fs::read_to_string(&path)?));
            }
        }
    }
    Ok(found)
}

/// Whether a file is, or is below, a module that some file declares with `#[cfg(test)] mod name;`.
fn only_tests(file: &str, tests: &BTreeSet<Vec<String>>) -> bool {
    let module = module_of(file);
    (1..=module.len()).any(|depth| tests.contains(&module[..depth]))
}

/// The sources below `src/`, and those of them that are not only for tests.
fn sources() -> Result<Vec<(String, String)>, std::io::Error> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn without_test_files(sources: &[(String, String)]) -> Vec<&(String, String)> {
    let mut tests = BTreeSet::new();
    for (file, text) in sources {
        let (_, names) = source::without_tests(&source::tokens(text));
        tests.extend(names.into_iter().map(|name| [module_of(file), vec![name]].concat()));
    }
    sources.iter().filter(|(file, _)| !only_tests(file, &tests)).collect()
}

#[test]
fn the_walls_stand() -> Result<(), std::io::Error> {
    let sources = sources()?;
    for (room, _) in ARROWS {
        let exists =
            sources.iter().any(|(file, _)| module_of(file).first().is_some_and(|first| first == room));
        assert!(exists, "there is no room {room}: its arrows guard nothing");
    }
    for pure in PURE {
        let exists = sources.iter().any(|(file, _)| module_of(file) == module_of(pure));
        assert!(exists, "there is no {pure}, so that it is pure is checked of nothing");
    }
    let wrong: Vec<String> = without_test_files(&sources)
        .into_iter()
        .flat_map(|(file, text)| check(file, text).into_iter().map(move |what| format!("src/{file} {what}")))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// The rooms that the files of each room name.
fn arrows_in_use(sources: &[(String, String)]) -> BTreeSet<(String, String)> {
    let mut used = BTreeSet::new();
    for (file, text) in without_test_files(sources) {
        let module = module_of(file);
        let Some(room) = module.first() else { continue };
        let (tokens, _) = source::without_tests(&source::tokens(text));
        for (inline, path) in source::paths(&tokens) {
            let target = resolve(&module, inline, &path).and_then(|target| target.first().cloned());
            used.extend(target.map(|target| (room.clone(), target)));
        }
    }
    used
}

#[test]
fn each_arrow_is_needed_and_the_map_of_the_crate_has_the_same() -> Result<(), std::io::Error> {
    let sources = sources()?;
    let used = arrows_in_use(&sources);
    let lib = sources.iter().find(|(file, _)| file == "lib.rs").map_or("", |(_, text)| text.as_str());
    for (room, sees) in ARROWS {
        for other in *sees {
            assert!(
                used.contains(&((*room).to_owned(), (*other).to_owned())),
                "{room} sees {other} for nothing"
            );
        }
        let row = lib.lines().find(|line| {
            ["[`", "[`mod@", "`"].iter().any(|mark| {
                let name = line.strip_prefix("//! | ").and_then(|line| line.strip_prefix(mark));
                name.and_then(|name| name.strip_prefix(room)).is_some_and(|rest| rest.starts_with('`'))
            })
        });
        let said = row
            .and_then(|row| row.trim_end_matches(['|', ' ']).rsplit('|').next())
            .unwrap_or("no row")
            .trim();
        let said: BTreeSet<&str> = said.split(", ").filter(|name| *name != "nothing").collect();
        assert!(
            said.contains("all") || said == sees.iter().copied().collect(),
            "src/lib.rs: {room} sees {said:?}"
        );
    }
    Ok(())
}

/// The modules of these files, but for the root, which only lists the rooms.
fn modules(files: &[&(String, String)]) -> Vec<(Vec<String>, String)> {
    let modules = files.iter().map(|(file, text)| (module_of(file), text.clone()));
    modules.filter(|(module, _)| !module.is_empty()).collect()
}

#[test]
fn no_files_go_in_circles() -> Result<(), std::io::Error> {
    let sources = sources()?;
    let circles = Arrows::of(&modules(&without_test_files(&sources))).circles();
    let circles: Vec<String> = circles.iter().map(|circle| circles::in_words(circle)).collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
    Ok(())
}

/// The first lines of a file: its own documentation.
fn header(text: &str) -> String {
    text.lines().take_while(|line| line.starts_with("//")).collect::<Vec<_>>().join(" ").replace(" //! ", " ")
}

#[test]
fn each_room_says_what_it_never_does() -> Result<(), std::io::Error> {
    let sources = sources()?;
    for (room, _) in ARROWS {
        let names = [format!("{room}/mod.rs"), format!("{room}.rs")];
        let first = sources.iter().find(|(file, _)| names.contains(file));
        let says = first.is_some_and(|(_, text)| header(text).contains("Architecture invariant"));
        assert!(says, "{room}'s first lines have no \"Architecture invariant\"");
    }
    Ok(())
}

/// Whether a file is short, or says why it is not.
fn may_be_long(text: &str) -> bool {
    text.lines().count() <= 400 || header(text).contains("Longer than 400 lines because")
}

#[test]
fn a_long_file_says_why() -> Result<(), std::io::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "benches", "fuzz/fuzz_targets"] {
        for (file, text) in files(&root.join(folder))? {
            let fine = may_be_long(&text);
            assert!(fine, "{folder}/{file} has more than 400 lines and does not say why in its first ones");
        }
    }
    Ok(())
}

#[test]
fn a_circle_is_seen_and_told() {
    let told = |files: &[(&str, &str)]| {
        let files: Vec<_> =
            files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        let circles = Arrows::of(&modules(&files.iter().collect::<Vec<_>>())).circles();
        circles.iter().map(|circle| circles::in_words(circle)).collect::<Vec<_>>().join("; ")
    };
    let pair = |text| told(&[("watch/a.rs", text), ("watch/b.rs", "use super::a::A;")]);
    for text in [
        "use super::b::B;",
        "use super::b;",
        "use super::{b::{self, B}};",
        "use crate::watch::b::B as C;",
        "fn f() { super::b::g(); }",
        "fn f() -> crate::watch::b::B { todo!() }",
        "mod inner { use super::super::b::B; }",
    ] {
        assert_eq!(pair(text), "watch::a → watch::b → watch::a", "{text}");
    }
    // A parent is a file: what it re-exports, and what its children take from it.
    let parent = |text| told(&[("watch/mod.rs", "pub mod a; pub use a::A;"), ("watch/a.rs", text)]);
    for text in ["use super::B;", "use super::*;", "use crate::watch::B;", "fn f() { super::g(); }"] {
        assert_eq!(parent(text), "watch → watch::a → watch", "{text}");
    }
    // By a name that a `use` has brought, and over three files.
    let three = told(&[
        ("watch/mod.rs", "pub mod a; pub mod b; pub mod c;"),
        ("watch/a.rs", "use super::b; fn f() { b::g(); }"),
        ("watch/b.rs", "use crate::watch::c::{C, D};"),
        ("watch/c.rs", "use crate::watch; fn f() { watch::a::f(); }"),
    ]);
    assert_eq!(three, "watch::a → watch::b → watch::c → watch::a");
    // Over two rooms, which ARROWS refuses as well.
    let rooms = told(&[("file/a.rs", "use crate::units::b;"), ("units/b.rs", "use crate::file::a::A;")]);
    assert_eq!(rooms, "file::a → units::b → file::a");
}

#[test]
fn what_is_no_circle_is_not_told() {
    for (a, b) in [
        ("use super::b::B;", "fn f() { a::g(); }"),
        ("use super::b::B;", "#[cfg(test)] mod tests { use super::super::a; }"),
        ("use super::b::B;", "#[cfg(all(test, unix))] mod tests { use super::super::a; }"),
        ("use super::b::B;", "//! [`super::a`]\n/* use super::a; */ const A: &str = \"use super::a;\";"),
        ("use super::b::B; mod inner { use super::*; }", "pub mod c { use super::B; } use self::c::C;"),
    ] {
        let files = [("watch/a.rs", a), ("watch/b.rs", b), ("watch/mod.rs", "pub mod a; mod b;")];
        let files = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
        let circles = Arrows::of(&modules(&files.iter().collect::<Vec<_>>())).circles();
        assert!(circles.is_empty(), "{a} and {b}: {circles:?}");
    }
    let long = "\n".repeat(500);
    assert!(!may_be_long(&long) && may_be_long("fn f() {}"));
    assert!(may_be_long(&format!("//! A table.\n//!\n//! Longer than 400 lines because it is one.\n{long}")));
}

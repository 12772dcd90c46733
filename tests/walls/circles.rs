//! Files that reach each other by what they name: `a → b → c → a`. A parent (`x.rs`, `mod.rs`) is a file like any other, and
//! what it re-exports are arrows to its children.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source;

type Module = Vec<String>;

/// Which files name which: modules, as `watch::rule` is one.
pub struct Arrows(BTreeMap<Module, BTreeSet<Module>>);

impl Arrows {
    /// Of all files given by their module and their text, without those of tests.
    pub fn of(files: &[(Module, String)]) -> Self {
        let modules: BTreeSet<&Module> = files.iter().map(|(module, _)| module).collect();
        let arrows = files.iter().map(|(module, text)| (module.clone(), named(module, text, &modules)));
        Self(arrows.collect())
    }

    /// The circles, each as short as it can be, each file in one at most.
    pub fn circles(&self) -> Vec<Vec<Module>> {
        let mut circles: Vec<Vec<Module>> = Vec::new();
        for start in self.0.keys() {
            if circles.iter().flatten().any(|module| module == start) {
                continue;
            }
            circles.extend(self.way_back(start));
        }
        circles
    }

    /// The shortest way from `start` to itself, `start` first and not again at the end.
    fn way_back(&self, start: &Module) -> Option<Vec<Module>> {
        let mut before: BTreeMap<&Module, &Module> = BTreeMap::new();
        let mut next = VecDeque::from([start]);
        while let Some(module) = next.pop_front() {
            for target in self.0.get(module).into_iter().flatten() {
                if target == start {
                    let back = std::iter::successors(Some(module), |module| before.get(module).copied());
                    let mut way: Vec<Module> = back.cloned().collect();
                    way.reverse();
                    return Some(way);
                }
                if !before.contains_key(target) {
                    before.insert(target, module);
                    next.push_back(target);
                }
            }
        }
        None
    }
}

/// `a → b → a`.
pub fn in_words(circle: &[Module]) -> String {
    let names: Vec<String> = circle.iter().chain(circle.first()).map(|module| module.join("::")).collect();
    names.join(" → ")
}

/// The files that one names. By its tokens, so names that a `use` has brought are looked up too.
fn named(module: &Module, text: &str, modules: &BTreeSet<&Module>) -> BTreeSet<Module> {
    let (tokens, _) = source::without_tests(&source::tokens(text));
    let paths = source::paths(&tokens);
    let mut brought: BTreeMap<String, Module> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (inline, path) in &paths {
        let Some(full) = full(module, *inline, path, modules) else { continue };
        let Some(file) = file_of(&full, modules) else { continue };
        if file == full
            && let Some(name) = full.last()
        {
            brought.insert(name.clone(), full.clone());
        }
        found.insert(file);
    }
    for (_, path) in &paths {
        if let Some((first, rest)) = path.split_first()
            && !rest.is_empty()
            && let Some(base) = brought.get(first)
        {
            found.extend(file_of(&[base, rest].concat(), modules));
        }
    }
    found.remove(module);
    found
}

/// The path from the crate's root: by `crate`, `super`, `self`, or a child of this module.
fn full(module: &Module, inline: usize, path: &[String], modules: &BTreeSet<&Module>) -> Option<Module> {
    let path = if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        &path[..path.len() - 1]
    } else {
        path
    };
    let full = match path.first()?.as_str() {
        "crate" | "super" => crate::resolve(module, inline, path)?,
        "self" => [module, &path[1..]].concat(),
        // One word alone declares the child.
        first => {
            let child = [module.as_slice(), &[first.to_owned()]].concat();
            (path.len() > 1 && modules.contains(&child)).then(|| [module, path].concat())?
        }
    };
    Some(full.into_iter().filter(|part| part != "*").collect())
}

/// The file that owns what a path leads to: the longest part of it that is a module.
fn file_of(full: &[String], modules: &BTreeSet<&Module>) -> Option<Module> {
    (1..=full.len()).rev().map(|length| full[..length].to_vec()).find(|module| modules.contains(module))
}

//! One file that is loaded again and again: `require.cache` was emptied, but the parent keeps its `children`.

use super::finding::{Finding, MOSTLY};
use crate::heap::paths::known;
use crate::heap::suspects::anchor::At;
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is_module =
        |entry: u32| case.is_one_of(entry, &["Module", "ModuleWrap", "SourceTextModule", "ModuleJob"]);
    let is_list = case.is_one_of(case.owner, &["LoadCache", "ResolveCache"]);
    if !is_list && case.share(is_module) < MOSTLY {
        return None;
    }
    let file = case.sample().find_map(|entry| known::file(case.graph(), entry));
    let file = file.unwrap_or_else(|| "a file".to_owned());
    let named = case.anchor.text(case.graph());
    let parent = case.before_owner().and_then(|node| known::file(case.graph(), node));
    let by = parent.as_ref().map_or_else(String::new, |parent| {
        format!(" The module {parent} has them all among its `children`.")
    });
    Some(Finding {
        kind: Kind::Modules,
        name: if is_list { named.clone() } else { format!("modules of {file}") },
        at: Some(At { file: Some(parent.unwrap_or_else(|| file.clone())), ..At::default() }),
        what: if is_list {
            format!("{} modules in `{named}`", number(case.count))
        } else {
            format!("{} modules loaded from {file}", number(case.count))
        },
        signs: format!(
            "The same file was loaded again and again, each time with new functions and variables; they are held by `{named}`.{by}"
        ),
        cure: "Load it once and keep what it exports. Deleting from `require.cache` frees nothing while `module.children` \
               of the parent holds the module; for fresh data read the file, for a fresh realm use a worker.",
        sure: 0.95,
    })
}

//! The walls tried: what each must refuse, and what it must let through.

use std::collections::BTreeSet;

use crate::{check, module_of, only_tests, source};

/// A wall that cannot be seen to fall guards nothing: each kind of breach, in the forms it can take.
#[test]
fn a_breach_is_seen() {
    for (file, text) in [
        ("watch/rule.rs", "use crate::probe::process;"),
        ("watch/rule.rs", "use crate::{error::Error, probe};"),
        ("watch/rule.rs", "use crate::{error::Error, units::{parse_bytes}, v8 as engine};"),
        ("watch/rule.rs", "fn f() { crate::probe::process(); }"),
        ("watch/rule.rs", "use super::super::probe::process;"),
        ("watch/mod.rs", "use super::probe::process;"),
        ("watch/mod.rs", "use crate::*;"),
        ("watch/mod.rs", "use crate as all;"),
        ("watch/rule.rs", "use crate::watch::sample as s;"),
        ("watch/rule.rs", "use super::{sample as s, Metric};"),
        ("watch/rule.rs", "use super::*;"),
        ("watch/rule.rs", "fn f() { std::env::var(); }"),
        ("heap/read/parse.rs", "fn f() { std::io::stdin(); }"),
        ("watch/rule.rs", "use crate::watch::sample::*;"),
        ("watch/rule.rs", "use std as s; fn f() { s::fs::read() }"),
        ("orders/queue.rs", "fn f() { crate::clock::wall(); }"),
        ("orders/queue.rs", "use super::dispatch;"),
        ("orders/queue/parts.rs", "use std::fs;"),
        ("watch/mod.rs", "mod inner { use super::super::probe; }"),
        ("watch/mod.rs", "mod inner { fn f() {} } use super::probe;"),
        ("watch/mod.rs", "#[cfg(any(test, unix))] use crate::probe;"),
        ("watch/mod.rs", "#[cfg(not(test))] use crate::probe;"),
        ("watch/mod.rs", "#[cfg(test)] fn f() -> [u8; 2] { g() } use crate::probe;"),
        ("error.rs", "use crate::units;"),
        ("v8/isolate.rs", "use crate::file::info;"),
        ("heap/read/parse.rs", "use crate::analysis::source;"),
        ("analysis/workers.rs", "use crate::monitor::sampler;"),
        ("monitor/mod.rs", "use crate::node::events;"),
        ("file/sink.rs", "use crate::r#heap;"),
        ("file/sink.rs", "use crate::probe::disk;"),
        ("analysis/load.rs", "use crate::capture::budget;"),
        ("extra.rs", ""),
        ("probe/mod.rs", "const NAME: &str = \"_ZN2v87Isolate\";"),
        ("probe/mod.rs", "// calls _ZNK2v812HeapSnapshot"),
        ("monitor/mod.rs", "use napi::Env;"),
        ("monitor/mod.rs", "#[napi_derive::napi] fn f() {}"),
        ("watch/mod.rs", "use std::fs;"),
        ("watch/mod.rs", "use std::{fmt, fs::File};"),
        ("watch/mod.rs", "use std::*;"),
        ("watch/mod.rs", "use std::{self};"),
        ("heap/read/parse.rs", "fn f() { std::thread::spawn(g); }"),
        ("heap/read/parse.rs", "use std::time::Instant; fn f() { Instant::now(); }"),
        ("heap/read/parse.rs", "fn f() { std::time::SystemTime::now(); }"),
        ("heap/read/parse.rs", "use std::time::Instant as Clock; fn f() { Clock::now(); }"),
        ("heap/read/parse.rs", "fn f() { libc::getpid(); }"),
        ("orders/queue.rs", "use std::thread;"),
        ("orders/queue.rs", "fn f() { std::time::Instant::now(); }"),
        ("thread/environment.rs", "use crate::orders::Client;"),
        ("monitor/mod.rs", "fn f() { unsafe { g() } }"),
        ("capture/inline.rs", "unsafe impl Send for X {}"),
        ("watch/mod.rs", "fn f() { let _ = '\"'; unsafe { g() } let _ = '\"'; }"),
        ("watch/mod.rs", "#[cfg(test)] mod tests { } unsafe fn f() {}"),
    ] {
        assert!(!check(file, text).is_empty(), "{file}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_refused() {
    for (file, text) in [
        ("lib.rs", "pub mod watch; pub use crate::watch::Sample;"),
        ("watch/rule.rs", "use super::{Metric, sample::Sample}; use crate::{error::Error, watch::trend};"),
        (
            "watch/rule.rs",
            "//! [`crate::probe`]\n/* use crate::v8; /* unsafe */ std::fs */ fn f<'a>(x: &'a str) {}",
        ),
        (
            "watch/rule.rs",
            "const A: &str = \"use crate::v8; unsafe\"; const B: &str = r#\"\" std::fs::read\"#;",
        ),
        ("watch/rule.rs", "#[cfg(test)] mod tests { use std::fs; fn f() { if a { unsafe { g() } } } }"),
        (
            "watch/rule.rs",
            "use std::time::Instant; fn f(at: Instant) {} #[deny(unsafe_op_in_unsafe_fn)] fn g() {}",
        ),
        ("watch/mod.rs", "pub(crate) fn f() {} mod inner { pub(super) use super::*; }"),
        ("watch/rule.rs", "#[cfg(all(test, unix))] fn f() -> [u8; 2] { std::fs::read() }"),
        ("watch/rule.rs", "mod inner { use super::super::Sample; } fn f() -> impl Sized + use<'_> {}"),
        ("probe/process.rs", "use std::fs; fn f() { unsafe { g() } }"),
        ("capture/fork/child/run.rs", "use crate::{v8, probe}; fn f() { unsafe { g() } }"),
        ("v8/symbols.rs", "const NAME: &[u8] = b\"_ZN2v87Isolate\"; fn f() { unsafe { g() } }"),
        ("node/mod.rs", "use napi_derive::napi; use crate::monitor;"),
    ] {
        assert_eq!(check(file, text), Vec::<String>::new(), "{file}: {text}");
    }
    let (_, files) = source::without_tests(&source::tokens("mod a; #[cfg(test)] mod twin; mod b;"));
    assert_eq!(files, ["twin"]);
    assert!(only_tests("watch/naive.rs", &BTreeSet::from([module_of("watch/naive.rs")])));
    assert!(!only_tests("watch/rule.rs", &BTreeSet::from([module_of("watch/naive.rs")])));
}

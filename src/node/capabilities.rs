//! What works in this process, and why the rest does not.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};

use super::Code;
use crate::capture::images;
use crate::probe::{allocator, cgroup::Cgroup, pressure};
use crate::v8;

fn one(available: bool, reason: &str) -> Value {
    if available { json!({ "available": true }) } else { json!({ "available": false, "reason": reason }) }
}

fn fork(native: bool, why: &str) -> Value {
    if !native {
        return one(false, &format!("a snapshot by a forked child needs V8's own interface: {why}"));
    }
    #[cfg(target_os = "linux")]
    let refusal = crate::capture::fork::available().err().map(|error| error.to_string());
    #[cfg(not(target_os = "linux"))]
    let refusal = Some("Linux only".to_owned());
    one(refusal.is_none(), &refusal.unwrap_or_default())
}

fn image(native: bool, why: &str) -> Value {
    if !native {
        return one(false, &format!("an image needs V8's own interface: {why}"));
    }
    let refusal = images::available().err().map(|error| error.to_string());
    one(refusal.is_none(), &refusal.unwrap_or_default())
}

/// As JSON. After `verify`, which decides whether V8's own interface is trusted.
#[napi]
pub fn capabilities() -> Result<String, Code> {
    let refusal = v8::binding().err().map(|error| error.to_string());
    let native = refusal.is_none();
    let why = refusal.unwrap_or_default();
    let through_v8 = |what: &str| one(native, &format!("{what} needs V8's own interface: {why}"));
    let group = Cgroup::detect().and_then(|group| group.read());
    let no_group = "no memory cgroup is visible from this process";
    let mut container = one(group.is_some(), no_group);
    if let (Some(figures), Some(object)) = (&group, container.as_object_mut()) {
        object.insert("version".into(), figures.version.into());
        object.insert("limited".into(), figures.limit.is_some().into());
    }
    let all = json!({
        "v8": one(native, &why),
        "snapshots": {
            "inline": through_v8("a snapshot that is compressed while V8 writes it"),
            "portable": one(!native, "not needed: V8's own interface is used"),
            "fork": fork(native, &why),
            "image": image(native, &why),
        },
        "ownThread": one(true, ""),
        "whileBlocked": through_v8("reading V8 and taking snapshots while the event loop is blocked"),
        "synchronous": through_v8("a synchronous snapshot"),
        "gcEvents": through_v8("hearing of collections"),
        "liveHeap": through_v8("the live heap after a full collection"),
        // Without the addon they are not there, or not everywhere: lib/addon/fallback/index.js.
        "redact": one(true, ""),
        "analysis": one(true, ""),
        "zstd": one(true, ""),
        "cgroup": container,
        "pressure": one(pressure::pressure(group.and_then(|group| group.pressure)).is_some(), "the kernel tells no memory pressure (PSI)"),
        "allocator": one(allocator::available(), "not glibc's allocator, or one older than 2.33"),
    });
    Ok(all.to_string())
}

//! Roots by the names people know.

/// What holds things without being an object, in plain words and then V8's.
pub(in crate::heap) fn root(name: &str) -> String {
    let plain = match name {
        "" => return "(root)".to_owned(),
        "(Global handles)" | "(Eternal handles)" | "(Traced handles)" => "native code",
        "(Handle scope)" | "(Stack roots)" | "(Thread manager)" => "running code",
        "C++ Persistent roots" | "C++ CrossThreadPersistent roots" => "native code",
        "C++ roots" | "C++ cross-thread roots" | "C++ native stack roots" => "native code",
        "(Micro tasks)" => "waiting promise jobs",
        "(Compilation cache)" => "V8's cache of compiled code",
        _ => return name.to_owned(),
    };
    format!("{plain} ({})", name.trim_start_matches('(').trim_end_matches(')'))
}

//! Any graph as a snapshot: the bytes are read as nodes and edges, so that everything behind the parser is reached.

#![no_main]

#[path = "../exercise.rs"]
#[allow(dead_code, reason = "the other target uses the rest")]
mod exercise;
#[path = "../snapshots.rs"]
mod snapshots;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let json = snapshots::from_bytes(bytes);
    match (exercise::read(json.as_bytes(), false), exercise::read(json.as_bytes(), true)) {
        (Ok(first), Ok(second)) => exercise::everything(first.graph, second.graph),
        (Err(error), _) | (_, Err(error)) => panic!("{error}\n{json}"),
    }
});

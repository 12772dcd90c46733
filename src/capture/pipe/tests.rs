//! What the writer thread does to the bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::file::info::{Header, Mode};
use crate::file::reader;
use crate::file::sink::SinkOptions;

const JSON: &str = r#"{"snapshot":{"meta":{"node_fields":["type","name","id"],"node_types":[["object","string"]],
"edge_fields":["type","name_or_index","to_node"],"edge_types":[["property"]]},"node_count":2,"edge_count":1},
"nodes":[0,1,1,1,2,3],"edges":[0,3,3],"strings":["<dummy>","Session","hunter2","password"]}"#;

fn capture(dir: &Path, json: &str, redact: bool) -> Result<SnapshotInfo> {
    let options = SinkOptions { dir: Some(dir.to_owned()), min_free_disk: Some(0), ..SinkOptions::default() };
    let sink = Sink::create(&options, Header::new(1_795_383_671_123.0, Mode::Inline, "test"))?;
    let permit = Arc::new(Permit::new(Arc::default(), Instant::now() + Duration::from_secs(60)));
    let (sender, receiver) = bounded(1);
    let feed = start(
        sink,
        permit,
        redact,
        |_| {},
        move |result| {
            let _ = sender.send(result);
        },
    )?;
    for piece in json.as_bytes().chunks(100) {
        feed.write(piece);
    }
    feed.finish(Finish::default());
    receiver.recv().unwrap()
}

fn content(info: &SnapshotInfo) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reader::open(&info.path).unwrap(), &mut text).unwrap();
    text
}

#[test]
fn bytes_pass_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(content(&capture(dir.path(), JSON, false).unwrap()), JSON);
}

#[test]
fn values_are_masked_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let info = capture(dir.path(), JSON, true).unwrap();
    assert_eq!(content(&info), JSON.replace("hunter2", "(redacted #2, length 7)"));
    assert_eq!(info.nodes, Some(2));
}

#[test]
fn what_cannot_be_redacted_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    for json in [&JSON[..JSON.len() - 1], &JSON.replace("\"nodes\"", "\"knots\"")] {
        let error = capture(dir.path(), json, true).unwrap_err();
        assert!(error.to_string().contains("cannot be redacted"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

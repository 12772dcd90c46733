//! The redactor on what V8 writes: the `node` on the PATH makes a snapshot full of secrets.

use std::collections::HashMap;
use std::error::Error;
use std::process::Command;

use heapwarden::redact::Redactor;
use serde_json::Value;

/// Plants secrets wherever a string can be, and names that must stay readable. Each secret has `s3cret` in it, so that
/// none is looked for under a name it does not have; the parts are put together at run time, so that the
/// script's own source holds none.
const PROGRAM: &str = r#"
const secret = (name) => ['s3', 'cret-', name, '-', 'x'.repeat(20)].join('');
class PaymentSession {
  constructor(cardHolder) {
    this.cardHolder = cardHolder;
    this.shortPin = String(4000 + 711);
    this.balance = 90210.5;
  }
  get maskedNumber() { return 1; }
}
class AuditTrail {}
const capturing = (() => { const capturedSecret = secret('closure'); return function readCaptured() { return capturedSecret; }; })();
const flat = secret('parent') + secret('flattened');
flat.charCodeAt(0);
const weak = new WeakMap();
const weakKey = new AuditTrail();
const regexp = new RegExp(secret('regexp'));
weak.set(weakKey, secret('weak-value'));
weak.set(regexp, new PaymentSession(secret('weak-object')));
globalThis.heldForTheSnapshot = {
  plain: new PaymentSession(secret('plain')),
  cons: secret('first') + Math.random() + secret('second') + Math.random(),
  sliced: flat.slice(3, 60),
  template: `${secret('template')} of ${process.pid}`,
  buffer: Buffer.from(secret('buffer')).toString('latin1'),
  wide: secret('wide') + '\u20ac "quoted" \\ \ud83d\ude00 \ud800',
  list: [secret('element')],
  map: new Map([[secret('map-key'), secret('map-value')]]),
  set: new Set([secret('set')]),
  symbol: Symbol(secret('symbol')),
  error: new Error(secret('message')),
  environment: process.env.PLANTED,
  arguments: process.argv.slice(2),
  ['k'.repeat(121) + secret('long-key')]: 1,
  // Many slots with numbers, so that the PIN reads like one of theirs.
  crowd: Array.from({ length: 5000 }, () => ({})),
  weak, weakKey, regexp, capturing, parent: flat,
};
require('node:v8').writeHeapSnapshot(process.env.SNAPSHOT, { exposeNumericValues: true });
"#;

const STAY: &[&str] = &[
    "PaymentSession",
    "AuditTrail",
    "cardHolder",
    "shortPin",
    "capturedSecret",
    "readCaptured",
    "heldForTheSnapshot",
    "get maskedNumber",
    "environment",
    "(concatenated string)",
    "(sliced string)",
    "heap number",
    "smi number",
    "(GC roots)",
    "system / Context",
    "Function",
    "4712",
];

fn redact(input: &[u8], piece: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let (mut redactor, mut out) = (Redactor::new(), Vec::new());
    for piece in input.chunks(piece) {
        redactor.push(piece, &mut out)?;
    }
    redactor.finish()?;
    Ok(out)
}

fn texts(snapshot: &Value) -> impl Iterator<Item = &str> {
    snapshot["strings"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// V8 writes halves of surrogate pairs, which JSON has and Rust's strings have not: here they become plain text.
fn parse(json: &[u8]) -> Result<Value, Box<dyn Error>> {
    let mut mended = String::with_capacity(json.len());
    let mut rest = str::from_utf8(json)?;
    while let Some((plain, escape)) = rest.split_once('\\') {
        mended.push_str(plain);
        let is_half = escape.len() > 2 && escape[..2].eq_ignore_ascii_case("ud");
        mended.push_str(if is_half { "\\\\" } else { "\\" });
        let (escaped, after) = escape.split_at(1);
        mended.push_str(escaped);
        rest = after;
    }
    mended.push_str(rest);
    Ok(serde_json::from_str(&mended)?)
}

#[test]
fn no_planted_value_survives_in_a_real_snapshot() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("it.heapsnapshot");
    let run = Command::new("node")
        .args(["-e", PROGRAM, "--", "s3cret-argument"])
        .env("SNAPSHOT", &path)
        .env("PLANTED", "s3cret-environment")
        .output()
        .map_err(|error| format!("this test needs a `node` on the PATH: {error}"))?;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let input = std::fs::read(&path)?;

    let output = redact(&input, 64 << 10)?;
    assert_eq!(redact(&input, 7)?, output, "the pieces' size matters");
    let (before, after) = (parse(&input)?, parse(&output)?);

    // What is looked for is there before.
    let planted = texts(&before).filter(|text| text.contains("s3cret")).count();
    assert!(planted >= 20, "only {planted} planted texts");
    for number in ["4711", "90210.5"] {
        assert!(texts(&before).any(|text| text == number), "{number} was not planted");
    }
    let names: Vec<_> = texts(&after).collect();
    let survivors: Vec<_> = names
        .iter()
        .filter(|text| text.contains("s3cret") || **text == "4711" || **text == "90210.5")
        .collect();
    assert!(survivors.is_empty(), "{survivors:?}");
    for name in STAY.iter().filter(|name| texts(&before).any(|text| text == **name)) {
        assert!(names.contains(name), "{name} is masked");
    }
    assert!(STAY.iter().take(9).all(|name| names.contains(name)));

    // The graph is the same, and a mask stands for one text only.
    for (section, value) in before.as_object().into_iter().flatten() {
        assert!(section == "strings" || after[section] == *value, "{section} has changed");
    }
    let mut masked = HashMap::new();
    for (was, is) in texts(&before).zip(texts(&after)).filter(|(was, is)| was != is) {
        assert_eq!(masked.insert(is, was), None, "{is} stands twice");
    }
    assert_eq!(texts(&before).count(), names.len());

    // A WeakMap's pair keeps its ids and the class of what is no value.
    let pairs: Vec<_> = names.iter().filter(|text| text.contains("part of key (AuditTrail @")).collect();
    assert!(
        !pairs.is_empty() && pairs.iter().all(|pair| pair.contains("-> value ((redacted) @")),
        "{pairs:?}"
    );
    assert!(
        names
            .iter()
            .any(|text| text.contains("key ((redacted) @") && text.contains("value (PaymentSession @"))
    );
    Ok(())
}

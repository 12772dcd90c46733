//! What was given instead of a heap snapshot, by its first bytes, and what reads it.

/// As many first bytes as are worth looking at.
pub(super) const LOOK: usize = 512;

/// JSON that begins so, blanks apart.
const JSON: [(&str, &str); 12] = [
    (r#"{"nodes":[{"id":"#, "a CPU profile (.cpuprofile): Chrome DevTools (Performance) and VS Code read it"),
    (r#"{"typeId":"CPU""#, "a CPU profile (.cpuprofile): Chrome DevTools (Performance) and VS Code read it"),
    (
        r#"{"head":{"callFrame":"#,
        "a sampling heap profile (.heapprofile), which counts allocations and holds no objects: Chrome DevTools (Memory) reads it",
    ),
    (
        r#"{"version":2,"type":""#,
        "a snapshot of JavaScriptCore's (Bun, Safari): Safari's Web Inspector reads it; for V8's format call Bun.generateHeapSnapshot('v8')",
    ),
    (
        r#"{"version":3,"type":""#,
        "a snapshot of JavaScriptCore's (Bun, Safari): Safari's Web Inspector reads it; for V8's format call Bun.generateHeapSnapshot('v8')",
    ),
    (r#"{"traceEvents":"#, "a trace: Chrome DevTools (Performance) and ui.perfetto.dev read it"),
    (r#"{"header":{"reportVersion":"#, "a diagnostic report of Node.js's: it is JSON to be read as it is"),
    (r#"{"log":{"version":"#, "a HAR file of network traffic: a browser's DevTools (Network) read it"),
    (r#"{"version":3,"sources":"#, "a source map"),
    (r#"{"version":3,"file":"#, "a source map"),
    (r#"{"code":""#, "an error that a server answered instead: read it, and download the snapshot again"),
    (r#"{"error":"#, "an error that a server answered instead: read it, and download the snapshot again"),
];

/// Other bytes that begin so.
const BYTES: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", "a zip archive: unzip it"),
    (b"BZh", "bzip2: give its content, bzip2 -dc FILE"),
    (b"\xfd7zXZ\0", "xz: give its content, xz -dc FILE"),
    (b"\x04\x22\x4d\x18", "lz4: give its content, lz4 -dc FILE"),
    (b"\x1f\x8b", "a gzip inside a gzip: unpack it once"),
    (b"\x7fELF", "a core dump or a program (ELF): lldb and gdb read it"),
    (b"\x19\xda\x43\x01", "a startup snapshot of Node.js's (--build-snapshot): node runs it"),
    (b"PERFILE2", "a recording of perf's: perf report reads it"),
    (
        b"\xff\xfe",
        "text in UTF-16, as > of PowerShell writes it: write it again as bytes, with cmd /c or curl -o",
    ),
    (b"\xfe\xff", "text in UTF-16: write it again as UTF-8"),
    (b"\xef\xbb\xbf", "text behind a byte order mark: take its first three bytes away"),
    (b"version https://git-lfs", "a pointer of Git LFS's: git lfs pull fetches the file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
];

/// `None`: it may be a snapshot, or nobody knows what it is.
pub(super) fn of(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(LOOK)];
    if let Some((_, what)) = BYTES.iter().find(|(begin, _)| head.starts_with(begin)) {
        return Some(what);
    }
    let text = head.trim_ascii_start();
    match text.first()? {
        b'{' => {
            let dense: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let dense = &dense[..];
            JSON.iter().find(|(begin, _)| dense.starts_with(begin.as_bytes())).map(|(_, what)| *what)
        }
        b'<' => Some("a page of HTML or XML, perhaps of a login or an error: download the snapshot again"),
        b'[' => Some("JSON that begins with an array, perhaps a trace: ui.perfetto.dev reads that"),
        _ if head.get(257..262) == Some(b"ustar") => Some("a tar archive: unpack it"),
        _ if is_pprof(head) => Some("a profile in pprof's format: go tool pprof and pprof.me read it"),
        _ => None,
    }
}

/// Field 1, `sample_type`, is a message of two short numbers: `0a 04 08 x 10 y`.
fn is_pprof(head: &[u8]) -> bool {
    matches!(head, [0x0a, 2..=6, 0x08, _, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_is_named() {
        for (head, named) in [
            (&br#"{"nodes":[{"id":1,"callFrame":{"functionName":"(root)""#[..], ".cpuprofile"),
            (br#"{"head":{"callFrame":{"functionName":"(root)","scriptId":"0""#, ".heapprofile"),
            (br#"{"version":3,"type":"Inspector","nodes":[0,0,0,0"#, "Bun"),
            (b"{\n\n  \"header\": {\n    \"reportVersion\": 5,", "diagnostic report"),
            (b"\r\n<!doctype html><title>Log in", "HTML"),
            (b"\n\x04\x08\x01\x10\x02\n\x04\x08\x03\x10\x04", "pprof"),
            (b"\xff\xfe{\0\"\0", "UTF-16"),
        ] {
            let what = of(head);
            assert!(what.is_some_and(|what| what.contains(named)), "{what:?} for {named}");
        }
        let mut tar = vec![b'x'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(of(&tar).is_some_and(|what| what.contains("tar")));
    }

    #[test]
    fn a_snapshot_and_the_unknown_have_no_name() {
        for head in
            [&br#"{"snapshot":{"meta":{"node_fields":["#[..], b" {\n\"snapshot\"", b"hello", b"", b"{", b"\n"]
        {
            assert_eq!(of(head), None, "{head:?}");
        }
    }
}

//! Disks that are full, tiny or read-only: small tmpfs mounts, which only root may make.

use std::path::Path;
use std::process::Command;

use heapwarden::error::{Error, Result};
use heapwarden::file::info::Finish;
use heapwarden::file::sink::{Sink, SinkOptions};

use crate::{header, names, snapshot};

const MIB: u64 = 1 << 20;

struct Mount(tempfile::TempDir);

impl Mount {
    /// A tmpfs of 1 MiB; `None`, with the reason printed, where that is not allowed.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can mount a small tmpfs");
            return None;
        }
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir.path()).output();
        match output {
            Ok(output) if output.status.success() => Some(Self(dir)),
            Ok(output) => {
                eprintln!("skipped: mount: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(e) => {
                eprintln!("skipped: mount: {e}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn options(dir: &Path, min_free_disk: Option<u64>, level: i32) -> SinkOptions {
    SinkOptions { dir: Some(dir.to_owned()), min_free_disk, level: Some(level), ..SinkOptions::default() }
}

fn take(options: &SinkOptions, json: &[u8]) -> Result<()> {
    let mut sink = Sink::create(options, header())?;
    json.chunks(64 * 1024).try_for_each(|c| sink.write(c))?;
    sink.seal(Finish::default())?.publish().map(drop)
}

fn no_space(result: Result<()>) -> String {
    match result {
        Err(Error::NoSpace(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_snapshot_too_large_for_the_disk() {
    let Some(mount) = Mount::new() else { return };
    let json = snapshot(300_000);
    assert!(json.len() as u64 > 3 * MIB);
    // Nothing kept free: the disk itself refuses. Something kept free: we stop before.
    for (min_free, level) in [(Some(0), 0), (Some(0), 1), (Some(MIB / 4), 0), (None, 0), (None, 1)] {
        let message = no_space(take(&options(mount.path(), min_free, level), &json));
        assert!(message.contains(mount.path().to_str().unwrap()), "{message}");
        assert!(names(mount.path()).is_empty(), "nothing is left: {:?}", names(mount.path()));
    }
}

#[test]
fn the_reserve_is_never_touched() {
    let Some(mount) = Mount::new() else { return };
    let json = snapshot(300_000);
    let reserve = MIB / 2;
    let mut sink = Sink::create(&options(mount.path(), Some(reserve), 0), header()).unwrap();
    let mut refused = false;
    for piece in json.chunks(1000) {
        refused |= sink.write(piece).is_err();
        assert!(mount.free() >= reserve, "{} free", mount.free());
    }
    assert!(refused && sink.written() > MIB / 4, "it used what it was allowed: {}", sink.written());
}

#[test]
fn refused_before_a_file_is_made() {
    let Some(mount) = Mount::new() else { return };
    let message = no_space(Sink::create(&options(mount.path(), Some(2 * MIB), 1), header()).map(drop));
    assert!(message.contains("minFreeDisk") && message.contains(&(2 * MIB).to_string()), "{message}");
    assert!(names(mount.path()).is_empty());
}

#[test]
fn a_small_snapshot_fits_a_tiny_disk_by_default() {
    let Some(mount) = Mount::new() else { return };
    take(&options(mount.path(), None, 1), &snapshot(1000)).unwrap();
    assert_eq!(names(mount.path()).len(), 1);
}

#[test]
fn a_read_only_disk() {
    let Some(mount) = Mount::new() else { return };
    let there = mount.path().join("there");
    std::fs::create_dir(&there).unwrap();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(mount.path()).status().unwrap();
    assert!(remounted.success());
    for dir in [&there, &mount.path().join("new")] {
        let Err(Error::CaptureFailed(message)) = take(&options(dir, None, 1), &snapshot(10)) else {
            panic!("{dir:?}")
        };
        assert!(message.contains(dir.to_str().unwrap()), "{message}");
        assert!(message.contains(&format!("os error {}", libc::EROFS)), "{message}");
    }
}

#[test]
fn a_folder_without_write_permission() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may write anywhere");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let result = take(&options(dir.path(), Some(0), 1), &snapshot(10));
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let Err(Error::CaptureFailed(message)) = result else { panic!("{result:?}") };
    assert!(message.contains(dir.path().to_str().unwrap()) && message.contains("os error 13"), "{message}");
}

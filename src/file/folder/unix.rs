//! [`Folder`] by descriptors.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{DiskRoom, Lock, not_a_folder};
use crate::error::{Error, Result};
use crate::file::fault;

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    fd: Arc<OwnedFd>,
}

pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

impl Folder {
    /// Opens an existing folder. A symbolic link in the last component is refused, with its target named.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, OFlags::NOFOLLOW)
            .map_err(|e| describe("cannot open the snapshot folder", path, e))
    }

    /// Opens an existing folder, also through a link: the parent of an exact path is what the user's path
    /// leads to.
    pub fn follow(path: &Path) -> Result<Self> {
        Self::open_with(path, OFlags::empty()).map_err(|e| match e {
            Errno::NOENT => {
                Error::InvalidOption(format!("the folder {} does not exist: create it first", path.display()))
            }
            e => fault::at("cannot open the folder", path, &e.into()),
        })
    }

    /// Creates what is missing (the last component with mode 0700) and opens it.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |e: io::Error| {
            let errno = Errno::from_io_error(&e).unwrap_or(Errno::IO);
            describe("cannot create the snapshot folder", path, errno)
        };
        let missing: Vec<&Path> = path.ancestors().skip(1).take_while(|part| !part.exists()).collect();
        for part in missing.into_iter().rev() {
            create_one(part).map_err(|e| match e.kind() {
                // A file, or a link to nothing, on the way.
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory if !part.is_dir() => {
                    Error::InvalidOption(format!(
                        "the snapshot folder {} cannot be created: a part of its path is not a folder",
                        path.display()
                    ))
                }
                _ => failed(e),
            })?;
        }
        match create_one(path) {
            // "Read-only file system" may be said before "exists": what is there is judged by opening it.
            Err(e) if std::fs::symlink_metadata(path).is_err() => Err(failed(e)),
            _ => Self::open(path),
        }
    }

    /// As [`create`](Self::create), and it must belong to us alone.
    pub fn private(path: &Path) -> Result<Self> {
        Self::create(path)?.ours_alone()
    }

    /// As [`open`](Self::open), and it must belong to us alone.
    pub fn open_private(path: &Path) -> Result<Self> {
        Self::open(path)?.ours_alone()
    }

    fn ours_alone(self) -> Result<Self> {
        let (folder, path) = (&self, &self.path);
        let stat = rustix::fs::fstat(&folder.fd).map_err(|e| describe("cannot look at", path, e))?;
        if stat.st_uid != user() || stat.st_mode & 0o077 != 0 {
            return Err(Error::CaptureFailed(format!(
                "the snapshot folder {} belongs to user {} with mode {:o}, it must belong to user {} with mode 700: \
                 remove it, or choose another with dir or HEAPWARDEN_DIR",
                path.display(),
                stat.st_uid,
                stat.st_mode & 0o7777,
                user()
            )));
        }
        Ok(self)
    }

    fn open_with(path: &Path, flags: OFlags) -> Result<Self, Errno> {
        let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        Ok(Self { path: path.to_owned(), fd: Arc::new(rustix::fs::openat(CWD, path, flags, Mode::empty())?) })
    }

    /// The path it was opened by, absolute if that was, or where [`find`](Self::find) has found it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sees that its path leads to it, for it may have been renamed or moved since.
    ///
    /// # Errors
    /// `NotFound`: it has been removed. Where no path of this process leads there (another root, unmounted, no /proc), the one
    /// last known stays, as what is left to do goes by descriptor.
    pub fn find(&mut self) -> io::Result<()> {
        let here = rustix::fs::fstat(&*self.fd)?;
        let leads_here = |path: &Path| {
            rustix::fs::statat(CWD, path, AtFlags::empty()).map(|there| identity(&there) == identity(&here))
        };
        if leads_here(&self.path) == Ok(true) {
            return Ok(());
        }
        if here.st_nlink == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the folder has been removed"));
        }
        // The kernel says so whoever asks, but counts from the root of a file system that is mounted no more.
        if let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{}", self.fd.as_raw_fd()))
            && path.is_absolute()
            && matches!(leads_here(&path), Ok(true) | Err(Errno::ACCESS))
        {
            self.path = path;
        }
        Ok(())
    }

    /// A new file: read and write, mode 0600. Fails if anything has that name.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDWR;
        let mode = Mode::RUSR | Mode::WUSR;
        let file: File = rustix::fs::openat(&*self.fd, name, flags, mode)?.into();
        // The umask may have taken our own right to read it later.
        if file.metadata()?.mode() & 0o777 != mode.bits() {
            rustix::fs::fchmod(&file, mode)?;
        }
        Ok(file)
    }

    /// An existing regular file, not through a link. `InvalidInput` for a pipe, a device, a folder, a link.
    pub fn open_file(&self, name: &str, write: bool) -> io::Result<File> {
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        // NONBLOCK: opening a pipe nobody writes to must not hang.
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file: File = match rustix::fs::openat(&*self.fd, name, flags, Mode::empty()) {
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(irregular()),
            other => other?.into(),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
    }

    /// Is there something of this name? `Some(true)`: a regular file.
    pub fn look(&self, name: &str) -> io::Result<Option<bool>> {
        match rustix::fs::statat(&*self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file())),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Does `name` still lead to this open file?
    pub fn leads_to(&self, name: &str, file: &File) -> bool {
        self.finds(name, file).unwrap_or(false)
    }

    /// The same, where it matters whether that may be asked.
    pub fn finds(&self, name: &str, file: &File) -> io::Result<bool> {
        let there = match rustix::fs::statat(&*self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(false),
            other => other?,
        };
        Ok(identity(&there) == identity(&rustix::fs::fstat(file)?))
    }

    /// Where this open file is, to remove it without the folder at hand.
    pub fn place(&self, name: &str, file: &File) -> Option<Place> {
        let here = rustix::fs::fstat(file).ok()?;
        Some(Place { folder: self.fd.clone(), name: name.to_owned(), file: identity(&here) })
    }

    /// Gives a file its new name; `replace` false: `AlreadyExists` if the name is taken.
    pub fn rename(&self, from: &str, to: &str, replace: bool) -> io::Result<()> {
        if replace {
            return Ok(rustix::fs::renameat(&*self.fd, from, &*self.fd, to)?);
        }
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        match rustix::fs::renameat_with(&*self.fd, from, &*self.fd, to, rustix::fs::RenameFlags::NOREPLACE) {
            // Old kernels, some file systems, and seccomp filters that answer EPERM to calls they do not know.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {}
            other => return Ok(other?),
        }
        self.rename_by_link(from, to)
    }

    fn rename_by_link(&self, from: &str, to: &str) -> io::Result<()> {
        match rustix::fs::linkat(&*self.fd, from, &*self.fd, to, AtFlags::empty()) {
            Ok(()) => self.unlink(from),
            // No hard links here (vfat, some network shares): what is left is to look before.
            Err(Errno::PERM | Errno::NOSYS | Errno::NOTSUP | Errno::MLINK) => match self.look(to)? {
                Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
                None => Ok(rustix::fs::renameat(&*self.fd, from, &*self.fd, to)?),
            },
            Err(e) => Err(e.into()),
        }
    }

    /// Removes a file's name.
    pub fn unlink(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.fd, name, AtFlags::empty())?)
    }

    /// Removes an empty folder's name.
    pub fn unlink_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// The folder as an open file: whose it is, when it was changed.
    pub fn as_file(&self) -> io::Result<File> {
        Ok(self.fd.try_clone()?.into())
    }

    /// Makes renames and removals outlast a crash of the machine.
    pub fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&*self.fd) {
            // Some file systems have nothing to sync in a folder and say so.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// A folder in it, not through a link.
    pub fn inner(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let fd = rustix::fs::openat(&*self.fd, name, flags, Mode::empty())?;
        Ok(Self { path: self.path.join(name), fd: Arc::new(fd) })
    }

    /// The names in it that are UTF-8 (ours are), in no order.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&*self.fd)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Whether other machines may write here, too: their locks are not seen then, or only perhaps.
    pub fn is_shared(&self) -> bool {
        is_shared(&*self.fd)
    }

    /// Device and inode: the same for every descriptor of it.
    pub fn identity(&self) -> Option<(u64, u64)> {
        rustix::fs::fstat(&*self.fd).ok().map(|stat| identity(&stat))
    }

    /// Asks for the folder's own lock, as [`lock`] does for a file's.
    pub fn lock(&self) -> Lock {
        match rustix::fs::flock(&*self.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Lock::Held,
            Err(Errno::WOULDBLOCK) => Lock::Busy,
            // Network file systems want a descriptor that can write, and a folder has none.
            Err(_) => Lock::Unknown,
        }
    }

    /// Room in the folder's file system.
    pub fn room(&self) -> io::Result<DiskRoom> {
        room_at(&*self.fd)
    }
}

/// Device and inode.
// Their types differ between systems.
#[allow(clippy::unnecessary_cast)]
fn identity(stat: &rustix::fs::Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

/// A file in a folder.
pub struct Place {
    folder: Arc<OwnedFd>,
    name: String,
    /// Device and inode.
    file: (u64, u64),
}

impl Place {
    /// Removes the file, if its name still leads to it.
    pub fn remove(&self) {
        let there = rustix::fs::statat(&*self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        if there.is_ok_and(|there| identity(&there) == self.file) {
            let _ = rustix::fs::unlinkat(&*self.folder, &self.name, AtFlags::empty());
        }
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Mode 0700, whatever the umask: what lies in there has every secret of a process. An error if it is there.
fn create_one(path: &Path) -> io::Result<()> {
    let mode = Mode::RWXU;
    match std::fs::DirBuilder::new().mode(mode.bits()).create(path) {
        // Somebody was faster: theirs to say who may enter.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        other => other?,
    }
    let stat = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
    if stat.st_uid == user() && stat.st_mode & 0o7777 != mode.bits() {
        rustix::fs::chmodat(CWD, path, mode, AtFlags::empty())?;
    }
    Ok(())
}

/// The magic numbers of file systems that machines share, or whose locks a program in user space may or may not pass on.
#[cfg(target_os = "linux")]
fn is_shared(fd: impl AsFd) -> bool {
    const FUSE: u32 = 0x6573_5546;
    const NFS: u32 = 0x6969;
    const SMB: [u32; 3] = [0x517b, 0xff53_4d42, 0xfe53_4d42];
    const NINE_P: u32 = 0x0102_1997;
    const CLUSTERS: [u32; 6] = [0x00c3_6400, 0x0bd0_0bd0, 0x5346_414f, 0x7375_7245, 0x0116_1970, 0x7461_636f];
    let Ok(stat) = rustix::fs::fstatfs(fd) else { return true };
    let magic = stat.f_type as u32;
    [FUSE, NFS, NINE_P].contains(&magic) || SMB.contains(&magic) || CLUSTERS.contains(&magic)
}

#[cfg(not(target_os = "linux"))]
fn is_shared(_: impl AsFd) -> bool {
    true
}

/// Room in the file system of an open file.
pub fn room(file: &File) -> io::Result<DiskRoom> {
    room_at(file)
}

fn room_at(fd: impl AsFd) -> io::Result<DiskRoom> {
    let stat = rustix::fs::fstatvfs(fd)?;
    let size = if stat.f_frsize == 0 { stat.f_bsize } else { stat.f_frsize };
    Ok(DiskRoom { available: stat.f_bavail.saturating_mul(size), total: stat.f_blocks.saturating_mul(size) })
}

/// Asks for a file's lock. It belongs to the open file, so a forked child that inherits the descriptor holds
/// it too, and the kernel lets go of it when the last of them is dead.
pub fn lock(file: &File) -> io::Result<Lock> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock::Held),
        Err(Errno::WOULDBLOCK) => Ok(Lock::Busy),
        Err(Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL) => Ok(Lock::Unknown),
        Err(e) => Err(e.into()),
    }
}

/// Does the file belong to the user we run as?
pub fn is_ours(file: &File) -> bool {
    file.metadata().is_ok_and(|m| m.uid() == user())
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn describe(doing: &str, path: &Path, errno: Errno) -> Error {
    match not_a_folder(path) {
        Some(error) if matches!(errno, Errno::NOTDIR | Errno::LOOP | Errno::EXIST) => error,
        _ => fault::at(doing, path, &errno.into()),
    }
}

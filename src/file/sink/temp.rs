//! The temporary file: locked as long as its writer lives, removed unless it is published.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::unfinished::Entry;
use crate::error::{Error, Result};
use crate::file::folder::{self, Folder, Lock};
use crate::file::info::Header;
use crate::file::{fault, home, name};

/// Names collide only when two processes with one pid write in one millisecond.
pub(super) const TRIES: usize = 16;

pub(super) struct Temp {
    folder: Folder,
    name: String,
    file: File,
    armed: bool,
    entry: Entry,
}

impl Temp {
    /// Creates and locks it; gives the final name that goes with it too. `make_room` is asked when the disk has no room for
    /// one more file, and says whether it made some.
    pub fn create(
        folder: Folder,
        header: &Header,
        zstd: bool,
        make_room: impl Fn(&Folder) -> bool,
    ) -> Result<(Self, String)> {
        for _ in 0..TRIES {
            let target = name::generate(header, zstd);
            let name = name::temporary(&target, home::machine());
            let (file, entry) = match Entry::create(&folder, &name) {
                Ok(both) => both,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) if fault::is_full(&e) && make_room(&folder) => continue,
                Err(e) => return Err(fault::at("cannot create a file in the folder", folder.path(), &e)),
            };
            match claim(&folder, &name, &file) {
                Ok(true) => return Ok((Self { folder, name, file, armed: true, entry }, target)),
                Ok(false) => entry.strike(),
                Err(e) => {
                    let temp = Self { folder, name, file, armed: true, entry };
                    return Err(fault::at("cannot lock", &temp.path(), &e));
                }
            }
        }
        let path = folder.path().display();
        Err(Error::CaptureFailed(format!("no name was free in {path} after {TRIES} tries")))
    }

    /// Takes over one that another process wrote.
    pub fn adopt(path: &Path) -> Result<Self> {
        let path = folder::absolute(path)?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
            return Err(Error::InvalidOption(format!("{} names no file", path.display())));
        };
        if name::parse_temporary(name).is_none() {
            return Err(Error::InvalidOption(format!("{} is no temporary snapshot of ours", path.display())));
        }
        let folder = Folder::follow(parent)?;
        let file = folder.open_file(name, true).map_err(|e| fault::at("cannot open", &path, &e))?;
        // Busy: the writer, or a relative that inherited its descriptor, is still there; as good.
        let _ = folder::lock(&file);
        Ok(Self { name: name.to_owned(), folder, file, armed: true, entry: Entry::default() })
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    pub fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Whether the name leads to it; yes where that cannot be seen.
    pub fn may_be_there(&self) -> bool {
        self.folder.finds(&self.name, &self.file).unwrap_or(true)
    }

    /// Removes it, unless it has its final name.
    pub fn remove(&self) {
        // Only what is ours: if the name leads elsewhere, somebody else has put a file there.
        if self.armed && self.folder.leads_to(&self.name, &self.file) {
            let _ = self.folder.unlink(&self.name);
        }
    }

    /// Sees that the folder's path is where it is now, see [`Folder::find`].
    pub fn find_folder(&mut self) -> Result<()> {
        let asked = self.folder.path().to_owned();
        self.folder.find().map_err(|e| fault::at("cannot publish in", &asked, &e))
    }

    /// It is a forked child's, which removes it if need be.
    pub fn lend(&self) {
        self.entry.strike();
    }

    /// It is this process's again.
    pub fn take_back(&self) {
        self.entry.list(&self.folder, &self.name, &self.file);
    }

    /// The name is somebody else's business from now on.
    pub fn disarm(&mut self) {
        self.entry.strike();
        self.armed = false;
    }

    /// Gives it its final name. `AlreadyExists`: it is still the temporary one.
    pub fn rename(&mut self, to: &str, replace: bool) -> io::Result<()> {
        if !self.folder.finds(&self.name, &self.file)? {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the temporary file was removed by someone else",
            ));
        }
        self.folder.rename(&self.name, to, replace)?;
        self.entry.strike();
        self.armed = false;
        Ok(())
    }
}

/// Locks a new file. False: begin anew. A cleaner that found it between its creation and its lock takes it for
/// a leftover: it holds the lock, or has removed the name already, so the name has to lead here after locking.
fn claim(folder: &Folder, name: &str, file: &File) -> io::Result<bool> {
    Ok(folder::lock(file)? != Lock::Busy && folder.finds(name, file)?)
}

impl Drop for Temp {
    fn drop(&mut self) {
        self.remove();
        self.entry.strike();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::file::info::Mode;
    use crate::file::store;

    #[test]
    fn a_cleaner_between_creation_and_lock() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let name = name::generate(&Header::new(1.0, Mode::Inline, "x"), true);
        let name = name::temporary(&name, home::machine());
        let file = folder.create_file(&name).unwrap();
        assert_eq!(store::clean(dir.path()).unwrap().removed, [name.as_str()]);
        assert!(!claim(&folder, &name, &file).unwrap(), "its name is gone: what is written would be lost");

        let file = folder.create_file(&name).unwrap();
        let cleaner = folder.open_file(&name, true).unwrap();
        assert_eq!(folder::lock(&cleaner).unwrap(), Lock::Held);
        assert!(!claim(&folder, &name, &file).unwrap(), "it is about to be removed");
        // Unlocked, not only closed: other tests fork, and a fork's copy keeps the lock for a moment.
        rustix::fs::flock(&cleaner, rustix::fs::FlockOperation::Unlock).unwrap();
        assert!(claim(&folder, &name, &file).unwrap());
    }
}

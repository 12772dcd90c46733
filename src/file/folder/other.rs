//! [`Folder`] where there are no folder descriptors: the same promises as far as `std` carries them. Nothing
//! is known about the lives of other writers there, so leftovers stay.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{DiskRoom, Lock, not_a_folder};
use crate::error::{Error, Result};
use crate::file::fault;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

pub(super) fn user() -> String {
    let name = std::env::var("USERNAME").unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// A file in a folder.
pub struct Place(PathBuf);

impl Place {
    /// Removes the file.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Folder {
    /// Takes an existing folder. A symbolic link in the last component is refused, with its target named.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(error) = not_a_folder(path) {
            return Err(error);
        }
        fs::metadata(path).map_err(|e| fault::at("cannot open the snapshot folder", path, &e))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Takes an existing folder, also through a link.
    pub fn follow(path: &Path) -> Result<Self> {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(Error::InvalidOption(format!("{} is not a folder", path.display()))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::InvalidOption(format!(
                "the folder {} does not exist: create it first",
                path.display()
            ))),
            Err(e) => Err(fault::at("cannot open the folder", path, &e)),
        }
    }

    /// Creates what is missing.
    pub fn create(path: &Path) -> Result<Self> {
        if let Some(error) = not_a_folder(path) {
            return Err(error);
        }
        fs::create_dir_all(path).map_err(|e| fault::at("cannot create the snapshot folder", path, &e))?;
        Self::open(path)
    }

    /// As [`create`](Self::create): the temp folder is the user's own on these systems.
    pub fn private(path: &Path) -> Result<Self> {
        Self::create(path)
    }

    /// As [`open`](Self::open): there are no modes to check.
    pub fn open_private(path: &Path) -> Result<Self> {
        Self::open(path)
    }

    /// Not known: locks prove nothing then.
    pub fn is_shared(&self) -> bool {
        true
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sees that its path leads to a folder. That it is the same one is not known here.
    pub fn find(&mut self) -> io::Result<()> {
        fs::metadata(&self.path).map(|_| ())
    }

    /// A new file. Fails if anything has that name.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.path.join(name))
    }

    /// An existing regular file, not through a link.
    pub fn open_file(&self, name: &str, write: bool) -> io::Result<File> {
        match self.look(name)? {
            Some(true) => OpenOptions::new().read(true).write(write).open(self.path.join(name)),
            Some(false) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Is there something of this name? `Some(true)`: a regular file.
    pub fn look(&self, name: &str) -> io::Result<Option<bool>> {
        match fs::symlink_metadata(self.path.join(name)) {
            Ok(meta) => Ok(Some(meta.is_file())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Does `name` still lead to this open file? Without file numbers: does it lead to a file?
    pub fn leads_to(&self, name: &str, _: &File) -> bool {
        matches!(self.look(name), Ok(Some(true)))
    }

    /// The same.
    pub fn finds(&self, name: &str, file: &File) -> io::Result<bool> {
        Ok(self.leads_to(name, file))
    }

    /// Where this open file is, to remove it without the folder at hand.
    pub fn place(&self, name: &str, _: &File) -> Option<Place> {
        Some(Place(self.path.join(name)))
    }

    /// Gives a file its new name; `replace` false: `AlreadyExists` if the name is taken.
    pub fn rename(&self, from: &str, to: &str, replace: bool) -> io::Result<()> {
        if !replace && self.look(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Removes a file's name.
    pub fn unlink(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Removes an empty folder.
    pub fn unlink_folder(&self, name: &str) -> io::Result<()> {
        fs::remove_dir(self.path.join(name))
    }

    /// The folder as an open file, where the system opens folders.
    pub fn as_file(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Nothing to do here.
    pub fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// A folder in it, not through a link.
    pub fn inner(&self, name: &str) -> io::Result<Self> {
        Self::open(&self.path.join(name)).map_err(io::Error::other)
    }

    /// The names in it that are UTF-8 (ours are), in no order.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    /// Not known.
    pub fn identity(&self) -> Option<(u64, u64)> {
        None
    }

    /// Not known.
    pub fn lock(&self) -> Lock {
        Lock::Unknown
    }

    /// Not known.
    pub fn room(&self) -> io::Result<DiskRoom> {
        Ok(DiskRoom { available: 0, total: 0 })
    }
}

/// Not known.
pub fn room(_: &File) -> io::Result<DiskRoom> {
    Ok(DiskRoom { available: 0, total: 0 })
}

/// Not known.
pub fn lock(_: &File) -> io::Result<Lock> {
    Ok(Lock::Unknown)
}

/// Taken to be so.
pub fn is_ours(_: &File) -> bool {
    true
}

//! Opens the executable or library that an image asks for, by its build id. Id and path come out of an image: the id makes
//! a name of hexadecimal digits only, and what the path leads to counts only if it is a regular file with that id.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::file;
use super::name::{END, hex};
use crate::error::{Error, Result};
use crate::file::fault;
use crate::file::store::OBJECTS;
use crate::image::format::ID;

/// No executable or library is larger.
const LARGEST: u64 = 2 << 30;

/// A file with the build id `id`, whose offsets are those of the ELF file. Looked for, in this order: in the folder of
/// objects beside the image, in `extra` (folders, with or without such a folder in them, or files), at the `path` it had,
/// and in this process's own executable.
///
/// # Errors
/// `NotFound`, with where it was looked for and what was there instead. `MemoryBudget`, `CorruptSnapshot`: one that was found
/// cannot be unpacked.
pub fn find(folder: &Path, id: &[u8], path: &Path, extra: &[PathBuf]) -> Result<OwnedFd> {
    let name = path.file_name().map(Path::new);
    if id.is_empty() || id.len() > ID {
        return Err(Error::CorruptSnapshot(format!("a build id of {} bytes cannot be", id.len())));
    }
    let mut search = Search { id, others: Vec::new() };
    let packed = format!("{}{END}", hex(id));
    let mut places = vec![folder.join(OBJECTS).join(&packed)];
    for place in extra {
        if place.is_dir() {
            places.extend([place.join(&packed), place.join(OBJECTS).join(&packed)]);
            // Where a root of another system is, and where somebody has put the file itself.
            places.extend(
                path.strip_prefix("/").ok().filter(|path| is_plain(path)).map(|path| place.join(path)),
            );
            places.extend(name.map(|name| place.join(name)));
        } else {
            places.push(place.clone());
        }
    }
    places.extend([path.to_owned(), PathBuf::from("/proc/self/exe")]);
    for place in places {
        if let Some(found) = search.look(&place)? {
            return Ok(found);
        }
    }
    let others = if search.others.is_empty() {
        String::new()
    } else {
        format!("; what is there is another build: {}", search.others.join(", "))
    };
    Err(Error::NotFound(format!(
        "the image needs {} as it was, with the build id {}: it is neither in {} nor where it was{others}. Bring the file \
         from where the image was made, or its {OBJECTS} folder",
        path.display(),
        hex(id),
        folder.join(OBJECTS).display(),
    )))
}

/// Whether a path only goes down.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

struct Search<'a> {
    id: &'a [u8],
    others: Vec<String>,
}

impl Search<'_> {
    /// The file at `place`, if it is the one.
    fn look(&mut self, place: &Path) -> Result<Option<OwnedFd>> {
        let Ok(mut file) = file::open(place) else { return Ok(None) };
        if is_packed(&file) {
            file = unpack(file).map_err(|error| unpacked(place, error))?;
        }
        let id = file::id(&file);
        if id == self.id {
            return Ok(Some(file.into()));
        }
        if !id.is_empty() {
            self.others.push(format!("{} ({})", place.display(), hex(&id)));
        }
        Ok(None)
    }
}

fn is_packed(mut file: &File) -> bool {
    use std::io::Seek;
    let mut start = [0; 4];
    let packed = file.read_exact(&mut start).is_ok() && start == crate::file::frames::DATA.to_le_bytes();
    packed & file.rewind().is_ok()
}

/// Into memory, which is a file only by its descriptor.
fn unpack(file: File) -> io::Result<File> {
    let memory = rustix::fs::memfd_create("heapwarden-object", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut memory = File::from(memory);
    let mut decoder = zstd::stream::read::Decoder::new(file)?.take(LARGEST + 1);
    let count = io::copy(&mut decoder, &mut memory)?;
    if count > LARGEST {
        let what = format!("it has more than {LARGEST} bytes");
        return Err(fault::wrap(Error::CorruptSnapshot(what)));
    }
    memory.flush()?;
    Ok(memory)
}

fn unpacked(place: &Path, error: io::Error) -> Error {
    let words = format!("{} cannot be unpacked: {error}", place.display());
    match error.raw_os_error() {
        Some(libc::ENOMEM | libc::ENOSPC | libc::EFBIG) => Error::MemoryBudget(words),
        Some(_) => Error::CaptureFailed(words),
        None => Error::CorruptSnapshot(words),
    }
}

#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests {
    use super::*;
    use crate::image::freeze;
    use crate::image::objects::store;
    use std::os::unix::fs::FileExt;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
    }

    /// This program: a path, an id.
    fn ours() -> (PathBuf, Vec<u8>) {
        let path = std::env::current_exe().unwrap();
        let id = file::id(&File::open(&path).unwrap());
        (path, id)
    }

    fn same(found: OwnedFd, path: &Path) -> bool {
        let (found, file) = (File::from(found), File::open(path).unwrap());
        let mut pages = [[0; 4096]; 2];
        let end = file::loaded(&file).unwrap();
        (0..end / 4096).all(|page| {
            let read = |file: &File, into: &mut [u8]| file.read_exact_at(into, page * 4096);
            read(&found, &mut pages[0]).unwrap();
            read(&file, &mut pages[1]).unwrap();
            pages[0] == pages[1]
        })
    }

    #[test]
    fn what_was_stored_is_found_page_for_page() {
        let dir = folder();
        store(dir.path(), Some(0), &|| true).unwrap();
        for object in freeze::mapped().unwrap() {
            let found = find(dir.path(), &object.id, Path::new("/nowhere"), &[]).unwrap();
            assert!(same(found, &object.path), "{}", object.path.display());
        }
    }

    #[test]
    fn by_other_folders_and_files_but_only_with_the_same_id() {
        let (path, id) = ours();
        let (dir, nowhere) = (folder(), Path::new("/nowhere/x"));
        let other = [7; 20];
        assert!(find(dir.path(), &id, &path, &[]).is_ok(), "where it was");
        assert!(find(dir.path(), &id, nowhere, &[]).is_ok(), "this process itself");
        let error = find(dir.path(), &other, &path, &[]).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_NOT_FOUND");
        assert!(error.to_string().contains(&hex(&id)), "it says what is there: {error}");

        let libc = freeze::mapped()
            .unwrap()
            .into_iter()
            .find(|one| one.path.to_string_lossy().contains("libc"))
            .unwrap();
        let missing = |extra: &[PathBuf], path: &Path| find(dir.path(), &libc.id, path, extra).is_err();
        assert!(missing(&[], nowhere));
        assert!(!missing(std::slice::from_ref(&libc.path), nowhere), "the file itself");
        assert!(!missing(&[PathBuf::from("/")], Path::new(&libc.path)), "another root");
        assert!(!missing(
            &[libc.path.parent().unwrap().into()],
            &Path::new("/x").join(libc.path.file_name().unwrap())
        ));
        let copy = dir.path().join("copy");
        std::fs::create_dir(&copy).unwrap();
        store(&copy, Some(0), &|| true).unwrap();
        assert!(!missing(std::slice::from_ref(&copy), nowhere) && !missing(&[copy.join(OBJECTS)], nowhere));
    }

    #[test]
    fn no_pipe_no_device_no_way_out_of_the_folder() {
        let (_, id) = ours();
        let dir = folder();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        let other = [7; 20];
        for path in
            [&*pipe, Path::new("/dev/tty"), Path::new("/dev/zero"), Path::new("/proc/self/mem"), dir.path()]
        {
            assert!(find(dir.path(), &other, path, &[path.to_owned()]).is_err(), "{}", path.display());
        }
        assert!(
            find(dir.path(), &id, Path::new("../../../.."), &[dir.path().to_owned()]).is_ok(),
            "this process itself"
        );
        assert_eq!(find(dir.path(), &[], &pipe, &[]).unwrap_err().code(), "HEAPWARDEN_CORRUPT_SNAPSHOT");
    }

    #[test]
    fn a_damaged_one_is_told() {
        let (path, id) = ours();
        let dir = folder();
        std::fs::create_dir(dir.path().join(OBJECTS)).unwrap();
        let packed = zstd::encode_all(&std::fs::read(&path).unwrap()[..100_000], 1).unwrap();
        let place = dir.path().join(OBJECTS).join(hex(&id) + END);
        std::fs::write(&place, &packed[..packed.len() / 2]).unwrap();
        let error = find(dir.path(), &id, &path, &[]).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{error}");
    }
}

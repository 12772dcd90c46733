//! Opens the executable or library that an image asks for, by its build id. Id and path come out of an image: the id makes
//! a name of hexadecimal digits only, and what the path leads to counts only if it is a regular file with that id.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file;
use super::name::{END, hex};
use super::unpack::{is_packed, unpack};
use crate::error::{Error, Result};
use crate::file::store::OBJECTS;
use crate::image::format::ID;

/// Finds an image's files, each once, however often it asks for it.
pub struct Finder<'a> {
    folder: &'a Path,
    extra: &'a [PathBuf],
    room: u64,
    go_on: &'a dyn Fn() -> Result<()>,
    /// By id and place: a file of symbols has the id of what it describes, and lies elsewhere.
    found: Vec<(Vec<u8>, PathBuf, Arc<OwnedFd>)>,
}

impl<'a> Finder<'a> {
    /// Looks, in this order, in the folder of objects in `folder` (the image's), in `extra` (folders, with or without such a
    /// folder in them, or files), at the path that a file had, and in this process's own executable. What has to be
    /// unpacked takes no more than `room` bytes of memory, all files together; `go_on` is asked between pieces.
    pub fn new(folder: &'a Path, extra: &'a [PathBuf], room: u64, go_on: &'a dyn Fn() -> Result<()>) -> Self {
        Self { folder, extra, room, go_on, found: Vec::new() }
    }

    /// Bytes of memory that are left of what it was given.
    pub fn room(&self) -> u64 {
        self.room
    }

    /// A file with the build id `id`, whose offsets are those of the ELF file.
    ///
    /// # Errors
    /// `NotFound`, with where it was looked for and what was there instead. `CorruptSnapshot`: there is none but one that cannot be
    /// unpacked. `MemoryBudget`: one that was found cannot, in so little memory. What `go_on` says.
    pub fn find(&mut self, id: &[u8], path: &Path) -> Result<Arc<OwnedFd>> {
        if id.is_empty() || id.len() > ID {
            return Err(Error::CorruptSnapshot(format!("a build id of {} bytes cannot be", id.len())));
        }
        let mut others = Vec::new();
        let mut damaged = None;
        for place in self.places(id, path) {
            if let Some((.., found)) = self.found.iter().find(|(known, at, _)| known == id && *at == place) {
                return Ok(found.clone());
            }
            match self.look(id, &place, &mut others) {
                Ok(Some(found)) => {
                    let found = Arc::new(OwnedFd::from(found));
                    self.found.push((id.to_vec(), place, found.clone()));
                    return Ok(found);
                }
                Ok(None) => {}
                // The next place may have a sound one.
                Err(error @ Error::CorruptSnapshot(_)) => drop(damaged.get_or_insert(error)),
                Err(error) => return Err(error),
            }
        }
        Err(damaged.unwrap_or_else(|| self.lacking(id, path, &others)))
    }

    /// The file at `place`, if it has this id.
    ///
    /// # Errors
    /// As [`Finder::find`].
    pub fn is_at(&mut self, id: &[u8], place: &Path) -> Result<bool> {
        let room = self.room;
        let found = self.look(id, place, &mut Vec::new());
        // It is closed again.
        self.room = room;
        found.map(|found| found.is_some())
    }

    fn places(&self, id: &[u8], path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().map(Path::new);
        let packed = format!("{}{END}", hex(id));
        let mut places = vec![self.folder.join(OBJECTS).join(&packed)];
        for place in self.extra {
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
        places
    }

    fn look(&mut self, id: &[u8], place: &Path, others: &mut Vec<String>) -> Result<Option<File>> {
        (self.go_on)()?;
        let file = match file::open(place) {
            Ok(file) => file,
            Err(error) => {
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                    others.push(format!("{} ({error})", place.display()));
                }
                return Ok(None);
            }
        };
        let mut taken = 0;
        let file = match is_packed(&file) {
            true => unpack(file, place, self.room, self.go_on, &mut taken)?,
            false => file,
        };
        let found = file::id(&file);
        if found == id {
            self.room -= taken;
            return Ok(Some(file));
        }
        if !found.is_empty() {
            others.push(format!("{} (the build id {})", place.display(), hex(&found)));
        }
        Ok(None)
    }

    fn lacking(&self, id: &[u8], path: &Path, others: &[String]) -> Error {
        let mut searched = vec![self.folder.join(OBJECTS)];
        searched.extend(self.extra.iter().cloned());
        let searched: Vec<_> = searched.iter().map(|place| place.display().to_string()).collect();
        let others = match others {
            [] => String::new(),
            others => format!("; what is there is something else: {}", others.join(", ")),
        };
        Error::NotFound(format!(
            "the image needs {} as it was, with the build id {}: it is neither in {} nor where it was{others}. Bring the file \
             from where the image was made, or its {OBJECTS} folder",
            path.display(),
            hex(id),
            searched.join(", "),
        ))
    }
}

/// Whether a path only goes down.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests {
    use super::*;
    use crate::image::freeze;
    use crate::image::objects::store;
    use std::os::unix::fs::FileExt;

    fn find(folder: &Path, id: &[u8], path: &Path, extra: &[PathBuf]) -> Result<Arc<OwnedFd>> {
        Finder::new(folder, extra, 1 << 30, &|| Ok(())).find(id, path)
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
    }

    /// This program: a path, an id.
    fn ours() -> (PathBuf, Vec<u8>) {
        let path = std::env::current_exe().unwrap();
        let id = file::id(&File::open(&path).unwrap());
        (path, id)
    }

    fn same(found: &OwnedFd, path: &Path) -> bool {
        let (found, file) = (File::from(found.try_clone().unwrap()), File::open(path).unwrap());
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
            assert!(same(&found, &object.path), "{}", object.path.display());
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
    fn a_cut_one_is_gone_around_and_told_where_there_is_no_other() {
        let mapped = freeze::mapped().unwrap();
        let libc = mapped.iter().find(|one| one.path.to_string_lossy().contains("libc")).unwrap();
        let dir = folder();
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
            .create(dir.path().join(OBJECTS))
            .unwrap();
        let packed = zstd::encode_all(&std::fs::read(&libc.path).unwrap()[..], 1).unwrap();
        let place = dir.path().join(OBJECTS).join(hex(&libc.id) + END);
        std::fs::write(&place, &packed[..packed.len() / 2]).unwrap();
        let found = find(dir.path(), &libc.id, &libc.path, &[]).unwrap();
        assert!(same(&found, &libc.path), "where it was");
        let error = find(dir.path(), &libc.id, Path::new("/nowhere"), &[]).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_CORRUPT_SNAPSHOT", "{error}");
        // Who stores there next mends it.
        assert!(!super::super::is_stored(dir.path(), &hex(&libc.id)));
        store(dir.path(), Some(0), &|| true).unwrap();
        assert!(super::super::is_stored(dir.path(), &hex(&libc.id)));
        assert!(same(&find(dir.path(), &libc.id, Path::new("/nowhere"), &[]).unwrap(), &libc.path));
        let packed = std::fs::read(&place).unwrap();
        std::fs::rename(&place, dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &place).unwrap();
        assert!(!packed.is_empty() && !super::super::is_stored(dir.path(), &hex(&libc.id)), "a link");
    }

    #[test]
    fn equal_ones_are_unpacked_once_and_all_together_within_the_room() {
        let dir = folder();
        store(dir.path(), Some(0), &|| true).unwrap();
        let (path, id) = ours();
        let end = file::loaded(&File::open(&path).unwrap()).unwrap();
        let (nowhere, go_on) = (Path::new("/nowhere"), || Ok(()));
        let mut finder = Finder::new(dir.path(), &[], end + 100, &go_on);
        let first = finder.find(&id, nowhere).unwrap();
        let second = finder.find(&id, Path::new("/elsewhere")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(finder.room(), 100);
        let mapped = freeze::mapped().unwrap();
        let other = mapped.iter().find(|object| object.id != id).unwrap();
        let error = finder.find(&other.id, nowhere).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_MEMORY_BUDGET", "{error}");
    }

    #[test]
    fn of_a_bomb_no_more_than_its_elf_file_is_unpacked() {
        let (path, id) = ours();
        let dir = folder();
        std::fs::create_dir(dir.path().join(OBJECTS)).unwrap();
        let end = file::loaded(&File::open(&path).unwrap()).unwrap();
        let zeros = std::io::Read::take(std::io::repeat(0), 300 << 20);
        let mut bomb = std::io::Read::chain(File::open(&path).unwrap(), zeros);
        let place = dir.path().join(OBJECTS).join(hex(&id) + END);
        zstd::stream::copy_encode(&mut bomb, File::create(&place).unwrap(), 1).unwrap();
        let go_on = || Ok(());
        let mut finder = Finder::new(dir.path(), &[], end, &go_on);
        finder.find(&id, Path::new("/nowhere")).unwrap();
        // And nothing but its beginning of what is no ELF file.
        zstd::stream::copy_encode(
            std::io::Read::take(std::io::repeat(0), 300 << 20),
            File::create(&place).unwrap(),
            1,
        )
        .unwrap();
        let mut finder = Finder::new(dir.path(), &[], 2 << 20, &go_on);
        let found = finder.find(&id, Path::new("/nowhere")).unwrap();
        assert!(same(&found, &path), "this process itself");
    }

    #[test]
    fn it_can_be_stopped_between_pieces() {
        let dir = folder();
        store(dir.path(), Some(0), &|| true).unwrap();
        let (_, id) = ours();
        let asked = std::cell::Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            if asked.get() > 2 { Err(Error::Aborted("on purpose".into())) } else { Ok(()) }
        };
        let error =
            Finder::new(dir.path(), &[], 1 << 30, &stop).find(&id, Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.code(), "HEAPWARDEN_ABORTED");
    }

    #[test]
    fn the_sentence_names_every_place_and_what_was_in_the_way() {
        let dir = folder();
        let knot = dir.path().join("knot");
        std::os::unix::fs::symlink(&knot, &knot).unwrap();
        let extra = [dir.path().join("more"), knot.clone()];
        let words = find(dir.path(), &[7; 20], Path::new("/nowhere"), &extra).unwrap_err().to_string();
        assert!(extra.iter().all(|place| words.contains(place.to_str().unwrap())), "{words}");
        assert!(words.contains("os error 40"), "{words}");
    }
}

//! Opens what is to be analysed: a file, the newest snapshot of a folder, standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::file::info::Header;
use crate::file::reader::{self, Input, Reader, Stop};
use crate::file::store;

/// Where a snapshot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOrStdin {
    /// A file, or a folder that snapshots are kept in.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// An open snapshot, nothing of its JSON read yet.
pub struct Source {
    /// The file, for messages and results; `None`: standard input.
    pub path: Option<PathBuf>,
    /// Our metadata, when it is ours.
    pub header: Option<Header>,
    /// Bytes of JSON it will give, where that can be known.
    pub json_bytes: Option<u64>,
    /// Salvaging: what is wrong with the file, where that was found beforehand.
    pub damage: Option<Error>,
    /// The JSON.
    pub json: Box<dyn Read + Send>,
}

/// Opens; of a pipe it waits for the first bytes, until `stop`. `salvage`: a cut or damaged file gives what it has; it
/// is read once for that, as long as `go_on` says so.
///
/// # Errors
/// `NotFound`; `InvalidOption` for a device or a socket; `CorruptSnapshot` when it is no snapshot; `Aborted`.
pub fn open(place: &FileOrStdin, salvage: bool, stop: Stop, go_on: &dyn Fn() -> bool) -> Result<Source> {
    match place {
        FileOrStdin::Stdin => Ok(from(Input::stdin(stop)?.reader()?, None)),
        FileOrStdin::Path(path) => {
            let path = if path.is_dir() { newest(path, salvage)? } else { path.clone() };
            let reader =
                if salvage { reader::salvage(&path, stop, go_on) } else { reader::open_any(&path, stop) };
            Ok(from(reader?, Some(path)))
        }
    }
}

fn from(reader: Reader, path: Option<PathBuf>) -> Source {
    let reader = reader.for_parser();
    Source {
        path,
        header: reader.header().cloned(),
        json_bytes: reader.json_bytes(),
        damage: reader.damage().cloned(),
        json: Box::new(reader),
    }
}

/// One that was cut is passed over, unless that is what is looked for.
fn newest(dir: &Path, salvage: bool) -> Result<PathBuf> {
    let found = store::list(dir)?.into_iter().find(|info| info.complete || salvage);
    found.map(|info| info.path).ok_or_else(|| {
        let whole = if salvage { "" } else { "whole " };
        Error::NotFound(format!(
            "there is no {whole}snapshot of heapwarden's in the folder {}; give a file",
            dir.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::info::{Finish, Mode};
    use crate::file::sink::{Sink, SinkOptions};

    const JSON: &[u8] = br#"{"snapshot":{"meta":{},"node_count":3},"nodes":[],"strings":[]}"#;

    fn write(dir: &Path, at: f64) -> PathBuf {
        let options =
            SinkOptions { dir: Some(dir.to_owned()), min_free_disk: Some(0), ..SinkOptions::default() };
        let mut sink = Sink::create(&options, Header::new(at, Mode::Inline, "t")).unwrap();
        sink.write(JSON).unwrap();
        sink.seal(Finish::default()).unwrap().publish().unwrap().path
    }

    fn code(place: &Path) -> Option<&'static str> {
        open(&FileOrStdin::Path(place.to_owned()), false, Stop::default(), &|| true)
            .err()
            .map(|error| error.code())
    }

    #[test]
    fn a_folder_gives_its_newest_whole_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(code(dir.path()), Some("HEAPWARDEN_NOT_FOUND"));
        let old = write(dir.path(), 1_700_000_000_000.0);
        let new = write(dir.path(), 1_800_000_000_000.0);
        let place = FileOrStdin::Path(dir.path().to_owned());
        let mut source = open(&place, false, Stop::default(), &|| true).unwrap();
        assert_eq!(source.path.as_ref(), Some(&new));
        assert_eq!(source.json_bytes, Some(JSON.len() as u64));
        assert_eq!(source.header.as_ref().map(|header| header.at), Some(1_800_000_000_000.0));
        let mut json = Vec::new();
        source.json.read_to_end(&mut json).unwrap();
        assert_eq!(json, JSON);

        let bytes = std::fs::read(&new).unwrap();
        std::fs::write(&new, &bytes[..bytes.len() - 9]).unwrap();
        assert_eq!(open(&place, false, Stop::default(), &|| true).unwrap().path, Some(old));
        let cut = open(&place, true, Stop::default(), &|| true).unwrap();
        assert_eq!(cut.path, Some(new));
        assert!(cut.damage.is_some_and(|damage| damage.code() == "HEAPWARDEN_CORRUPT_SNAPSHOT"));
    }

    #[test]
    fn what_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(code(&dir.path().join("none")), Some("HEAPWARDEN_NOT_FOUND"));
        let text = dir.path().join("text");
        std::fs::write(&text, "hello").unwrap();
        assert_eq!(code(&text), Some("HEAPWARDEN_CORRUPT_SNAPSHOT"));
        #[cfg(unix)]
        assert_eq!(code(Path::new("/dev/null")), Some("HEAPWARDEN_INVALID_OPTION"));
    }
}

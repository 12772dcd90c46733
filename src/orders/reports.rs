//! A report of a heap that was written to a file for it, where no child could make one: inline, and on the portable path.

use super::client::Client;
use super::order::{Left, Report};
use crate::capture::options::CaptureOptions;
use crate::capture::permit::Demand;
use crate::capture::reading::{About, Heap};
use crate::clock;
use crate::error::{Error, Result};
use crate::file::info::{Finish, Mode, SnapshotInfo};

/// Reads the file and removes it. Where there is no memory to read it the file is what is left. On a thread of its own.
pub fn of_file(
    client: &Client,
    info: SnapshotInfo,
    options: &CaptureOptions,
    demand: &Demand,
) -> Result<Left> {
    let begin = clock::now();
    let reports = client.reports()?;
    let about = About { at: info.at, redacted: options.redact };
    let go_on = || !demand.is_given_up();
    let read = reports.begin().read(Heap::File { path: &info.path, go_on: &go_on }, &about);
    match read.and_then(|answer| reports.keep(&answer)) {
        Ok(json) => {
            let _ = std::fs::remove_file(&info.path);
            let duration_ms = info.duration_ms.map(|ms| ms + clock::now() - begin);
            let pause_ms = info.pause_ms.unwrap_or_default();
            let finish = Finish { pause_ms, duration_ms, attempts: 1 };
            let mode = info.mode.unwrap_or(Mode::Inline);
            Ok(Left::Report(Box::new(Report { json, mode, finish })))
        }
        Err(error @ (Error::MemoryBudget(_) | Error::AnalysisFailed(_))) => {
            Ok(Left::Instead(Box::new(info), error))
        }
        Err(error) => {
            let _ = std::fs::remove_file(&info.path);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::reading::{Reading, Reports};
    use crate::file::info::Header;
    use crate::file::sink::{Sink, SinkOptions};
    use crate::thread::LoopWaker;

    struct Deaf;

    impl LoopWaker for Deaf {
        fn wake(&self) {}
    }

    /// Says this of each heap.
    struct Says(Result<Vec<u8>>);

    impl Reports for Says {
        fn begin(&self) -> Box<dyn Reading> {
            Box::new(Self(self.0.clone()))
        }

        fn keep(&self, answer: &[u8]) -> Result<String> {
            Ok(String::from_utf8_lossy(answer).into_owned())
        }
    }

    impl Reading for Says {
        fn read(&self, heap: Heap<'_>, _: &About) -> Result<Vec<u8>> {
            let Heap::File { path, go_on } = heap else { panic!("a file was given") };
            assert!(path.exists() && go_on());
            self.0.clone()
        }
    }

    fn left(says: Result<Vec<u8>>) -> (Result<Left>, bool) {
        let dir = tempfile::tempdir().unwrap();
        let to = SinkOptions {
            dir: Some(dir.path().to_owned()),
            min_free_disk: Some(0),
            ..SinkOptions::default()
        };
        let mut sink = Sink::create(&to, Header::new(0.0, Mode::Portable, "x")).unwrap();
        sink.write(br#"{"snapshot":{"meta":{},"node_count":0},"nodes":[],"strings":[]}"#).unwrap();
        let info = sink.seal(Finish { pause_ms: 7.0, ..Finish::default() }).unwrap().publish().unwrap();
        let path = info.path.clone();
        let client = Client::attach(0, Box::new(Deaf));
        client.set_reports(Box::new(Says(says)));
        let left = of_file(&client, info, &CaptureOptions::default(), &Demand::default());
        client.environment.detach();
        (left, path.exists())
    }

    #[test]
    fn the_file_goes_when_it_was_read_and_is_what_is_left_when_it_could_not_be() {
        let (Ok(Left::Report(report)), false) = left(Ok(b"found".to_vec())) else { panic!("a report") };
        assert_eq!((report.json.as_str(), report.mode), ("found", Mode::Portable));
        assert_eq!(report.finish.pause_ms, 7.0);
        for error in [Error::MemoryBudget("too much".into()), Error::AnalysisFailed("a defect".into())] {
            let (Ok(Left::Instead(_, why)), true) = left(Err(error.clone())) else { panic!("{error}") };
            assert_eq!(why, error);
        }
        let (given_up, is_there) = left(Err(Error::Aborted("enough".into())));
        assert_eq!((given_up.unwrap_err().code(), is_there), ("HEAPWARDEN_ABORTED", false));
    }
}

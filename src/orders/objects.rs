//! The executable and the libraries of this process are kept beside its images, so that a folder is all that has to travel: after
//! an image, and once in advance where the process may leave one when it dies. On threads that come after everybody else's.

use std::path::{Path, PathBuf};
use std::sync::Weak;

use crate::capture::images;
use crate::capture::options::CaptureOptions;
use crate::capture::spare;
use crate::image::objects;

/// The nice value of such a thread.
const NICE: i32 = 19;

/// `image`, with these options, has got its name: keeps what it needs, on this thread, which ends then, or is the spare one and not
/// called. Where that cannot be, it is thawed where those files are. An exact file is the caller's, and nobody would ever remove what is beside it.
pub fn keep_beside(image: &Path, options: &CaptureOptions) {
    let Some(folder) = image.parent().filter(|_| options.path.is_none()) else { return };
    let goes_on = spare::is_here();
    // Not every process may take that back.
    if !goes_on {
        let _ = rustix::process::setpriority_process(None, NICE);
    }
    let _ = objects::store(folder, options.min_free_disk, &|| !(goes_on && spare::is_called()));
}

/// The same for images to come in `folder`, on a thread of its own, as long as `watch` is there.
pub fn in_advance<W: Send + Sync + 'static>(folder: PathBuf, options: CaptureOptions, watch: Weak<W>) {
    if images::allowed(&options).is_err() || options.path.is_some() {
        return;
    }
    let work = move || {
        let _ = rustix::process::setpriority_process(None, NICE);
        let _ = objects::store(&folder, options.min_free_disk, &|| watch.strong_count() > 0);
    };
    // Without a thread there is no room for this.
    let _ = std::thread::Builder::new().name("heapwarden-keep".into()).stack_size(512 << 10).spawn(work);
}

//! Where the image's `[heap]` may grow. Its libc asks the kernel for more behind what it has, and believes the answer; the
//! kernel would give more of this program's.

use crate::check::Region;
use crate::load::{Entry, map_behind};
use crate::system;
use crate::words::Failure;

const PR_SET_MM: u64 = 35;
const PR_SET_MM_MAP: u64 = 14;

/// The kernel's `prctl_mm_map`.
#[repr(C)]
struct Map {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_break: u64,
    end_break: u64,
    start_stack: u64,
    argument_begin: u64,
    argument_end: u64,
    environment_begin: u64,
    environment_end: u64,
    auxiliary: u64,
    auxiliary_size: u32,
    executable: u32,
}

/// Tells the kernel; where it does not listen, maps the room.
pub fn give(entry: &Entry) -> Result<(), Failure> {
    let Some(heap) = &entry.heap else { return Ok(()) };
    if tell(heap) { Ok(()) } else { map_behind(heap) }
}

fn tell(heap: &Region) -> bool {
    // All but the heap only shows in /proc: addresses that cannot be wrong.
    let map = Map {
        start_code: heap.begin,
        end_code: heap.end,
        start_data: heap.begin,
        end_data: heap.begin,
        start_break: heap.begin,
        end_break: heap.end,
        start_stack: heap.begin,
        argument_begin: heap.begin,
        argument_end: heap.begin,
        environment_begin: heap.begin,
        environment_end: heap.begin,
        auxiliary: 0,
        auxiliary_size: 0,
        executable: u32::MAX,
    };
    let arguments = [PR_SET_MM, PR_SET_MM_MAP, &raw const map as u64, size_of::<Map>() as u64, 0, 0];
    // SAFETY: reads `map`, whose size it is given; the loader itself has no heap.
    unsafe { system::call(system::PRCTL, arguments) == 0 }
}

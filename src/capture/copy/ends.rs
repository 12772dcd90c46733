//! `abort` of a copy: whatever cannot go on in it (libuv in the middle of starting a process, whose descriptors are gone) has come
//! as far as it could, and the copy does its work there.

use super::slots::Replacement;
use crate::v8::thawed;

unsafe extern "C" fn abort() -> ! {
    if !thawed::is_collecting() {
        // It does not come back, unless this is already in the middle of its work.
        thawed::work();
    }
    // SAFETY: ends the copy with a fault, as the function of this name does where no signal may be sent; that one's slot in this
    // object leads here.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("hlt", options(noreturn))
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::process::exit(libc::EXIT_FAILURE)
}

pub(super) fn replacements() -> [Replacement; 1] {
    [(c"abort", abort as *const () as usize)]
}

//! What all of it needs.

/// Bytes to a page.
pub(super) const PAGE: usize = crate::image::format::PAGE as usize;

/// Bytes of memory that are read at once where they cannot be packed where they lie.
pub(super) const STAGE: usize = 256 << 10;

/// What some systems do not have, taken away for the tests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seams {
    /// No `/proc/self/mem`.
    pub no_mem: bool,
    /// No `process_vm_readv`.
    pub no_process_read: bool,
    /// No `/proc/self/pagemap`.
    pub no_pagemap: bool,
    /// `pagemap` gives two entries at once.
    pub short_pagemap: bool,
    /// `pagemap` can be opened, and not read.
    pub failing_pagemap: bool,
    /// `pagemap` says of no page that it is there.
    pub lying_pagemap: bool,
    /// Something is swapped out.
    pub swaps: bool,
}

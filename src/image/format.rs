//! The bytes of a heap image, as they are before they are packed: what a process's memory was, in the order of its addresses.
//! docs/images.md shows it. `core` only: the loader, which has no standard library, reads this very file.
//!
//! A stream is one [`Start`], then records, each a [`Record`] and `payload` bytes: for every mapping, ascending and without
//! overlap, a [`REGION`] (before the first one of a file, that file as an [`OBJECT`]) and then its [`RUN`]s, ascending; at
//! last one [`END`]. Integers are little-endian; addresses and lengths are multiples of [`PAGE`].

/// The first bytes of every stream.
pub const MAGIC: [u8; 8] = *b"hwimage1";
/// Layout written by this version.
pub const VERSION: u32 = 1;
/// Bytes to a page: x86-64 knows no smaller one, and larger ones are multiples.
pub const PAGE: u64 = 4096;
/// Addresses from here on are the kernel's.
pub const TOP: u64 = 0x7fff_ffff_f000;
/// Where the loader is linked: V8's random pages lie below 0x4000_0000_0000, executables and libraries at 0x55… and 0x7f….
pub const LOADER: u64 = 0x6000_0000_0000;
/// Bytes from there on that no region may touch.
pub const LOADER_ROOM: u64 = 1 << 32;

/// Where the process stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Start {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`VERSION`].
    pub version: u32,
    /// One of the `MOMENT_` constants.
    pub moment: u32,
    /// Where it goes on, with `stack` as the stack pointer: the code there takes all other registers from that stack.
    pub resume: u64,
    /// Stack pointer at that moment.
    pub stack: u64,
    /// Base of FS: the thread's control block.
    pub fs: u64,
    /// Base of GS.
    pub gs: u64,
    /// Process that was frozen (not a child that wrote it).
    pub pid: u32,
    /// Its thread, as the kernel numbers it.
    pub tid: u32,
    /// What the CPU can do: [`cpu_features`]' words.
    pub cpu: [u64; 4],
}

/// By a forked child.
pub const MOMENT_FORK: u32 = 1;
/// In the process, outside collections.
pub const MOMENT_IN_PLACE: u32 = 2;
/// In V8's callback near the heap limit, inside a collection.
pub const MOMENT_LIMIT: u32 = 3;
/// In a signal handler.
pub const MOMENT_SIGNAL: u32 = 4;

/// Begins each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// [`REGION`], [`OBJECT`], [`RUN`] or [`END`].
    pub tag: u32,
    /// Bytes that follow this record: of an object its [`Object`], id and path; of a run its pages are *not* counted here (0).
    pub payload: u32,
    /// Region: first address. Run: first address. End: number of regions.
    pub a: u64,
    /// Region: address behind its last byte. Run: bytes of pages that follow. End: bytes of pages in all runs together.
    pub b: u64,
    /// Region: offset in its object, or for [`KIND_BREAK`] the bytes behind it that are free for the heap to grow. Else 0.
    pub c: u64,
    /// Region: its protection as `PROT_` bits. Else 0.
    pub protection: u32,
    /// Region: one of the `KIND_` constants. Else 0.
    pub kind: u32,
    /// Region of kind [`KIND_OBJECT`]: number of its object, which came before it (the first is 0). Else 0.
    pub object: u32,
    /// 0.
    pub reserved: u32,
}

/// A file that is mapped; its regions come later.
pub const OBJECT: u32 = 1;
/// A mapping.
pub const REGION: u32 = 2;
/// Pages of the last region.
pub const RUN: u32 = 3;
/// The last record. A stream without it was cut.
pub const END: u32 = 4;

/// Memory of its own; what no run gives is zeros.
pub const KIND_MEMORY: u32 = 0;
/// Private mapping of an object; runs are the pages that are no longer the file's.
pub const KIND_OBJECT: u32 = 1;
/// `[heap]`: as [`KIND_MEMORY`], with room behind it.
pub const KIND_BREAK: u32 = 2;
/// `[vvar]` and the like: the kernel's own data; zeros make the old vDSO fall back to system calls.
pub const KIND_EMPTY: u32 = 3;
/// `[stack]`: as [`KIND_MEMORY`], with as much room before it as the region before leaves, [`STACK_ROOM`] at most: a thread
/// goes deeper than it has been.
pub const KIND_STACK: u32 = 4;
/// Bytes a stack may grow in a copy, if they are free: Linux' usual limit.
pub const STACK_ROOM: u64 = 8 << 20;

/// Payload of an [`OBJECT`]; then `id` bytes of build id, then `path` bytes of path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Object {
    /// Bytes of build id (ELF's `NT_GNU_BUILD_ID`), 1 to 64. A file without one is no object: its pages are in the image.
    pub id: u32,
    /// Bytes of path, at most 4,096.
    pub path: u32,
}

/// Longest build id, in bytes.
pub const ID: usize = 64;
/// Longest path, in bytes.
pub const PATH: usize = 4096;
/// Most objects of one image.
pub const OBJECTS: usize = 1024;

/// Exit statuses of a thawed copy, and of the loader before it.
pub mod status {
    /// It has done its work; what it wrote to descriptor 1 is whole.
    pub const DONE: i32 = 0;
    /// The loader could not load the image: its stderr says why, as `CODE value` (see the loader's own list).
    pub const NOT_LOADED: i32 = 70;
    /// The copy could not do its work: its stderr says why.
    pub const FAILED: i32 = 71;
}

//! What a child tells its service: how it ended by its exit status, the rest in lines on its stderr, a pipe of ours.

/// The exit status that means: the file is finished.
pub const DONE: i32 = 0;
/// The exit status that means: stderr says why not.
pub const FAILED: i32 = 1;
/// It hung.
pub const HUNG: i32 = 3;
/// It was told to end.
pub const UNWANTED: i32 = 4;
/// Its time was over.
pub const LATE: i32 = 5;
/// Too little memory was left.
pub const STARVING: i32 = 6;
/// It was forked while V8 was at what it had to look at.
pub const AMID: i32 = 7;
/// Marks our own last words on stderr, before the code.
pub const MARK: &str = "heapwarden-error ";
/// Marks the name that the child has given its file, where the service may not do that any more.
pub const PUBLISHED: &str = "heapwarden-published ";

//! Who may capture, and how: a call from JavaScript, a rule or the heap limit orders, and it is carried out by fork, inline or
//! by JavaScript itself.
//!
//! ```text
//!  actions (a rule)   ─┐
//!  JavaScript's call  ─┼─► dispatch ──► queue: what is next? ──► ladder   ──► job, on JavaScript's thread: fork, freeze
//!  heap_limit, a signal┘      ▲                             └──► inline   ──► V8, or portable: node:v8
//!                             └──── how it ended ◄─────────────────┘                 └──► an Event to each who waited
//! ```
//!
//! From the bottom: a file sees what stands above it here.
//!
//! | file | what it does |
//! |---|---|
//! | [`order`] | an order, who waits for it, and what is kept of it while it runs; pure |
//! | [`queue`] | one at a time in a process, and who orders the same shares it: says what is next; pure |
//! | [`ramp`] | what the watch over a heap limit knows: what is wanted, how far its dump is; pure |
//! | `paused` | how long JavaScript stood still for attempts that came to nothing |
//! | `container` | whether a child would die with this process |
//! | `snapshot_file` | where an order's file goes and what it says of itself |
//! | `folder_turn` | waiting for the other processes that capture in the same folder |
//! | `stop` | why an attempt has left no file, and what that says of the next one |
//! | `answers` | what who waited is told |
//! | `reports` | a report of a heap that was written to a file for it |
//! | `publishing` | a finished file gets its name |
//! | `job` | what JavaScript's thread does for a capture by fork, or to be frozen in place |
//! | [`client`] | an environment as this room sees it: whose heap is captured, which jobs wait for its thread |
//! | `running` | the queue of this process, and what is noted of a capture that runs |
//! | `standstill` | whether an order that cannot be forked may stop JavaScript instead |
//! | [`portable`] | the snapshot that JavaScript takes and feeds |
//! | `inline` | a capture on the thread whose heap it is |
//! | [`objects`] | what images need beside them, kept by and by |
//! | `at_thread` | waits for JavaScript's thread to do a job |
//! | `by_signal` | an image of a process whose JavaScript sits in native code |
//! | `tries` | what an order's attempts have come to so far |
//! | `plan` | what a child is to leave, and what it has for that |
//! | `by_fork` | a capture by fork, conducted on a thread of its own |
//! | `in_place` | an image in place, conducted likewise |
//! | `standing` | how long JavaScript may stand still for one |
//! | `ladder` | conducts an order: what is tried, and what then |
//! | [`dispatch`] | takes orders, has the next one carried out, tells who waited |
//! | [`synchronous`] | a snapshot while its caller stands still for it |
//! | `limit_image` | the image of a process at its heap limit |
//! | [`heap_limit`] | near the heap limit: more room, and a snapshot that outlives the crash |
//! | [`on_signal`] | an image while a signal is held back |
//! | [`actions`] | what a rule may set off; a new action of a rule is carried out there |
//! | `errand` | when JavaScript's thread carries out all this |
//!
//! Architecture invariants: no JavaScript thread waits for a capture that needs it. Whoever carries out an order returns how it
//! ended, or calls what it was given for that, and calls nobody above it: no two files see each other. Nobody calls V8 or waits
//! while the queue's lock is held. Inside a collection the watch over the limit is locked only by trying, as the thread may
//! hold it itself; the queue's lock is held for moments. The snapshot that a dying process takes inside V8's call is the
//! exception to all of this (`heap_limit::in_place`), and so is the image that it leaves there (`limit_image`). No thread asks an isolate for an interrupt while its thread forks. The pure files open nothing, start
//! nothing and read no clock (`tests/walls.rs` sees that, and circles).
//!
//! `queue`'s own tests tell whether orders are shared, given up and put back as they should be; those in `__test__/orders`,
//! `__test__/capture/fork` and `__test__/monitor/blocked.test.js` whether all of it holds in a process.

pub mod actions;
mod answers;
#[cfg(target_os = "linux")]
mod at_thread;
#[cfg(target_os = "linux")]
mod by_fork;
#[cfg(target_os = "linux")]
mod by_signal;
pub mod client;
mod container;
pub mod dispatch;
mod errand;
mod folder_turn;
pub mod heap_limit;
#[cfg(target_os = "linux")]
mod in_place;
mod inline;
#[cfg(target_os = "linux")]
mod job;
#[cfg(target_os = "linux")]
mod ladder;
#[cfg(target_os = "linux")]
mod limit_image;
#[cfg(target_os = "linux")]
pub mod objects;
#[cfg(target_os = "linux")]
pub mod on_signal;
pub mod order;
mod paused;
#[cfg(target_os = "linux")]
mod plan;
pub mod portable;
#[cfg(target_os = "linux")]
mod publishing;
pub mod queue;
pub mod ramp;
mod reports;
mod running;
mod snapshot_file;
#[cfg(target_os = "linux")]
mod standing;
mod standstill;
#[cfg(target_os = "linux")]
mod stop;
pub mod synchronous;
#[cfg(target_os = "linux")]
mod tries;

#[cfg(target_os = "linux")]
pub use by_signal::interrupt_for_test;
pub use client::Client;
pub use order::Origin;

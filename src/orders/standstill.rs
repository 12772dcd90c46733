//! Whether an order that cannot be forked may stop JavaScript instead.

use super::client::Order;
use super::order::Origin;
use super::running;
use crate::capture::options::WantedMode;
use crate::error::{Error, Result};
use crate::units::print_bytes;

/// Why there is no fork on the portable path.
pub fn no_fork() -> Error {
    Error::Unsupported("a snapshot by fork needs V8's own interface, which is not reached here".into())
}

/// Bytes of heap up to which a rule's snapshot is taken inline where forking is not possible at all: JavaScript stands
/// still for a third of a second to three seconds, by the number of objects.
const RULES_INLINE: u64 = 32 << 20;
/// The same for a caller's that could not be forked, for whatever reason: most of a minute, at 8 to 10 s for 100 MB of
/// small objects.
const CALLERS_INLINE: u64 = 512 << 20;

/// Whether an order in mode `auto` that cannot be forked, for the reason `why`, may stop JavaScript instead.
///
/// # Errors
/// `why`, and that it may not.
pub fn allow(order: &Order, heap_used: u64, why: &Error) -> Result<()> {
    if order.options.mode != WantedMode::Auto {
        return Ok(());
    }
    let impossible = matches!(why, Error::Unsupported(_));
    let (most, whose) = match order.origin {
        // The process is about to end, and nothing is kept waiting that would not be lost.
        Origin::Limit => return Ok(()),
        Origin::Rule if impossible => (RULES_INLINE, "a rule"),
        Origin::Rule | Origin::Signal => (0, "a rule"),
        Origin::Caller => (CALLERS_INLINE, "a caller"),
    };
    if heap_used <= most {
        return Ok(());
    }
    let most = if most == 0 { String::new() } else { format!(" above {} of heap", print_bytes(most)) };
    let message = format!(
        "{why}; inline the snapshot would stop JavaScript while V8 goes through {} of heap, which mode 'auto' does not do \
         for {whose}{most}: mode 'inline' does",
        print_bytes(heap_used)
    );
    Err(Error::from_code(why.code(), message))
}

/// Nobody asked for a rule's snapshot at this moment: whoever sees the service stand still should learn why.
pub fn explain(order: &Order, why: &Error) {
    if order.origin == Origin::Rule {
        let message =
            format!("a snapshot that a rule ordered is taken inline, which stops JavaScript: {why}");
        running::warn(order.id, &Error::from_code(why.code(), message));
    }
}

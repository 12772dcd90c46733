//! What a child is to leave, and what it has for that.

use std::time::Instant;

use super::client::Order;
use super::order::Origin;
use super::snapshot_file;
use crate::capture::budget::{self, image};
use crate::capture::fork::child_memory::ChildLimits;
use crate::file::info::{Form, Header, Mode};
use crate::probe::cgroup::Cgroup;
use crate::v8::StableIds;

/// Bytes that a child may allocate which freezes itself.
const IMAGE_MAY_ALLOCATE: u64 = 64 << 20;

/// What a child is to leave, and what it has for that.
pub struct Plan<'a> {
    /// The file's.
    pub form: Form,
    /// It makes a report, and leaves no file.
    pub report: bool,
    /// Of an image: why it is no snapshot.
    pub reason: Option<&'a str>,
    /// Bytes it may allocate.
    pub memory: Option<u64>,
    /// What it has to keep to.
    pub limits: ChildLimits,
    /// When it must be done.
    pub deadline: Instant,
    /// It is ended as soon as it is seen that it will be late: there is something else to be had.
    pub hurried: bool,
    /// It does not stand back for its service.
    pub urgent: bool,
}

impl Plan<'_> {
    /// What stands in front of its file. `began`: a time of [`crate::clock::now`].
    pub fn header(&self, order: &Order, began: f64) -> Header {
        let environment = &order.owner.environment;
        match self.form {
            Form::Snapshot => snapshot_file::header(environment, &order.options, Mode::Fork, began),
            Form::Image => {
                let ids = order.options.stable_ids != StableIds::No;
                snapshot_file::image_header(environment, &order.options, Mode::Fork, began, ids, self.reason)
            }
        }
    }
}

/// A snapshot, or a report. `memory`: bytes it may allocate.
pub fn of_snapshot(order: &Order, memory: Option<u64>, deadline: Instant, hurried: bool) -> Plan<'static> {
    let limits =
        ChildLimits { what: "a snapshot", memory: order.options.memory_budget, reserve: budget::RESERVE };
    let report = order.options.report;
    Plan { form: Form::Snapshot, report, reason: None, memory, limits, deadline, hurried, urgent: false }
}

/// An image. `reason`: why it is no snapshot. `hurry`: there is little room left.
pub fn of_image<'a>(order: &Order, reason: Option<&'a str>, hurry: bool) -> Plan<'a> {
    Plan {
        form: Form::Image,
        report: false,
        reason,
        memory: Some(IMAGE_MAY_ALLOCATE),
        limits: ChildLimits {
            what: "an image",
            memory: None,
            reserve: image::reserve(Cgroup::detect().as_ref()),
        },
        deadline: order.deadline,
        hurried: false,
        // A signal is held back for it, or the container is about to be full.
        urgent: hurry || order.origin == Origin::Signal || order.options.hurried,
    }
}

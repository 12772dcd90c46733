//! The kernel's side of a sample, each figure as often as it may cost.
//!
//! What `src/probe/process.rs` reads of the process is carried over by name: a new figure needs no line here.

use crate::clock;
use crate::probe::cgroup::{Cgroup, GroupMemory};
use crate::probe::{allocator, pressure, process};
use crate::watch::{self, Filling, Sample};

/// glibc's own figures lock its arenas while they are counted: at most this share of the time.
const ALLOCATOR_SHARE: f64 = 1.0 / 2_000.0;
/// And this of looks at the container between samples, whose files take longer on machines with many processors.
const LOOKS_SHARE: f64 = 1.0 / 200.0;
/// And never more often than this, ms.
const ALLOCATOR_EVERY: f64 = 10_000.0;
/// Pressure is a ten-second average, ms.
const PRESSURE_EVERY: f64 = 2_000.0;
/// How often a group that was not found is looked for again, ms: what was missing may have been a descriptor.
const GROUP_EVERY: f64 = 10_000.0;

/// What is resolved once, and what is read more rarely than a sample is taken.
#[derive(Default)]
pub struct Probes {
    cgroup: Option<Cgroup>,
    cgroup_next: f64,
    filling: Filling,
    look_costs: f64,
    arenas: Option<(allocator::Arenas, f64)>,
    arenas_next: f64,
    pressure: Option<watch::Pressure>,
    pressure_next: f64,
}

impl Probes {
    /// Finds the container's memory group, if there is one.
    pub fn detect() -> Self {
        Self { cgroup: Cgroup::detect(), cgroup_next: clock::now() + GROUP_EVERY, ..Self::default() }
    }

    /// A sample with the kernel's figures, V8's still missing. What cannot be read (no /proc, no descriptor left)
    /// is unknown, and asked for again next time: nothing here is given up for good. `thorough`: also what may take
    /// a lock of the allocator's, so never on a JavaScript thread.
    pub fn read(&mut self, thorough: bool) -> Sample {
        let now = clock::now();
        if self.cgroup.is_none() && now >= self.cgroup_next {
            self.cgroup_next = now + GROUP_EVERY;
            self.cgroup = Cgroup::detect();
        }
        let process = process::process();
        let group = self.group(now);
        if thorough {
            self.refresh(now, group.as_ref());
        }
        let mut sample = Sample {
            at: clock::wall(),
            allocator: self.arenas.as_ref().map(|(arenas, at)| watch::Allocator {
                in_use: arenas.in_use,
                free: arenas.free,
                mmapped: arenas.mmapped,
                age: now - at,
            }),
            cgroup: group.map(|figures| watch::Cgroup {
                used: figures.used,
                limit: figures.limit,
                ratio: figures.ratio(),
                oom_kills: figures.events.oom_kill,
                full_in: self.filling.full_in(),
            }),
            pressure: self.pressure.clone(),
            ..Sample::default()
        };
        for (name, figure) in process.iter().flat_map(process::Process::figures) {
            // That each of them has a field is tested below.
            sample.set_kernel(name, figure);
        }
        sample
    }

    /// Looks at the container alone: in how many ms it is full.
    pub fn look(&mut self) -> Option<f64> {
        let begin = clock::now();
        self.group(begin);
        self.look_costs = clock::now() - begin;
        self.filling.full_in()
    }

    /// After how many ms the container is to be looked at again, whenever a sample is due.
    pub fn pace(&self) -> Option<f64> {
        self.filling.pace().map(|pace| pace.max(self.look_costs / LOOKS_SHARE))
    }

    fn group(&mut self, now: f64) -> Option<GroupMemory> {
        let group = self.cgroup.as_ref().and_then(Cgroup::read);
        let figures = group.as_ref();
        self.filling.look(now, figures.map(|group| group.used), figures.and_then(|group| group.limit));
        group
    }

    fn refresh(&mut self, now: f64, group: Option<&GroupMemory>) {
        if now >= self.arenas_next {
            let begin = clock::now();
            self.arenas = allocator::arenas().map(|arenas| (arenas, now));
            let cost = clock::now() - begin;
            self.arenas_next = now + (cost / ALLOCATOR_SHARE).max(ALLOCATOR_EVERY);
        }
        if now >= self.pressure_next {
            self.pressure_next = now + PRESSURE_EVERY;
            self.pressure = pressure::pressure(group.and_then(|group| group.pressure))
                .map(|p| watch::Pressure { some10: p.some10, full10: p.full10 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_of_the_kernels_has_a_field_and_each_such_field_a_figure() {
        let mut given: Vec<_> = process::Process::default().figures().map(|(name, _)| name).collect();
        let mut sample = Sample::default();
        for name in &given {
            assert!(
                sample.set_kernel(name, Some(1)),
                "src/probe gives {name}; kernel_figures! of src/watch/sample.rs has no field of that name"
            );
        }
        let mut declared = Sample::KERNEL.to_vec();
        given.sort_unstable();
        declared.sort_unstable();
        assert_eq!(
            given, declared,
            "what figures() in src/probe/process.rs gives, and what samples have a field for"
        );
    }
}

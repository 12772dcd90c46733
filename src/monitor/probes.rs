//! The kernel's side of a sample, each figure as often as it may cost.

use crate::clock;
use crate::probe::cgroup::{Cgroup, GroupMemory};
use crate::probe::{allocator, pressure, process};
use crate::watch::{self, Sample};

/// glibc's own figures lock its arenas while they are counted: at most this share of the time.
const ALLOCATOR_SHARE: f64 = 1.0 / 2_000.0;
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
        let group = self.cgroup.as_ref().and_then(Cgroup::read);
        if thorough {
            self.refresh(now, group.as_ref());
        }
        Sample {
            at: clock::wall(),
            rss: process.map(|process| process.rss),
            anonymous: process.and_then(|process| process.anonymous),
            file: process.and_then(|process| process.file),
            swap: process.and_then(|process| process.swap),
            major_faults: process.and_then(|process| process.major_faults),
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
            }),
            pressure: self.pressure.clone(),
            ..Sample::default()
        }
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

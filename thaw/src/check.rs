//! Whether what a stream says may be carried out. Pure: the loader asks it before each step, and the room's tests feed it
//! whatever can be made of an image. It is the last one to ask: what it lets through is done.

use super::format::{
    END, KIND_BREAK, KIND_EMPTY, KIND_MEMORY, KIND_OBJECT, KIND_STACK, LOADER, LOADER_ROOM, MAGIC,
    MOMENT_FORK, MOMENT_SIGNAL, PAGE, REGION, RUN, Record, STACK_ROOM, Start, TOP, VERSION,
};

/// Lowest address: the kernel gives none below to a program without special rights.
pub const BOTTOM: u64 = 64 << 10;
/// Most regions: the kernel's own default (`vm.max_map_count`) is 65,530.
pub const REGIONS: u64 = 1 << 18;
/// Bytes that stay free before a stack's room, as the kernel keeps them.
pub const STACK_GUARD: u64 = 1 << 20;
/// Most writable bytes in which nothing stands: stacks, pools, and Buffers that nobody has written to. They are in no limit of
/// memory the kernel keeps, until they are written to. What V8 reserves is not writable.
pub const IDLE: u64 = 256 << 30;
/// Most bytes that are mapped behind a `[heap]`.
pub const BREAK_ROOM: u64 = 1 << 30;

const WRITE: u32 = 2;
const EXECUTE: u32 = 4;

/// What is wrong, in one word, and the value that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// In one word.
    pub code: &'static str,
    /// The value.
    pub value: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Map it; the one before is done.
    Region(Region),
    /// Fill so many bytes of it from there on; they follow.
    Run {
        /// First address.
        at: u64,
        /// Bytes.
        bytes: u64,
    },
    /// That was all.
    End,
}

/// A mapping that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub begin: u64,
    /// Address behind its last byte.
    pub end: u64,
    /// `PROT_` bits.
    pub protection: u32,
    /// One of the `KIND_` constants.
    pub kind: u32,
    /// Number of its object, for [`KIND_OBJECT`].
    pub object: u32,
    /// Offset in it.
    pub offset: u64,
    /// Bytes before it that are mapped too: a stack's.
    pub before: u64,
    /// Bytes behind it that nothing else will take: a heap's.
    pub behind: u64,
}

/// What has come so far.
pub struct Checker {
    objects: u32,
    resume: u64,
    stack: u64,
    regions: u64,
    bytes: u64,
    idle: u64,
    /// Behind the last region and its room.
    end: u64,
    region: Option<Region>,
    /// Behind the last run.
    filled: u64,
    may_resume: bool,
    may_stand: bool,
    ended: bool,
}

impl Checker {
    /// For an image that begins so and may use the first `objects` files.
    pub fn new(start: &Start, objects: u32) -> Result<Self, Wrong> {
        let wrong = |code, value| Err(Wrong { code, value });
        if start.magic != MAGIC {
            return wrong("magic", u64::from_le_bytes(start.magic));
        }
        if start.version != VERSION {
            return wrong("version", start.version.into());
        }
        if !(MOMENT_FORK..=MOMENT_SIGNAL).contains(&start.moment) {
            return wrong("moment", start.moment.into());
        }
        for base in [start.fs, start.gs] {
            if base >= TOP {
                return wrong("base", base);
            }
        }
        Ok(Self {
            objects,
            resume: start.resume,
            stack: start.stack,
            regions: 0,
            bytes: 0,
            idle: 0,
            end: BOTTOM,
            region: None,
            filled: 0,
            may_resume: false,
            may_stand: false,
            ended: false,
        })
    }

    /// Writable bytes that nothing stands in yet: the kernel counts them as used.
    pub fn idle(&self) -> u64 {
        self.idle
    }

    /// The next record. After a refusal there is nothing to go on with.
    pub fn next(&mut self, record: &Record) -> Result<Step, Wrong> {
        if self.ended {
            return Err(Wrong { code: "tag", value: record.tag.into() });
        }
        if record.payload != 0 || record.reserved != 0 {
            return Err(Wrong { code: "reserved", value: record.payload.max(record.reserved).into() });
        }
        match record.tag {
            REGION => self.region(record).map(Step::Region),
            RUN => self.run(record),
            END => self.end(record),
            other => Err(Wrong { code: "tag", value: other.into() }),
        }
    }

    fn region(&mut self, record: &Record) -> Result<Region, Wrong> {
        let Record { a: begin, b: end, c, protection, kind, object, .. } = *record;
        let wrong = |code, value| Err(Wrong { code, value });
        if begin % PAGE != 0 || end % PAGE != 0 || c % PAGE != 0 {
            return wrong("align", begin);
        }
        if begin >= end || end > TOP || begin < BOTTOM {
            return wrong("bounds", begin);
        }
        if begin < self.end {
            return wrong("order", begin);
        }
        if protection > 7 {
            return wrong("protection", protection.into());
        }
        if self.regions >= REGIONS {
            return wrong("regions", self.regions);
        }
        let fits = match kind {
            KIND_MEMORY | KIND_EMPTY | KIND_STACK => object == 0 && c == 0,
            KIND_BREAK => object == 0,
            KIND_OBJECT => {
                object < self.objects && c.checked_add(end - begin).is_some_and(|end| end < 1 << 62)
            }
            _ => return wrong("kind", kind.into()),
        };
        if !fits {
            return wrong("object", if object == 0 { c } else { object.into() });
        }
        let holds = |address: u64| begin <= address && address < end;
        let behind = if kind == KIND_BREAK { c } else { 0 };
        let Some(taken) = end.checked_add(behind).filter(|taken| *taken <= TOP) else {
            return wrong("bounds", behind);
        };
        // A stack that has moved since (a signal's own) is in some region of memory: that one may grow too.
        let stands = kind == KIND_STACK || (kind == KIND_MEMORY && holds(self.stack));
        let mut before = 0;
        if stands {
            let mut lowest = self.end;
            if begin >= LOADER + LOADER_ROOM {
                lowest = lowest.max(LOADER + LOADER_ROOM);
            }
            before = begin.saturating_sub(lowest).saturating_sub(STACK_GUARD).min(STACK_ROOM);
        }
        if begin - before < LOADER + LOADER_ROOM && taken > LOADER {
            return wrong("loader", begin);
        }
        self.may_resume |= holds(self.resume) && protection & EXECUTE != 0;
        // A stack pointer may stand right behind the last byte of nothing, but not where nothing can be pushed or popped.
        self.may_stand |= holds(self.stack) && protection & WRITE != 0;
        let region = Region {
            begin,
            end,
            protection,
            kind,
            object,
            offset: if behind > 0 { 0 } else { c },
            before,
            behind,
        };
        if protection & WRITE != 0 {
            self.idle += end - begin + before;
        }
        self.regions += 1;
        self.end = taken;
        self.filled = begin;
        self.region = Some(region);
        Ok(region)
    }

    fn run(&mut self, record: &Record) -> Result<Step, Wrong> {
        let Record { a: at, b: bytes, .. } = *record;
        let wrong = |code, value| Err(Wrong { code, value });
        let Some(region) = self.region.filter(|region| region.kind != KIND_EMPTY) else {
            return wrong("run", at);
        };
        if record.c != 0 || record.protection != 0 || record.kind != 0 || record.object != 0 {
            return wrong("reserved", record.c);
        }
        if at % PAGE != 0 || bytes % PAGE != 0 || bytes == 0 {
            return wrong("align", at);
        }
        match at.checked_add(bytes) {
            Some(end) if at >= self.filled && end <= region.end => self.filled = end,
            _ => return wrong("run", at),
        }
        // Runs do not overlap, so they are no more than there are addresses.
        self.bytes += bytes;
        if region.protection & WRITE != 0 {
            self.idle -= bytes;
        }
        Ok(Step::Run { at, bytes })
    }

    fn end(&mut self, record: &Record) -> Result<Step, Wrong> {
        let wrong = |code, value| Err(Wrong { code, value });
        if record.c != 0 || record.protection != 0 || record.kind != 0 || record.object != 0 {
            return wrong("reserved", record.c);
        }
        if record.a != self.regions {
            return wrong("regions", record.a);
        }
        if record.b != self.bytes {
            return wrong("bytes", record.b);
        }
        if self.idle > IDLE {
            return wrong("idle", self.idle);
        }
        if !self.may_resume {
            return wrong("resume", self.resume);
        }
        if !self.may_stand {
            return wrong("stack", self.stack);
        }
        self.ended = true;
        Ok(Step::End)
    }
}

//! From the list of mappings to the stream.

use std::ffi::c_int;
use std::ops::Range;

use super::super::outcome::{Fault, How, Step, Written};
use super::base::{PAGE, STAGE};
use super::files::{Code, Files};
use super::kind::{Source, source};
use super::maps::{Mapping, Maps};
use super::pack::Pack;
use super::presence::{Base, PAGES, Pages, Want};
use super::stream::{object_bytes, record_bytes, start_bytes};
use super::sys;
use super::view::View;
use crate::image::format::{
    END, KIND_BREAK, KIND_EMPTY, KIND_MEMORY, KIND_OBJECT, KIND_STACK, LOADER, LOADER_ROOM, OBJECT, REGION,
    RUN, Record, Start, TOP,
};

/// Bytes of private file mappings that no object stands for (ICU's data, a locale archive, files that are gone) that are
/// written whole; what is beyond gives only the pages that this process has changed.
pub(super) const FILES: u64 = 256 << 20;
/// Bytes of shared mappings that are written.
pub(super) const SHARED: u64 = 64 << 20;
/// Most addresses that the heap may grow by in a copy.
const BREAK: u64 = 64 << 30;
/// Addresses kept free between the heap's room and a stack behind it.
const APART: u64 = 128 << 20;
/// V8 puts its pages here, by addresses that it asks for; where nobody asks the kernel gives none, and below is a program that is
/// not position-independent, with its heap.
pub(super) const V8: Range<u64> = 1 << 32..0x4000_0000_0000;
/// Who looks on is asked each so many bytes of stream.
const LOOK: u64 = 1 << 20;

pub(super) struct Writer<'a> {
    pub pack: Pack<'a>,
    pub view: View,
    pub pages: Pages<'a>,
    pub code: Code<'a>,
    pub objects: Files<'a>,
    pub stage: &'a mut [u8; STAGE],
    pub how: How,
    /// Nobody in this process reads V8's pages again: they are dropped once they are written. What its service changes meanwhile
    /// need not be copied then.
    pub drops: bool,
    /// Bytes that are zeros in the copy, ascending and apart.
    pub cut: &'a [Range<u64>],
    /// What the freezer works in: zeros in the copy.
    pub own: (u64, u64),
    pub look: &'a mut dyn FnMut(u64) -> bool,
    pub looked: u64,
    pub files: u64,
    pub shared: u64,
    pub left_out: u64,
    pub regions: u64,
    pub bytes: u64,
    /// Where the last region, with its room, ends.
    pub last: u64,
}

/// How the pages of one region are to be written.
struct Plan<'m> {
    mapping: Mapping<'m>,
    kind: u32,
    want: Want,
    room: u64,
    object: u32,
    pages: bool,
}

impl Writer<'_> {
    pub fn run(&mut self, start: &Start, maps: &mut Maps) -> Result<Written, Fault> {
        self.pack.put(&start_bytes(start))?;
        while maps.advance()? {
            let mapping = maps.here()?;
            self.mapping(mapping, maps.next())?;
        }
        let end = Record { a: self.regions, b: self.bytes, ..record(END) };
        self.pack.put(&record_bytes(&end))?;
        self.pack.end()?;
        Ok(Written {
            raw_bytes: self.pack.raw,
            data_bytes: self.pack.data,
            frames: self.pack.frames,
            pages: self.bytes / PAGE as u64,
            presence: self.pages.presence(),
            left_out: self.left_out,
        })
    }

    fn mapping(&mut self, mut mapping: Mapping, next: Option<Mapping>) -> Result<(), Fault> {
        // Mappings that others join or split while the list is read may come twice in part.
        let skipped = self.last.saturating_sub(mapping.low);
        if mapping.low + skipped >= mapping.high || mapping.high > TOP {
            return Ok(());
        }
        mapping.low += skipped;
        if mapping.inode != 0 {
            mapping.offset += skipped;
        }
        let source = source(&mapping);
        if source == Source::None {
            return Ok(());
        }
        if mapping.low < LOADER + LOADER_ROOM && mapping.high > LOADER {
            return Err(Fault { step: Step::Place, errno: 0, at: mapping.low });
        }
        let plan = self.plan(mapping, source, next)?;
        self.region(&plan)
    }

    fn plan<'m>(
        &mut self,
        mapping: Mapping<'m>,
        source: Source,
        next: Option<Mapping>,
    ) -> Result<Plan<'m>, Fault> {
        let plan = Plan { mapping, kind: KIND_MEMORY, want: Want::Present, room: 0, object: 0, pages: true };
        Ok(match source {
            Source::None => Plan { pages: false, ..plan },
            Source::Range => {
                // Ordinary memory, which only its device's driver gives.
                if mapping.path.starts_with(b"/dev/hugepages") {
                    self.left_out += mapping.high - mapping.low;
                }
                Plan { pages: false, ..plan }
            }
            Source::Empty => Plan { kind: KIND_EMPTY, pages: false, ..plan },
            Source::All => Plan { want: Want::All, ..plan },
            Source::Present => plan,
            Source::Break => match next {
                Some(next) if next.path == b"[heap]" => plan,
                next => Plan { kind: KIND_BREAK, room: room_behind(mapping.high, next), ..plan },
            },
            Source::Stack => Plan { kind: KIND_STACK, ..plan },
            Source::File => match self.object(&mapping)? {
                Some(object) => Plan { kind: KIND_OBJECT, want: Want::Own, object, ..plan },
                None => Plan { want: self.whole_file(&mapping), ..plan },
            },
            Source::Gone => Plan { want: self.whole_file(&mapping), ..plan },
            Source::Shared => {
                let pages = take(&mut self.shared, mapping.high - mapping.low);
                if !pages {
                    self.left_out += mapping.high - mapping.low;
                }
                Plan { want: Want::Shared, pages, ..plan }
            }
        })
    }

    fn whole_file(&mut self, mapping: &Mapping) -> Want {
        let len = mapping.high - mapping.low;
        if take(&mut self.files, len) {
            return Want::All;
        }
        self.left_out += len;
        Want::Own
    }

    /// The number of the mapping's file, if an object stands for it. A file that comes for the first time is written as one.
    fn object(&mut self, mapping: &Mapping) -> Result<Option<u32>, Fault> {
        if let Some(known) = self.objects.known(mapping) {
            return Ok(Some(known));
        }
        let Some(id) = self.code.object(mapping, &self.view) else { return Ok(None) };
        let Some(number) = self.objects.add(mapping) else { return Ok(None) };
        let payload = (object_bytes(0, 0).len() + id.bytes().len() + mapping.path.len()) as u32;
        self.pack.put(&record_bytes(&Record { payload, ..record(OBJECT) }))?;
        self.pack.put(&object_bytes(id.bytes().len(), mapping.path.len()))?;
        self.pack.put(id.bytes())?;
        self.pack.put(mapping.path)?;
        Ok(Some(number))
    }

    fn region(&mut self, plan: &Plan) -> Result<(), Fault> {
        let Mapping { high, protection, .. } = plan.mapping;
        let c = if plan.kind == KIND_OBJECT { plan.mapping.offset } else { plan.room };
        let (a, object, kind) = (plan.mapping.low, plan.object, plan.kind);
        let region = Record { a, b: high, c, protection, kind, object, ..record(REGION) };
        self.pack.put(&record_bytes(&region))?;
        self.regions += 1;
        self.last = high + plan.room;
        if !plan.pages {
            return Ok(());
        }
        let base = Opened::of(plan, self.pages.compares());
        let mut at = plan.mapping.low;
        while at < high {
            let count = ((high - at) as usize / PAGE).min(PAGES);
            let base = base.base(at - plan.mapping.low);
            self.pages.look(at, count, plan.want, protection, base, &self.view);
            self.chunk(plan, at, count)?;
            if self.drops && may_be_dropped(plan) {
                // SAFETY: private memory of V8's, which a child that writes an image does not need.
                unsafe { sys::drop_pages(at, count * PAGE) };
            }
            at += (count * PAGE) as u64;
        }
        Ok(())
    }

    /// The wanted ones of `count` pages from `at` on.
    fn chunk(&mut self, plan: &Plan, at: u64, count: usize) -> Result<(), Fault> {
        let (begins, ends) = self.own;
        // Of a file's page that is not there the copy has the file's bytes.
        let cut =
            if plan.kind == KIND_OBJECT { &[] } else { within(self.cut, at, at + (count * PAGE) as u64) };
        let wanted = |page: usize, pages: &Pages| {
            let address = at + (page * PAGE) as u64;
            let own = address >= begins && address < ends;
            !own && !covers(cut, address) && pages.wanted.get(page).is_some_and(|wanted| *wanted != 0)
        };
        let mut page = 0;
        while page < count {
            let begin = page;
            while page < count && wanted(page, &self.pages) {
                page += 1;
            }
            if page > begin {
                self.memory(plan, at + (begin * PAGE) as u64, (page - begin) * PAGE)?;
            }
            while page < count && !wanted(page, &self.pages) {
                page += 1;
            }
        }
        Ok(())
    }

    /// `len` bytes of pages at `at`.
    fn memory(&mut self, plan: &Plan, at: u64, len: usize) -> Result<(), Fault> {
        // Alone nothing that is there vanishes; a file may be shorter than its mapping.
        let direct = self.how == How::Alone
            && plan.mapping.protection & 1 != 0
            && matches!(plan.want, Want::Present | Want::Own)
            && !self.pages.compares();
        let mut done = 0;
        while done < len {
            let size = (len - done).min(STAGE);
            let begin = at + done as u64;
            let cut = within(self.cut, begin, begin + size as u64);
            let from = if direct && cut.is_empty() {
                begin as usize as *const u8
            } else {
                let stage = self.stage.get_mut(..size).unwrap_or(&mut []);
                self.view.read(begin, stage);
                blank(cut, begin, stage);
                stage.as_ptr()
            };
            // SAFETY: the stage has `size` bytes; or these pages are there, may be read, and nobody else runs.
            unsafe { self.runs(plan, begin, from, size)? };
            done += size;
        }
        Ok(())
    }

    /// The `len` bytes of pages at `from`, which are the copy's at `at`, without those that are zeros anyway.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn runs(&mut self, plan: &Plan, at: u64, from: *const u8, len: usize) -> Result<(), Fault> {
        let count = len / PAGE;
        // SAFETY: a page within them.
        let empty = |page: usize| plan.kind != KIND_OBJECT && unsafe { is_zero(from.add(page * PAGE)) };
        let mut page = 0;
        while page < count {
            let begin = page;
            while page < count && !empty(page) {
                page += 1;
            }
            if page > begin {
                let bytes = (page - begin) * PAGE;
                let run = Record { a: at + (begin * PAGE) as u64, b: bytes as u64, ..record(RUN) };
                self.pack.put(&record_bytes(&run))?;
                // SAFETY: these pages can be read.
                unsafe { self.pack.put_memory(from.add(begin * PAGE), bytes)? };
                self.bytes += bytes as u64;
                self.look_on(at)?;
            }
            // The one that ended the run, and more like it.
            page += 1;
            while page < count && empty(page) {
                page += 1;
            }
        }
        Ok(())
    }

    fn look_on(&mut self, at: u64) -> Result<(), Fault> {
        if self.pack.raw - self.looked < LOOK {
            return Ok(());
        }
        self.looked = self.pack.raw;
        if (self.look)(self.pack.raw) { Ok(()) } else { Err(Fault { step: Step::Stopped, errno: 0, at }) }
    }
}

/// Whether it is memory of V8's.
fn may_be_dropped(plan: &Plan) -> bool {
    let Mapping { low, high, path, .. } = plan.mapping;
    plan.kind == KIND_MEMORY
        && plan.want == Want::Present
        && path.is_empty()
        && low >= V8.start
        && high <= V8.end
}

fn record(tag: u32) -> Record {
    Record { tag, payload: 0, a: 0, b: 0, c: 0, protection: 0, kind: 0, object: 0, reserved: 0 }
}

/// Takes `len` of what is left, if there is so much.
fn take(left: &mut u64, len: u64) -> bool {
    let fits = len <= *left;
    if fits {
        *left -= len;
    }
    fits
}

/// Those of `ranges` that have a byte from `begin` to `end`.
fn within(ranges: &[Range<u64>], begin: u64, end: u64) -> &[Range<u64>] {
    let first = ranges.partition_point(|range| range.end <= begin);
    let ranges = ranges.get(first..).unwrap_or(&[]);
    ranges.get(..ranges.partition_point(|range| range.start < end)).unwrap_or(&[])
}

/// Whether one of `ranges` has all bytes of the page at `address`.
fn covers(ranges: &[Range<u64>], address: u64) -> bool {
    let at = ranges.partition_point(|range| range.end <= address);
    let end = address + PAGE as u64;
    ranges.get(at).is_some_and(|range| range.start <= address && range.end >= end)
}

/// Makes the bytes of `cut` zeros in the memory of `begin`.
fn blank(cut: &[Range<u64>], begin: u64, memory: &mut [u8]) {
    for range in cut {
        let (from, to) = (range.start.max(begin) - begin, range.end.saturating_sub(begin));
        let to = memory.len().min(to as usize);
        memory.get_mut(from as usize..to).unwrap_or(&mut []).fill(0);
    }
}

/// Addresses behind the heap that it may grow into.
fn room_behind(high: u64, next: Option<Mapping>) -> u64 {
    let next = next
        .map_or(TOP, |next| if next.path == b"[stack]" { next.low.saturating_sub(APART) } else { next.low });
    let end = if high <= LOADER { next.min(LOADER) } else { next.min(TOP) };
    end.saturating_sub(high).min(BREAK)
}

/// Whether a page has no bit set.
///
/// # Safety
/// It can be read.
unsafe fn is_zero(page: *const u8) -> bool {
    let words = page.cast::<[u64; 8]>();
    // SAFETY: within the page; read as it is at the moment, whoever else writes to it.
    (0..PAGE / 64).all(|word| unsafe { words.add(word).read_volatile() } == [0; 8])
}

/// A file that is open while its mapping is compared with it.
struct Opened {
    fd: Option<c_int>,
    offset: u64,
}

impl Opened {
    fn of(plan: &Plan, compares: bool) -> Self {
        let mut path = [0; 512];
        let name = plan.mapping.path;
        let wanted = compares && plan.want == Want::Own && name.len() < path.len();
        let fd = wanted.then(|| {
            path.get_mut(..name.len())?.copy_from_slice(name);
            sys::open_bytes(path.get(..=name.len())?).ok()
        });
        Self { fd: fd.flatten(), offset: plan.mapping.offset }
    }

    fn base(&self, begin: u64) -> Option<Base> {
        self.fd.map(|fd| Base { fd, offset: self.offset + begin })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(fd) = self.fd {
            sys::close(fd);
        }
    }
}

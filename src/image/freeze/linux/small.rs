//! Contents that lie amid V8's heap: of small typed arrays, which no list has. Who points at them is found in memory itself.

use super::super::outcome::{Fault, How, Small, Step};
use super::base::{PAGE, STAGE};
use super::cuts::Cuts;
use super::kind::{Source, source};
use super::maps::{Mapping, Maps};
use super::pack::OUT;
use super::presence::{PAGES, Pages, Want};
use super::view::View;

/// Bytes to a word.
const WORD: usize = 8;
/// The stage stands behind what goes out, at a multiple of a word.
const _: () = assert!(OUT.is_multiple_of(WORD));

/// Looks through memory.
pub(super) struct Search<'a, 'p> {
    pub small: Small,
    pub view: &'a View,
    pub pages: &'a mut Pages<'p>,
    pub stage: &'a mut [u8; STAGE],
    pub how: How,
    /// Asked now and then whether to go on.
    pub look: &'a mut dyn FnMut(u64) -> bool,
    pub cuts: &'a mut Cuts,
    /// The last word, and where the next one stands.
    pub last: (u64, u64),
}

impl Search<'_, '_> {
    /// Notes all that is found.
    pub fn run(&mut self, maps: &mut Maps) -> Result<(), Fault> {
        while maps.advance()? {
            let mapping = maps.here()?;
            if source(&mapping) == Source::Present && mapping.is_writable() {
                self.mapping(mapping)?;
            }
        }
        Ok(())
    }

    fn mapping(&mut self, mapping: Mapping) -> Result<(), Fault> {
        let mut at = mapping.low;
        while at < mapping.high {
            let count = ((mapping.high - at) as usize / PAGE).min(PAGES);
            self.pages.look(at, count, Want::Present, mapping.protection, None, self.view);
            let mut page = 0;
            while page < count {
                let begin = page;
                while page < count && page - begin < STAGE / PAGE && self.is_there(page) {
                    page += 1;
                }
                if page > begin {
                    self.memory(at + (begin * PAGE) as u64, (page - begin) * PAGE)?;
                } else {
                    page += 1;
                }
            }
            at += (count * PAGE) as u64;
            if !(self.look)(0) {
                return Err(Fault { step: Step::Stopped, errno: 0, at });
            }
        }
        Ok(())
    }

    fn is_there(&self, page: usize) -> bool {
        self.pages.wanted.get(page).is_some_and(|wanted| *wanted != 0)
    }

    fn memory(&mut self, at: u64, len: usize) -> Result<(), Fault> {
        let direct = self.how == How::Alone && !self.pages.compares();
        let from = if direct {
            at as usize as *const u64
        } else {
            let stage = self.stage.get_mut(..len).unwrap_or(&mut []);
            self.view.read(at, stage);
            stage.as_ptr().cast()
        };
        let (mut last, next) = self.last;
        if next != at {
            last = 0;
        }
        for index in 0..len / WORD {
            // SAFETY: within the stage, or on pages that are there while nobody else runs; aligned, as both are. Volatile, for it
            // may be this very stack.
            let word = unsafe { from.add(index).read_volatile() };
            if last == self.small.mark && word & 1 == 1 {
                self.candidate(word - 1)?;
            }
            last = word;
        }
        self.last = (last, at + len as u64);
        Ok(())
    }

    /// What may be the contents of one, or where they lay before they were moved: then where they went stands in front.
    fn candidate(&mut self, at: u64) -> Result<(), Fault> {
        let Some((head, length)) = self.block(at) else { return Ok(()) };
        let bytes = length >> 32;
        if length as u32 != 0 || bytes == 0 || bytes > self.small.most {
            return Ok(());
        }
        if head != self.small.head && self.block(head) != Some((self.small.head, length)) {
            return Ok(());
        }
        let begin = at + 2 * WORD as u64;
        if self.cuts.push(begin..begin + bytes) {
            Ok(())
        } else {
            Err(Fault { step: Step::Memory, errno: libc::ENOMEM, at })
        }
    }

    /// The first two words of a block.
    fn block(&self, at: u64) -> Option<(u64, u64)> {
        let mut words = [0; 2 * WORD];
        let is_there = at != 0 && at.is_multiple_of(WORD as u64) && self.view.whole(at, &mut words);
        is_there.then(|| (u64_at(&words, 0), u64_at(&words, WORD)))
    }
}

fn u64_at(bytes: &[u8; 2 * WORD], at: usize) -> u64 {
    let mut word = [0; WORD];
    word.copy_from_slice(bytes.get(at..at + WORD).unwrap_or(&[0; WORD]));
    u64::from_le_bytes(word)
}

//! The format's other side, as plain as can be, with the rules it promises.

use std::path::PathBuf;

use crate::image::format::{
    END, KIND_BREAK, KIND_MEMORY, KIND_OBJECT, KIND_STACK, MAGIC, OBJECT, PAGE, REGION, RUN, TOP, VERSION,
};

pub struct Image<'a> {
    pub moment: u32,
    pub resume: u64,
    pub stack: u64,
    pub fs: u64,
    pub pid: u32,
    pub tid: u32,
    pub cpu: [u64; 4],
    pub objects: Vec<(Vec<u8>, PathBuf)>,
    pub regions: Vec<Region<'a>>,
    pub bytes: u64,
}

pub struct Region<'a> {
    pub low: u64,
    pub high: u64,
    pub c: u64,
    pub protection: u32,
    pub kind: u32,
    pub object: u32,
    pub runs: Vec<(u64, &'a [u8])>,
}

impl Region<'_> {
    /// The page at an address, where a run has it.
    pub fn page(&self, at: u64) -> Option<&[u8]> {
        let index = self.runs.partition_point(|(begin, _)| *begin <= at).checked_sub(1)?;
        let (begin, bytes) = self.runs[index];
        bytes.get((at - begin) as usize..)?.get(..PAGE as usize)
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn four(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().unwrap())
    }

    fn eight(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().unwrap())
    }
}

/// Reads all of it.
pub fn read(raw: &[u8]) -> Image<'_> {
    let mut bytes = Bytes(raw);
    assert_eq!(bytes.take(8), MAGIC);
    assert_eq!(bytes.four(), VERSION);
    let (moment, resume, stack, fs, _gs) =
        (bytes.four(), bytes.eight(), bytes.eight(), bytes.eight(), bytes.eight());
    let (pid, tid, cpu) = (bytes.four(), bytes.four(), std::array::from_fn(|_| bytes.eight()));
    let (objects, regions) = (Vec::new(), Vec::new());
    let mut image = Image { moment, resume, stack, fs, pid, tid, cpu, objects, regions, bytes: 0 };
    let mut last = 0;
    loop {
        let (tag, payload, a, b, c) =
            (bytes.four(), bytes.four(), bytes.eight(), bytes.eight(), bytes.eight());
        let (protection, kind, object, reserved) = (bytes.four(), bytes.four(), bytes.four(), bytes.four());
        assert_eq!(reserved, 0);
        match tag {
            OBJECT => {
                let (id, path) = (bytes.four() as usize, bytes.four() as usize);
                assert_eq!(payload as usize, 8 + id + path);
                let id = bytes.take(id).to_vec();
                let path = PathBuf::from(String::from_utf8_lossy(bytes.take(path)).into_owned());
                image.objects.push((id, path));
            }
            REGION => {
                assert!(a >= last && a < b && b <= TOP, "{a:x}–{b:x} behind {last:x}");
                assert!(kind == KIND_OBJECT || object == 0);
                assert!([KIND_OBJECT, KIND_BREAK].contains(&kind) || c == 0);
                assert!(kind != KIND_OBJECT || (object as usize) < image.objects.len());
                last = if kind == KIND_BREAK { b + c } else { b };
                image.regions.push(Region { low: a, high: b, c, protection, kind, object, runs: Vec::new() });
            }
            RUN => {
                let region = image.regions.last_mut().unwrap();
                let begin = region.runs.last().map_or(region.low, |(at, run)| at + run.len() as u64);
                assert!(a >= begin && b > 0 && a + b <= region.high);
                assert!([KIND_OBJECT, KIND_MEMORY, KIND_BREAK, KIND_STACK].contains(&region.kind));
                region.runs.push((a, bytes.take(b as usize)));
                image.bytes += b;
            }
            END => {
                assert_eq!((a, b), (image.regions.len() as u64, image.bytes));
                assert!(bytes.0.is_empty());
                return image;
            }
            other => panic!("record {other}"),
        }
        assert!([a, b, c].iter().all(|value| value % PAGE == 0), "{tag}: {a:x} {b:x} {c:x}");
    }
}

//! What a CPU can do, as far as code chooses by it: an image goes on with the choices that libc and V8 made where it was
//! frozen. `core` only, as the loader has nothing else.

/// A word of [`words`], the bit in it, and the feature's name as in `/proc/cpuinfo`. Only instructions count: what merely
/// makes something quicker, or is the kernel's business, keeps no copy from running.
const FEATURES: &[(usize, u32, &str)] = &[
    (0, 0, "sse3"),
    (0, 1, "pclmulqdq"),
    (0, 9, "ssse3"),
    (0, 12, "fma"),
    (0, 13, "cx16"),
    (0, 19, "sse4_1"),
    (0, 20, "sse4_2"),
    (0, 22, "movbe"),
    (0, 23, "popcnt"),
    (0, 25, "aes"),
    (0, 26, "xsave"),
    (0, 28, "avx"),
    (0, 29, "f16c"),
    (0, 30, "rdrand"),
    (0, 32 + 15, "cmov"),
    (0, 32 + 25, "sse"),
    (0, 32 + 26, "sse2"),
    (1, 3, "bmi1"),
    (1, 5, "avx2"),
    (1, 8, "bmi2"),
    (1, 11, "rtm"),
    (1, 16, "avx512f"),
    (1, 17, "avx512dq"),
    (1, 18, "rdseed"),
    (1, 19, "adx"),
    (1, 21, "avx512ifma"),
    (1, 28, "avx512cd"),
    (1, 29, "sha_ni"),
    (1, 30, "avx512bw"),
    (1, 31, "avx512vl"),
    (1, 32 + 1, "avx512vbmi"),
    (1, 32 + 6, "avx512_vbmi2"),
    (1, 32 + 8, "gfni"),
    (1, 32 + 9, "vaes"),
    (1, 32 + 10, "vpclmulqdq"),
    (1, 32 + 11, "avx512_vnni"),
    (1, 32 + 12, "avx512_bitalg"),
    (1, 32 + 14, "avx512_vpopcntdq"),
    (2, 8, "avx512_vp2intersect"),
    (2, 23, "avx512_fp16"),
    (2, 32 + 5, "abm"),
    (3, 1, "the kernel's saving of xmm"),
    (3, 2, "the kernel's saving of ymm"),
    (3, 6, "the kernel's saving of zmm"),
];

/// Leaf 1 (ecx, edx), leaf 7 (ebx, ecx), leaf 7 edx and leaf 0x8000_0001 ecx, XCR0: each pair with its first in the low
/// half. Zeros where there is no such CPU.
#[cfg(target_arch = "x86_64")]
pub fn words() -> [u64; 4] {
    use core::arch::x86_64::__cpuid_count as cpuid;
    // Leaf 0 and 0x8000_0000 say which leaves there are.
    let (base, extended) = (cpuid(0, 0).eax, cpuid(0x8000_0000, 0).eax);
    let one = cpuid(1, 0);
    let seven = (base >= 7).then(|| cpuid(7, 0));
    let more = (extended >= 0x8000_0001).then(|| cpuid(0x8000_0001, 0));
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    [
        pair(one.ecx, one.edx),
        seven.map_or(0, |seven| pair(seven.ebx, seven.ecx)),
        pair(seven.map_or(0, |seven| seven.edx), more.map_or(0, |more| more.ecx)),
        if one.ecx & (1 << 27) == 0 { 0 } else { xcr0() },
    ]
}

/// Leaf 1 (ecx, edx), leaf 7 (ebx, ecx), leaf 7 edx and leaf 0x8000_0001 ecx, XCR0: each pair with its first in the low
/// half. Zeros where there is no such CPU.
#[cfg(not(target_arch = "x86_64"))]
pub fn words() -> [u64; 4] {
    [0; 4]
}

#[cfg(target_arch = "x86_64")]
fn xcr0() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: only called where the kernel has switched `xgetbv` on (OSXSAVE); it reads a register.
    unsafe {
        core::arch::asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack));
    }
    u64::from(low) | u64::from(high) << 32
}

/// What `origin` could do and `here` cannot.
pub fn missing(origin: [u64; 4], here: [u64; 4]) -> impl Iterator<Item = &'static str> {
    let has =
        |words: [u64; 4], word: usize, bit: u32| words.get(word).is_some_and(|word| word >> bit & 1 == 1);
    let lacks =
        move |(word, bit, _): &&(usize, u32, &str)| has(origin, *word, *bit) && !has(here, *word, *bit);
    FEATURES.iter().filter(lacks).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_its_name() {
        let all = [u64::MAX; 4];
        assert_eq!(missing(all, all).count(), 0);
        assert_eq!(missing([0; 4], [0; 4]).count(), 0);
        let without = [all[0], all[1] & !(1 << 16) & !(1 << 33), all[2], all[3] & !(1 << 6)];
        let names: Vec<_> = missing(all, without).collect();
        assert_eq!(names, ["avx512f", "avx512vbmi", "the kernel's saving of zmm"]);
        assert_eq!(missing(without, all).count(), 0, "more than the origin had does no harm");
    }

    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn names_and_bits_are_the_kernels() {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let flags = info.lines().find(|line| line.starts_with("flags")).unwrap();
        let flags: Vec<_> = flags.split_whitespace().collect();
        let here: Vec<_> = missing(words(), [0; 4]).collect();
        for (word, _, name) in FEATURES {
            // The kernel calls the oldest one by its old name, and may hide what it has switched off.
            let flag = if *name == "sse3" { "pni" } else { name };
            if *word < 3 && flags.contains(&flag) {
                assert!(here.contains(name), "{name}");
            }
        }
        let avx = flags.contains(&"avx");
        assert_eq!(here.contains(&"the kernel's saving of ymm"), avx);
    }
}

//! Decimal digits, eight at a time: most of a snapshot's bytes are digits and commas.

/// Powers of ten, by the number of digits that follow.
pub const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The number that the digits at `at` are, of the next eight bytes; how many digits that were.
#[inline]
pub fn eight(window: &[u8], at: usize) -> (u64, usize) {
    let Some(bytes) = window.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) else {
        return (0, 0);
    };
    let word = u64::from_le_bytes(bytes);
    let low = word ^ 0x3030_3030_3030_3030;
    // The high bit of each byte that is no digit: its value above 9 carries into it.
    let other = (low.wrapping_add(0x7676_7676_7676_7676) | low) & 0x8080_8080_8080_8080;
    let digits = (other.trailing_zeros() / 8) as usize;
    if digits == 0 {
        return (0, 0);
    }
    // Leading zeros in place of what stands behind: then it is always eight digits.
    let low = low << ((8 - digits.min(8)) * 8);
    let pairs = (low.wrapping_mul(10)).wrapping_add(low >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    ((fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) & 0xFFFF_FFFF, digits)
}

/// A number of at most fifteen digits, and how many they are.
#[inline]
pub fn up_to_fifteen(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let (value, digits) = eight(bytes, at);
    if digits < 8 {
        return (digits > 0).then_some((value, digits));
    }
    let (more, digits) = eight(bytes, at + 8);
    (digits < 8).then(|| (value * POWERS[digits] + more, 8 + digits))
}

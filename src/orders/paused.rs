//! How long JavaScript stood still for attempts that came to nothing: `pauseMs` of the snapshot that an order ends with
//! counts it.

use parking_lot::Mutex;

/// The last order to which that happened, and ms.
static IN_VAIN: Mutex<(u64, f64)> = Mutex::new((0, 0.0));

/// Notes it.
pub fn in_vain(order: u64, ms: f64) {
    let mut noted = IN_VAIN.lock();
    *noted = if noted.0 == order { (order, noted.1 + ms) } else { (order, ms) };
}

/// What was noted.
pub fn before(order: u64) -> f64 {
    let noted = IN_VAIN.lock();
    if noted.0 == order { noted.1 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_orders_own() {
        in_vain(u64::MAX, 2.0);
        in_vain(u64::MAX, 3.5);
        assert_eq!((before(u64::MAX), before(u64::MAX - 1)), (5.5, 0.0));
    }
}

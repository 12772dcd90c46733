//! Where process ids count. A process id means something only where it was given out: on one machine, in one namespace of
//! ids. So files carry both, hashed.

use std::sync::OnceLock;

/// 16 hexadecimal digits: the machine since it was started, then the namespace of process ids. Empty where the system
/// does not tell. Read once, and before any fork: a child takes no lock.
pub fn home() -> &'static str {
    static HOME: OnceLock<String> = OnceLock::new();
    if let Some(home) = HOME.get() {
        return home;
    }
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
    let namespace = namespace.as_ref().and_then(|path| path.to_str());
    match (boot(), namespace) {
        (Some(boot), Some(namespace)) => {
            HOME.get_or_init(|| format!("{:08x}{:08x}", hash(&boot), hash(namespace)))
        }
        // For want of a descriptor, say: asked again the next time.
        _ => "",
    }
}

/// The part of [`home`] that is the machine: where the kernel's locks are seen by everybody.
pub fn machine() -> Option<&'static str> {
    home().get(..8)
}

fn boot() -> Option<String> {
    let read = |path| std::fs::read_to_string(path).ok().filter(|text: &String| !text.trim().is_empty());
    read("/proc/sys/kernel/random/boot_id").or_else(|| read("/proc/sys/kernel/hostname"))
}

/// FNV-1a: only to tell some machines of a site apart.
fn hash(text: &str) -> u32 {
    text.trim().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

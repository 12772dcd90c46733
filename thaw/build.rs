//! Links the loader where nothing else is: static, without a libc.

fn main() {
    println!("cargo:rerun-if-changed=loader.ld");
    println!("cargo:rerun-if-changed=../src/image/format.rs");
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // A script and no option for the address: linkers disagree about the option's name.
    let script = format!("-Wl,-T,{here}/loader.ld");
    let arguments = [
        "-static",
        "-no-pie",
        "-nostdlib",
        "-nostartfiles",
        "-Wl,--build-id=none",
        "-Wl,-z,noexecstack",
        &script,
    ];
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

//! Takes the first example of docs/connectors/rust/README.md out of the page, for main.rs to compile.

use std::{env, fs, path::Path};

const PAGE: &str = "../../../docs/connectors/rust/README.md";

fn main() {
    println!("cargo::rerun-if-changed={PAGE}");
    let page = fs::read_to_string(PAGE).expect("the page");
    let example = page.split("```").find_map(|block| block.strip_prefix("rust\n"));
    let folder = env::var("OUT_DIR").expect("set by cargo");
    let code = format!("{{\n{}}}\n", example.expect("an example"));
    fs::write(Path::new(&folder).join("readme.rs"), code).expect("a writable folder");
}

//! Prints the listing of every function of a module: `listing FILE`, a binary or text module.

use wasm_syntax::FuncIdx;
use whimbrel_compile::{LoadOptions, ModuleEnv, Options, Scratch, compile_func, load_module};
use whimbrel_ir::{Listing, verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: listing FILE")?;
    let bytes = wat::parse_file(path)?;
    let loaded = load_module(&bytes, &LoadOptions::default())?;
    let mut scratch = Scratch::default();
    let imported = loaded.info.num_imported_funcs();
    for n in 0..loaded.bodies.len() as u32 {
        let func = FuncIdx(imported + n);
        match compile_func(&loaded.info, func, &loaded.body(&bytes, func), &Options::default(), &mut scratch) {
            Ok(code) => {
                println!("{}", Listing(&code));
                verify(&code, &ModuleEnv(&loaded.info))?;
            }
            Err(error) => println!("func {func}: {error}\n"),
        }
    }
    Ok(())
}

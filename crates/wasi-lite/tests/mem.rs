//! The file system in memory as the embedder sees it; needs no feature.
use wasi_lite::fs::mem::MemFs;
use wasi_lite::{Errno, Function, Null, WasiBuilder};

#[test]
fn the_embedder_puts_files_in_and_takes_them_out() {
    let fs = MemFs::new();
    fs.write("etc/config", b"one").unwrap();
    fs.write("etc/config", b"2").unwrap();
    fs.create_directories("var//log").unwrap();
    assert_eq!(fs.read("etc/config").as_deref(), Ok(&b"2"[..]));
    assert_eq!(fs.read("etc/none"), Err(Errno::NoEnt));
    assert_eq!(fs.read("etc"), Err(Errno::IsDir));
    assert_eq!(fs.read("etc/config/x"), Err(Errno::NotDir));
    assert_eq!(fs.write("etc", b""), Err(Errno::IsDir));
    assert_eq!(fs.write("etc/../../x", b""), Err(Errno::Inval));
    assert_eq!(fs.create_directories("etc/config").map(|_| ()), Err(Errno::NotDir));

    let mut wasi = WasiBuilder::new().stdin(Box::new(Null)).preopen(fs.root(), "/").build().unwrap();
    let mut memory = [0; 256];
    memory[..10].copy_from_slice(b"etc/config");
    let mut call = |function, args: &[u64]| wasi.call(function, &mut memory[..], args);
    assert_eq!(call(Function::PathUnlinkFile, &[3, 0, 10]), Ok(0));
    assert_eq!(call(Function::PathCreateDirectory, &[3, 0, 10]), Ok(0));
    assert_eq!(fs.read("etc/config"), Err(Errno::IsDir));
}

#[test]
fn times_repeat() {
    let stat = || {
        let fs = MemFs::new();
        fs.write("a", b"x").unwrap();
        fs.root().stat_at("a").unwrap()
    };
    assert_eq!(stat(), stat());
    assert!(stat().mtim > 946_684_800_000_000_000);
}

//! Verdicts on mutants.
fn main() {
    let mut args = std::env::args().skip(1);
    let n: usize = args.next().unwrap().parse().unwrap();
    let mut s: u64 = args.next().unwrap().parse().unwrap();
    let mut r = move |end: usize| { s ^= s << 13; s ^= s >> 7; s ^= s << 17; (s >> 16) as usize % end.max(1) };
    let mods: Vec<(String, Vec<u8>)> = args.map(|p| { let b = std::fs::read(&p).unwrap(); (p, b) }).collect();
    let mut count = 0u64; let mut ok = 0u64;
    let pool: Vec<u8> = vec![0,1,2,3,4,0x40,0x7f,0x7e,0x7d,0x7c,0x7b,0x70,0x6f,0x6e,0x6d,0x6b,0x6a,0x69,0x64,0x63,0x0b,0x05,0x1a,0x41,0x20,0xfb,0xfc,0xfd,0x80,0xd0,0xd1,0xd2,0x0c,0x0d,0x00,0x10];
    for i in 0.. {
        if i >= mods.len() * n { break; }
        let (p, b) = &mods[i % mods.len()];
        if b.len() < 9 { continue; }
        let mut m = b.clone();
        for _ in 0..1 + r(2) { let at = 8 + r(m.len() - 8);
            m[at] = match r(4) { 0 => r(256) as u8, 1 => m[at].wrapping_add(1), 2 => m[at].wrapping_sub(1), _ => pool[r(pool.len())] }; }
        count += 1;
        match std::panic::catch_unwind(|| whimbrel_fuzz::verdict::agrees(&m)) {
            Ok(Ok(())) => {}
            Ok(Err(e)) => { println!("{p}: {e} | {}", m.iter().map(|b| format!("{b:02x}")).collect::<String>()); }
            Err(_) => println!("{p}: PANIC | {}", m.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        }
    }
    let _ = &mut ok;
    eprintln!("{count} mutants");
}

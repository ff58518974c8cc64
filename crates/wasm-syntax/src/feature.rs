//! Features: what WebAssembly has gained since its first version, each of which can be switched on or off.

use core::fmt;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident $text:literal $set:ident;)*) => {
        /// One addition to the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Feature {
            $($(#[$doc])* $name,)*
        }

        impl Feature {
            /// Every feature, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name as written on command lines and in errors.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }

        impl Features {
            /// WebAssembly 1.0.
            pub const V1: Self = Self(0 $(| Self::when(Feature::$name, Version::$set, 1))*);
            /// WebAssembly 2.0.
            pub const V2: Self = Self(0 $(| Self::when(Feature::$name, Version::$set, 2))*);
            /// WebAssembly 3.0.
            pub const V3: Self = Self(0 $(| Self::when(Feature::$name, Version::$set, 3))*);
            /// Everything in [`Feature::ALL`].
            pub const ALL: Self = Self(0 $(| Self::when(Feature::$name, Version::$set, u8::MAX))*);
        }
    };
}

/// The version of the standard with which a feature came; `After` for proposals.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Version {
    V1 = 1,
    V2 = 2,
    V3 = 3,
    After = u8::MAX,
}

features! {
    /// What the first version had; always on.
    Mvp "mvp" V1;
    /// Import and export of mutable globals.
    MutableGlobal "mutable-global" V1;
    /// `i32.extend8_s` and its kin.
    SignExtension "sign-extension" V2;
    /// `i32.trunc_sat_f32_s` and its kin.
    SaturatingFloatToInt "saturating-float-to-int" V2;
    /// Blocks with parameters, and several results.
    MultiValue "multi-value" V2;
    /// `memory.copy`, `table.init` and their kin; passive segments.
    BulkMemory "bulk-memory" V2;
    /// `funcref` and `externref` as values; several tables.
    ReferenceTypes "reference-types" V2;
    /// 128-bit vectors.
    Simd "simd" V2;
    /// Vector instructions with implementation-defined corner cases.
    RelaxedSimd "relaxed-simd" V3;
    /// `return_call` and its kin.
    TailCall "tail-call" V3;
    /// Integer arithmetic in constant expressions.
    ExtendedConst "extended-const" V3;
    /// Typed and non-nullable function references.
    FunctionReferences "function-references" V3;
    /// Structures, arrays, `i31`, subtyping and recursive types.
    Gc "gc" V3;
    /// `try_table`, `throw`, `throw_ref`, `exnref`.
    Exceptions "exceptions" V3;
    /// More than one memory.
    MultiMemory "multi-memory" V3;
    /// 64-bit memory addresses and table indices.
    Memory64 "memory64" V3;
    /// The exception instructions that were withdrawn before standardisation.
    LegacyExceptions "legacy-exceptions" After;
    /// Shared memories and atomic access.
    Threads "threads" After;
    /// Memories with pages of one byte.
    CustomPageSizes "custom-page-sizes" After;
    /// 128-bit addition, subtraction and multiplication.
    WideArithmetic "wide-arithmetic" After;
    /// Imports grouped by module.
    CompactImports "compact-imports" After;
    /// Exact types and run-time type descriptors.
    CustomDescriptors "custom-descriptors" After;
    /// Continuations.
    StackSwitching "stack-switching" After;
}

/// A set of [`Feature`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    const fn when(feature: Feature, since: Version, version: u8) -> u64 {
        if since as u8 <= version { 1 << feature as u64 } else { 0 }
    }

    /// Whether `feature` is on.
    #[inline]
    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.0 >> feature as u64 & 1 != 0
    }

    /// The set with `feature` on.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u64)
    }

    /// The set with `feature` off; [`Feature::Mvp`] stays.
    #[must_use]
    pub const fn without(self, feature: Feature) -> Self {
        Self(self.0 & !(1 << feature as u64) | 1 << Feature::Mvp as u64)
    }

    /// The features in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The features in the set, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |&feature| self.has(feature))
    }
}

impl Default for Features {
    /// WebAssembly 3.0.
    fn default() -> Self {
        Self::V3
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

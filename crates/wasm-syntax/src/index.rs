//! Static positions in a module's index spaces, one type a space. Spec: `syntax-index`.

use core::fmt;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position as a `usize`, for indexing.
            #[inline(always)]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<u32> for $name {
            #[inline(always)]
            fn from(index: u32) -> Self {
                Self(index)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

indices! {
    /// Position of a type in its module, recursive groups counted member by member.
    TypeIdx;
    /// Position of a function in its module, imports first.
    FuncIdx;
    /// Position of a table in its module, imports first.
    TableIdx;
    /// Position of a memory in its module, imports first.
    MemIdx;
    /// Position of a global in its module, imports first.
    GlobalIdx;
    /// Position of a tag in its module, imports first.
    TagIdx;
    /// Position of an element segment in its module.
    ElemIdx;
    /// Position of a data segment in its module.
    DataIdx;
    /// Position of a local in its function, parameters first.
    LocalIdx;
    /// Relative depth of a label: 0 is the innermost enclosing block.
    LabelIdx;
    /// Position of a field in its structure type.
    FieldIdx;
}

//! Traps: the ways in which WebAssembly execution stops without a result.

use core::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// The reason why execution trapped.
        ///
        /// The text of each (its [`Display`](fmt::Display) form) is the one that the specification's test suite expects.
        /// Spec: `exec-trap`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Trap {
            $($(#[$doc])* $name,)*
        }

        impl Trap {
            /// Every trap, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The text that the specification's test suite expects.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

traps! {
    /// An `unreachable` instruction was executed.
    Unreachable "unreachable";
    /// An integer division or remainder by zero.
    IntegerDivideByZero "integer divide by zero";
    /// A signed division overflowed, or a truncated float is out of the integer's range.
    IntegerOverflow "integer overflow";
    /// A NaN was truncated to an integer.
    InvalidConversionToInteger "invalid conversion to integer";
    /// A memory access, or a data segment's use, out of bounds.
    MemoryOutOfBounds "out of bounds memory access";
    /// A table access, or an element segment's use, out of bounds.
    TableOutOfBounds "out of bounds table access";
    /// An array access out of bounds.
    ArrayOutOfBounds "out of bounds array access";
    /// An indirect call through an index past the end of its table.
    UndefinedElement "undefined element";
    /// An indirect call through a null table element.
    UninitializedElement "uninitialized element";
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch "indirect call type mismatch";
    /// The call stack's limit was reached.
    CallStackExhausted "call stack exhausted";
    /// A null reference where `ref.as_non_null` or the like needs a value.
    NullReference "null reference";
    /// A call through a null function reference.
    NullFunctionReference "null function reference";
    /// A structure access through a null reference.
    NullStructureReference "null structure reference";
    /// An array access through a null reference.
    NullArrayReference "null array reference";
    /// An `i31.get` through a null reference.
    NullI31Reference "null i31 reference";
    /// A `throw_ref` of a null reference.
    NullExceptionReference "null exception reference";
    /// A resumption of a null continuation.
    NullContinuationReference "null continuation reference";
    /// A custom descriptor operand was null.
    NullDescriptorReference "null descriptor reference";
    /// A `ref.cast` to a type that the value does not have.
    CastFailure "cast failure";
    /// A reference has another descriptor than a cast asks for.
    DescriptorCastFailure "descriptor cast failure";
    /// An atomic access whose address is not a multiple of its width.
    UnalignedAtomic "unaligned atomic";
    /// A `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory "expected shared memory";
    /// A resumption of a continuation that was consumed before.
    ContinuationConsumed "continuation already consumed";
    /// A `suspend` or `switch` to a tag that no enclosing `resume` handles.
    UnhandledTag "unhandled tag";
    /// A garbage-collected allocation exceeded the heap's limit.
    AllocationFailure "allocation failure";
    /// Fuel ran out.
    OutOfFuel "all fuel consumed";
    /// The embedder asked for an interruption.
    Interrupted "interrupted";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Trap {}

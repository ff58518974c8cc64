//! Subtyping of heap types, the same for a module's indices and for canonical ids. Spec: `match-heaptype`.

use wasm_syntax::AbstractHeapType as A;

use crate::error::CompositeKind;

/// A heap type with what its definition is made of.
#[derive(Clone, Copy)]
pub(crate) enum Heap<I> {
    Abstract(A),
    Concrete(I, CompositeKind),
    Exact(I, CompositeKind),
}

/// Whether every value of `a` is one of `b`, given the same question for definitions.
pub(crate) fn is_subtype<I>(a: Heap<I>, b: Heap<I>, is_definition_subtype: impl Fn(I, I) -> bool) -> bool
where
    I: Copy + PartialEq,
{
    match (a, b) {
        (Heap::Abstract(a), Heap::Abstract(b)) => is_abstract_subtype(a, b),
        (Heap::Abstract(a), Heap::Concrete(_, kind) | Heap::Exact(_, kind)) => a == bottom_of(above(kind)),
        (Heap::Concrete(_, kind) | Heap::Exact(_, kind), Heap::Abstract(b)) => is_abstract_subtype(above(kind), b),
        (Heap::Concrete(a, _) | Heap::Exact(a, _), Heap::Concrete(b, _)) => is_definition_subtype(a, b),
        // Both ways round is equality of definitions, whatever their indices.
        (Heap::Exact(a, _), Heap::Exact(b, _)) => is_definition_subtype(a, b) && is_definition_subtype(b, a),
        (Heap::Concrete(..), Heap::Exact(..)) => false,
    }
}

/// The largest heap type above.
pub(crate) fn top<I: Copy>(heap: Heap<I>) -> A {
    match heap {
        Heap::Abstract(ty) => top_of(ty),
        Heap::Concrete(_, kind) | Heap::Exact(_, kind) => top_of(above(kind)),
    }
}

/// The abstract type of all definitions of a kind.
fn above(kind: CompositeKind) -> A {
    match kind {
        CompositeKind::Func => A::Func,
        CompositeKind::Struct => A::Struct,
        CompositeKind::Array => A::Array,
        CompositeKind::Cont => A::Cont,
    }
}

fn top_of(ty: A) -> A {
    match ty {
        A::Any | A::Eq | A::I31 | A::Struct | A::Array | A::None => A::Any,
        A::Func | A::NoFunc => A::Func,
        A::Extern | A::NoExtern => A::Extern,
        A::Exn | A::NoExn => A::Exn,
        A::Cont | A::NoCont => A::Cont,
    }
}

fn bottom_of(ty: A) -> A {
    match top_of(ty) {
        A::Func => A::NoFunc,
        A::Extern => A::NoExtern,
        A::Exn => A::NoExn,
        A::Cont => A::NoCont,
        _ => A::None,
    }
}

fn is_abstract_subtype(a: A, b: A) -> bool {
    a == b
        || a == bottom_of(b)
        || match b {
            A::Any => top_of(a) == A::Any,
            A::Eq => matches!(a, A::I31 | A::Struct | A::Array),
            _ => false,
        }
}

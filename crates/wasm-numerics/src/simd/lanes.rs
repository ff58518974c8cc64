//! Vectors as arrays of lanes, and the ways in which operators combine them.

use core::array;

use wasm_syntax::V128;

/// A lane type, of which a vector holds `N`.
pub(super) trait Lane<const N: usize>: Copy + Default {
    /// The integer of this width, as comparisons return it.
    type Mask: Lane<N>;
    /// All bits set.
    const TRUE: Self::Mask;

    fn split(vector: V128) -> [Self; N];
    fn join(lanes: [Self; N]) -> V128;
}

macro_rules! lanes {
    ($($lane:ident in $mask:ident, $bytes:literal * $count:literal;)*) => {$(
        impl Lane<$count> for $lane {
            type Mask = $mask;
            const TRUE: $mask = $mask::MAX;

            #[inline(always)]
            fn split(vector: V128) -> [Self; $count] {
                let (lanes, _) = vector.0.as_chunks::<$bytes>();
                array::from_fn(|i| $lane::from_le_bytes(lanes[i]))
            }

            #[inline(always)]
            fn join(lanes: [Self; $count]) -> V128 {
                let mut vector = V128::ZERO;
                let (chunks, _) = vector.0.as_chunks_mut::<$bytes>();
                for (chunk, lane) in chunks.iter_mut().zip(lanes) {
                    *chunk = lane.to_le_bytes();
                }
                vector
            }
        }
    )*};
}

lanes! {
    u8 in u8, 1 * 16;
    i8 in u8, 1 * 16;
    u16 in u16, 2 * 8;
    i16 in u16, 2 * 8;
    u32 in u32, 4 * 4;
    i32 in u32, 4 * 4;
    f32 in u32, 4 * 4;
    u64 in u64, 8 * 2;
    i64 in u64, 8 * 2;
    f64 in u64, 8 * 2;
}

/// Each lane through `f`.
#[inline(always)]
pub(super) fn map<A: Lane<N>, R: Lane<N>, const N: usize>(a: V128, f: impl Fn(A) -> R) -> V128 {
    R::join(A::split(a).map(f))
}

/// Lanes of the same number through `f`.
#[inline(always)]
pub(super) fn zip<A: Lane<N>, R: Lane<N>, const N: usize>(a: V128, b: V128, f: impl Fn(A, A) -> R) -> V128 {
    let (a, b) = (A::split(a), A::split(b));
    R::join(array::from_fn(|i| f(a[i], b[i])))
}

/// Sets the lanes for which `f` holds, and clears the others.
#[inline(always)]
pub(super) fn compare<A: Lane<N>, const N: usize>(a: V128, b: V128, f: impl Fn(A, A) -> bool) -> V128 {
    zip(a, b, |x, y| if f(x, y) { A::TRUE } else { A::Mask::default() })
}

/// The low `M` of `N` lanes through `f`.
#[inline(always)]
pub(super) fn low<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::split(a);
    R::join(array::from_fn(|i| f(a[i])))
}

/// The high `M` of `2 * M` lanes through `f`.
#[inline(always)]
pub(super) fn high<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::split(a);
    R::join(array::from_fn(|i| f(a[M + i])))
}

/// The low `M` of `N` lanes of both operands through `f`.
#[inline(always)]
pub(super) fn low_zip<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A, A) -> R,
) -> V128 {
    let (a, b) = (A::split(a), A::split(b));
    R::join(array::from_fn(|i| f(a[i], b[i])))
}

/// The high `M` of `2 * M` lanes of both operands through `f`.
#[inline(always)]
pub(super) fn high_zip<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A, A) -> R,
) -> V128 {
    let (a, b) = (A::split(a), A::split(b));
    R::join(array::from_fn(|i| f(a[M + i], b[M + i])))
}

/// The lanes of `a`, then those of `b`, through `f`.
#[inline(always)]
pub(super) fn concat<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A) -> R,
) -> V128 {
    let (a, b) = (A::split(a), A::split(b));
    R::join(array::from_fn(|i| f(if i < N { a[i] } else { b[i - N] })))
}

/// The lanes through `f` into the low half; the high half is zero.
#[inline(always)]
pub(super) fn low_zero<A: Lane<N>, R: Lane<M>, const N: usize, const M: usize>(a: V128, f: impl Fn(A) -> R) -> V128 {
    let a = A::split(a);
    R::join(array::from_fn(|i| if i < N { f(a[i]) } else { R::default() }))
}

/// `x` in every lane.
#[inline(always)]
pub(super) fn splat<A: Lane<N>, const N: usize>(x: A) -> V128 {
    A::join([x; N])
}

/// Lane `lane % N`.
#[inline(always)]
pub(super) fn get<A: Lane<N>, const N: usize>(a: V128, lane: u8) -> A {
    A::split(a)[usize::from(lane) % N]
}

/// `a` with lane `lane % N` replaced.
#[inline(always)]
pub(super) fn set<A: Lane<N>, const N: usize>(a: V128, lane: u8, x: A) -> V128 {
    let mut lanes = A::split(a);
    lanes[usize::from(lane) % N] = x;
    A::join(lanes)
}

/// `bits` in the low half; the high half is zero.
#[inline(always)]
pub(super) fn low_bits(bits: u64) -> V128 {
    <u64 as Lane<2>>::join([bits, 0])
}

//! The choice between the host's instructions and portable code for square roots and rounding.
//!
//! Both give the same results; the choice is made by the feature `std`, without which the host's instructions cannot be
//! named, and by the target. A target without rounding instructions would call a library for them, so it rounds in
//! [`ieee`](super::ieee).

use super::ieee;

/// Whether the target rounds floats by one instruction.
#[cfg(feature = "std")]
const ROUNDS: bool = cfg!(any(target_feature = "sse4.1", target_arch = "aarch64"));

/// Square root and rounding as the specification has them, by the quickest means that the build has.
pub(crate) trait Host {
    fn sqrt(self) -> Self;
    fn ceil(self) -> Self;
    fn floor(self) -> Self;
    fn trunc(self) -> Self;
    fn nearest(self) -> Self;
}

macro_rules! host {
    ($($float:ident $sqrt:path;)*) => {$(
        #[cfg(feature = "std")]
        impl Host for $float {
            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }

            #[inline(always)]
            fn ceil(self) -> Self {
                if ROUNDS { $float::ceil(self) } else { ieee::ceil(self) }
            }

            #[inline(always)]
            fn floor(self) -> Self {
                if ROUNDS { $float::floor(self) } else { ieee::floor(self) }
            }

            #[inline(always)]
            fn trunc(self) -> Self {
                if ROUNDS { $float::trunc(self) } else { ieee::trunc(self) }
            }

            #[inline(always)]
            fn nearest(self) -> Self {
                if ROUNDS { $float::round_ties_even(self) } else { ieee::nearest(self) }
            }
        }

        #[cfg(not(feature = "std"))]
        impl Host for $float {
            #[inline(always)]
            fn sqrt(self) -> Self {
                $sqrt(self)
            }

            #[inline(always)]
            fn ceil(self) -> Self {
                ieee::ceil(self)
            }

            #[inline(always)]
            fn floor(self) -> Self {
                ieee::floor(self)
            }

            #[inline(always)]
            fn trunc(self) -> Self {
                ieee::trunc(self)
            }

            #[inline(always)]
            fn nearest(self) -> Self {
                ieee::nearest(self)
            }
        }
    )*};
}

host! {
    f32 libm::sqrtf;
    f64 libm::sqrt;
}

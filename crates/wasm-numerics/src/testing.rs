//! What the unit tests share: seeded random bits, the floats at which rounding and range checks turn, NaN classes.

use wasm_syntax::V128;

/// A xorshift generator: the same bits on every run.
pub(crate) struct Bits(u64);

impl Bits {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    /// Sixteen random bytes; in half of the vectors the bytes are drawn from those at which lane operators turn.
    pub(crate) fn v128(&mut self) -> V128 {
        const TURNING: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, 0xfe, 0x40];
        let random = V128::from_u128(u128::from(self.u64()) << 64 | u128::from(self.u64()));
        if self.u64() >> 63 == 0 { random } else { V128(random.0.map(|b| TURNING[usize::from(b % 8)])) }
    }

    /// A float of a magnitude at which rounding matters (exponents −4 to 66), a turning one, or any bit pattern.
    pub(crate) fn f64(&mut self) -> f64 {
        let bits = self.u64();
        match self.u64() >> 62 {
            0 => f64::from_bits(bits),
            1 => F64_TURNING[bits as usize % F64_TURNING.len()],
            _ => f64::from_bits(bits & !(0x7ff << 52) | (1019 + self.u64() % 71) << 52),
        }
    }

    /// Like [`Bits::f64`], in single precision.
    pub(crate) fn f32(&mut self) -> f32 {
        let bits = self.u32();
        match self.u64() >> 62 {
            0 => f32::from_bits(bits),
            1 => F32_TURNING[bits as usize % F32_TURNING.len()],
            _ => f32::from_bits(bits & !(0xff << 23) | (123 + self.u32() % 71) << 23),
        }
    }
}

macro_rules! turning {
    ($name:ident, $float:ident, $signalling:literal, $canonical:literal) => {
        /// Zeros, halves, the bounds of the integer types with their neighbours, infinities, NaNs of every class.
        pub(crate) const $name: &[$float] = &[
            0.0,
            -0.0,
            0.5,
            -0.5,
            (0.5 as $float).next_down(),
            (-0.5 as $float).next_up(),
            1.0,
            -1.0,
            (1.0 as $float).next_down(),
            (-1.0 as $float).next_up(),
            1.5,
            -1.5,
            2.5,
            -2.5,
            3.5,
            i32::MIN as $float,
            (i32::MIN as $float).next_down(),
            (i32::MIN as $float).next_up(),
            -(i32::MIN as $float),
            (-(i32::MIN as $float)).next_down(),
            u32::MAX as $float,
            (-2.0 * i32::MIN as $float).next_down(),
            -2.0 * i32::MIN as $float,
            i64::MIN as $float,
            (i64::MIN as $float).next_down(),
            (i64::MIN as $float).next_up(),
            -(i64::MIN as $float),
            (-(i64::MIN as $float)).next_down(),
            (-2.0 * i64::MIN as $float).next_down(),
            -2.0 * i64::MIN as $float,
            1.0 / $float::EPSILON,
            (1.0 / $float::EPSILON).next_down(),
            0.5 / $float::EPSILON,
            (0.5 / $float::EPSILON).next_down(),
            0.5 - 0.5 / $float::EPSILON,
            1.5 - 0.5 / $float::EPSILON,
            $float::MIN_POSITIVE,
            $float::from_bits(1),
            -$float::from_bits(1),
            $float::MAX,
            $float::MIN,
            $float::INFINITY,
            $float::NEG_INFINITY,
            $float::from_bits($canonical),
            -$float::from_bits($canonical),
            $float::from_bits($canonical + 0x1234),
            $float::from_bits($signalling),
            -$float::from_bits($signalling),
        ];
    };
}

turning!(F32_TURNING, f32, 0x7f80_0001, 0x7fc0_0000);
turning!(F64_TURNING, f64, 0x7ff0_0000_0000_0001, 0x7ff8_0000_0000_0000);

/// Whether `result` is a NaN that the specification allows an operator on `operands` to return (`aux-nans`): canonical
/// if each NaN operand is, else arithmetic.
pub(crate) fn is_allowed_nan64(result: f64, operands: &[f64]) -> bool {
    const CANONICAL: u64 = 0x7ff8_0000_0000_0000;
    let magnitude = |x: f64| x.to_bits() & !(1 << 63);
    if operands.iter().all(|&x| !x.is_nan() || magnitude(x) == CANONICAL) {
        magnitude(result) == CANONICAL
    } else {
        magnitude(result) >= CANONICAL
    }
}

/// Like [`is_allowed_nan64`], in single precision.
pub(crate) fn is_allowed_nan32(result: f32, operands: &[f32]) -> bool {
    const CANONICAL: u32 = 0x7fc0_0000;
    let magnitude = |x: f32| x.to_bits() & !(1 << 31);
    if operands.iter().all(|&x| !x.is_nan() || magnitude(x) == CANONICAL) {
        magnitude(result) == CANONICAL
    } else {
        magnitude(result) >= CANONICAL
    }
}

//! Comparisons of lanes: all bits of a lane are set where the comparison holds, and clear elsewhere.

use wasm_syntax::V128;

use super::lanes::compare;

ops! {
    i8x16_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x == y) } "Which lanes are equal", "op-ieq";
    i8x16_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x != y) } "Which lanes differ", "op-ine";
    i8x16_lt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i8, y| x < y) }
        "Which lanes of `a` are less than those of `b`, signed", "op-ilt";
    i8x16_lt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x < y) }
        "Which lanes of `a` are less than those of `b`, unsigned", "op-ilt";
    i8x16_gt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i8, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, signed", "op-igt";
    i8x16_gt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, unsigned", "op-igt";
    i8x16_le_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i8, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, signed", "op-ile";
    i8x16_le_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, unsigned", "op-ile";
    i8x16_ge_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i8, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, signed", "op-ige";
    i8x16_ge_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u8, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, unsigned", "op-ige";
}

ops! {
    i16x8_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x == y) } "Which lanes are equal", "op-ieq";
    i16x8_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x != y) } "Which lanes differ", "op-ine";
    i16x8_lt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i16, y| x < y) }
        "Which lanes of `a` are less than those of `b`, signed", "op-ilt";
    i16x8_lt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x < y) }
        "Which lanes of `a` are less than those of `b`, unsigned", "op-ilt";
    i16x8_gt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i16, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, signed", "op-igt";
    i16x8_gt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, unsigned", "op-igt";
    i16x8_le_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i16, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, signed", "op-ile";
    i16x8_le_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, unsigned", "op-ile";
    i16x8_ge_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i16, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, signed", "op-ige";
    i16x8_ge_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u16, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, unsigned", "op-ige";
}

ops! {
    i32x4_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x == y) } "Which lanes are equal", "op-ieq";
    i32x4_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x != y) } "Which lanes differ", "op-ine";
    i32x4_lt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i32, y| x < y) }
        "Which lanes of `a` are less than those of `b`, signed", "op-ilt";
    i32x4_lt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x < y) }
        "Which lanes of `a` are less than those of `b`, unsigned", "op-ilt";
    i32x4_gt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i32, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, signed", "op-igt";
    i32x4_gt_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, unsigned", "op-igt";
    i32x4_le_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i32, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, signed", "op-ile";
    i32x4_le_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, unsigned", "op-ile";
    i32x4_ge_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i32, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, signed", "op-ige";
    i32x4_ge_u(a: V128, b: V128) -> V128 { compare(a, b, |x: u32, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, unsigned", "op-ige";
}

ops! {
    i64x2_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: u64, y| x == y) } "Which lanes are equal", "op-ieq";
    i64x2_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: u64, y| x != y) } "Which lanes differ", "op-ine";
    i64x2_lt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i64, y| x < y) }
        "Which lanes of `a` are less than those of `b`, signed", "op-ilt";
    i64x2_gt_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i64, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, signed", "op-igt";
    i64x2_le_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i64, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, signed", "op-ile";
    i64x2_ge_s(a: V128, b: V128) -> V128 { compare(a, b, |x: i64, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, signed", "op-ige";
}

ops! {
    f32x4_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x == y) }
        "Which lanes are equal and not NaN", "op-feq";
    f32x4_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x != y) } "Which lanes differ or are NaN", "op-fne";
    f32x4_lt(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x < y) }
        "Which lanes of `a` are less than those of `b`, neither NaN", "op-flt";
    f32x4_gt(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, neither NaN", "op-fgt";
    f32x4_le(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, neither NaN", "op-fle";
    f32x4_ge(a: V128, b: V128) -> V128 { compare(a, b, |x: f32, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, neither NaN", "op-fge";
}

ops! {
    f64x2_eq(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x == y) }
        "Which lanes are equal and not NaN", "op-feq";
    f64x2_ne(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x != y) } "Which lanes differ or are NaN", "op-fne";
    f64x2_lt(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x < y) }
        "Which lanes of `a` are less than those of `b`, neither NaN", "op-flt";
    f64x2_gt(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x > y) }
        "Which lanes of `a` are greater than those of `b`, neither NaN", "op-fgt";
    f64x2_le(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x <= y) }
        "Which lanes of `a` are at most those of `b`, neither NaN", "op-fle";
    f64x2_ge(a: V128, b: V128) -> V128 { compare(a, b, |x: f64, y| x >= y) }
        "Which lanes of `a` are at least those of `b`, neither NaN", "op-fge";
}

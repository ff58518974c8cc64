;; Constants fold, but for operations that trap; those of 64 bits that no operand holds have an op of their own.
(module
  (func $folded (result i32) (i32.mul (i32.const 6) (i32.const 7)))
  (func $trapping (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
  (func $wide (param i64) (result i64) (i64.and (local.get 0) (i64.const 0x0123456789abcdef)))
  (func $mirrored (param i32) (result i32) (i32.lt_s (i32.const 5) (local.get 0)))
  (func $left (param f32) (result f32) (f32.sub (f32.const 1) (local.get 0))))

;; A comparison and the branch on it are one op; `eqz` inverts it, for floats without turning it round.
(module
  (func (param i32 f64) (result i32)
    (block
      (br_if 0 (i32.lt_u (local.get 0) (i32.const 10)))
      (br_if 0 (i32.eqz (i32.eq (local.get 0) (i32.const 3))))
      (br_if 0 (i32.eqz (f64.lt (local.get 1) (f64.const 1))))
      (br_if 0 (i32.eqz (local.get 0)))
      (br_if 0 (i32.and (local.get 0) (i32.const 1)))
      (return (i32.const 1)))
    (i32.const 2)))

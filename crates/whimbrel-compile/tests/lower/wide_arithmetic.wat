;; Operations of two results work on slots in a row.
(module
  (func (param i64 i64) (result i64)
    (i64.mul_wide_u (local.get 0) (local.get 1))
    (i64.xor)))

;; A deferred read of a local is computed before the local changes.
(module
  (func $increment (param i32) (result i32)
    (local.get 0)
    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
    (i32.xor (local.get 0)))
  (func $swap (param i64 i64) (result i64 i64)
    (local.get 1)
    (local.get 0)))

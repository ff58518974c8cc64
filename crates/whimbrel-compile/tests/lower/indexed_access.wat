;; A sum of two values is the address itself, the index scaled by the width; a sum with a constant is not, since it wraps.
(module
  (memory 1)
  (func $load (param i32 i32) (result i64)
    (i64.load offset=16 (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3)))))
  (func $nested (param i32 i32) (result i32)
    (i32.load8_u (i32.add (local.get 0) (i32.load (local.get 1)))))
  (func $store (param i32 i32)
    (f64.store (i32.add (local.get 0) (local.get 1)) (f64.const 1)))
  (func $displacement (param i32) (result i32)
    (i32.load (i32.add (local.get 0) (i32.const 8))))
  (func $constant (result i32)
    (i32.load offset=4 (i32.const 8))))

;; Both arms leave their result in one slot; operands of the block are there for both.
(module
  (func $result (param i32 i32) (result i32)
    (if (result i32) (i32.gt_s (local.get 0) (local.get 1))
      (then (i32.sub (local.get 0) (local.get 1)))
      (else (i32.sub (local.get 1) (local.get 0)))))
  (func $operands (param i32) (result i32)
    (i32.popcnt (local.get 0))
    (if (param i32) (result i32) (local.get 0)
      (then (i32.add (i32.const 1)))
      (else (i32.mul (i32.const 3))))))

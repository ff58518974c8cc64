;; A tail call moves its arguments to the frame's start; nothing follows it.
(module
  (type $step (func (param i64 i64) (result i64)))
  (table 1 funcref)
  (func $direct (type $step)
    (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $direct (i64.sub (local.get 0) (i64.const 1)) (i64.mul (local.get 1) (local.get 0))))
  (func $indirect (type $step)
    (return_call_indirect (type $step) (local.get 1) (local.get 0) (i32.const 0)))
  (func $reference (param (ref null $step)) (result i64)
    (return_call_ref $step (i64.const 1) (i64.const 2) (local.get 0))))

;; Reads of locals and constants are operands, and the result goes into the local that is set.
(module
  (func (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.mul (local.get 0) (i32.const 3)))
    (local.set 0 (i32.sub (local.get 2) (local.get 1)))
    (local.get 0)))

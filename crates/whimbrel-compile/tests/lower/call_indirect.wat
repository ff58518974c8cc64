;; The index may stay in the accumulator where no argument has to be computed after it.
(module
  (type $op (func (param i32) (result i32)))
  (table 4 funcref)
  (func (param i32) (result i32)
    (call_indirect (type $op)
      (call_indirect (type $op) (local.get 0) (i32.and (local.get 0) (i32.const 3)))
      (i32.and (local.get 0) (i32.const 1)))))

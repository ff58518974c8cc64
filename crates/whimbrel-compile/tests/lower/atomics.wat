;; Operands of atomic instructions are slots, results too; a memory that is not plain memory 0 has its far address.
(module
  (memory 1)
  (memory i64 1)
  (func (param $p i32) (param $q i64) (result i64)
    (i32.atomic.store offset=8 (local.get $p) (i32.const 5))
    (drop (i32.atomic.rmw8.cmpxchg_u (local.get $p) (i32.const 1) (local.get $p)))
    (atomic.fence)
    (drop (memory.atomic.notify (local.get $p) (i32.const 1)))
    (i64.add
      (i64.atomic.rmw.add 1 offset=16 (local.get $q) (i64.const 1))
      (i64.atomic.load32_u (local.get $p)))))

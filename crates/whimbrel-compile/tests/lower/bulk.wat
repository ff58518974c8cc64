;; Bulk operations take their operands in a row.
(module
  (memory 1)
  (table 2 funcref)
  (data "abc")
  (func (param i32) (result i32)
    (memory.init 0 (i32.const 0) (i32.const 1) (local.get 0))
    (data.drop 0)
    (memory.fill (local.get 0) (i32.const 0) (i32.const 8))
    (table.set (i32.const 1) (table.get (local.get 0)))
    (i32.add (memory.grow (i32.const 1)) (memory.size))))

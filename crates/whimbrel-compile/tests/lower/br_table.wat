;; Targets with values in place are branched to directly; others through code that moves the values, once for each label.
(module
  (func $plain (param i32) (result i32)
    (block $two (block $one (block $zero
      (br_table $zero $one $two $one (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 11)))
    (i32.const 12))
  (func $values (param i32) (result i32)
    (block $outer (result i32)
      (i32.const 5)
      (block $inner (result i32)
        (i32.const 6)
        (br_table $inner $outer 2 $outer (local.get 0)))
      (i32.add))))

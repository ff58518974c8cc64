;; Other memories and 64-bit addresses have address modes of their own.
(module
  (memory 1)
  (memory $wide i64 1)
  (func (param i32 i64) (result i32)
    (i64.store $wide offset=0x100000000 (local.get 1) (i64.const -1))
    (i32.load $wide (i64.add (local.get 1) (i64.const 8)))))

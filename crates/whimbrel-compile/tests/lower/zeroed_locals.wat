;; Only locals that may be read before they are written start as zero.
(module
  (func (param i32) (result i32) (local $written i32) (local $perhaps i32) (local $both i32)
    (local.set $written (local.get 0))
    (if (local.get 0)
      (then (local.set $perhaps (i32.const 1)) (local.set $both (i32.const 2)))
      (else (local.set $both (i32.const 3))))
    (i32.add (i32.add (local.get $written) (local.get $perhaps)) (local.get $both))))

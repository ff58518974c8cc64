;; What cannot be reached leaves no code, however it nests.
(module
  (func (param i32) (result i32)
    (block
      (br 0)
      (drop (i32.add))
      (loop (if (i32.const 1) (then (br 1)) (else (unreachable)))))
    (unreachable)
    (select)))

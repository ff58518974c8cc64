;; `proc_raise`: what does nothing, what is refused, and what ends the program: 128 and the signal's number.
(module
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $expect (param $signal i32) (param $errno i32)
    (if (i32.ne (call $proc_raise (local.get $signal)) (local.get $errno)) (then (unreachable))))
  (func (export "_start")
    (call $expect (i32.const 0) (i32.const 0))    ;; none
    (call $expect (i32.const 16) (i32.const 0))   ;; chld
    (call $expect (i32.const 18) (i32.const 58))  ;; stop: notsup
    (call $expect (i32.const 31) (i32.const 28))  ;; no signal: inval
    (call $expect (i32.const 6) (i32.const 0))    ;; abrt: does not come back
    (unreachable)))

;; Arguments are staged where the callee's frame starts, and its results come back there.
(module
  (import "host" "log" (func $log (param i32)))
  (func $two (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))
  (func (param i32) (result i32)
    (call $log (i32.const 1))
    (i32.sub (call $two (local.get 0) (i32.add (local.get 0) (i32.const 1))))))

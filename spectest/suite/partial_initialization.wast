;; Segments that were copied before one that is out of bounds, or before the start function traps, stay copied; functions
;; of an instance that was given up stay callable through what they were put into.

(module $M
  (memory (export "mem") 1 1)
  (table (export "tab") 3 funcref)
  (type $t (func (result i32)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))
(register "M" $M)

(assert_trap
  (module
    (import "M" "mem" (memory 1))
    (import "M" "tab" (table 3 funcref))
    (global $n i32 (i32.const 77))
    (func $f (result i32) (i32.add (global.get $n) (i32.load8_u (i32.const 5))))
    (elem (i32.const 1) $f)
    (data (i32.const 5) "\03")
    (data (i32.const 65535) "ab"))
  "out of bounds memory access")
(assert_return (invoke $M "byte" (i32.const 5)) (i32.const 3))
(assert_return (invoke $M "byte" (i32.const 65535)) (i32.const 0))
(assert_return (invoke $M "call" (i32.const 1)) (i32.const 80))
(assert_trap (invoke $M "call" (i32.const 0)) "uninitialized element")

;; Elements come before data: nothing of the data is there.
(assert_trap
  (module
    (import "M" "mem" (memory 1))
    (import "M" "tab" (table 3 funcref))
    (func $f (result i32) (i32.const 1))
    (data (i32.const 6) "\04")
    (elem (i32.const 0) $f)
    (elem (i32.const 2) $f $f))
  "out of bounds table access")
(assert_return (invoke $M "byte" (i32.const 6)) (i32.const 0))
(assert_return (invoke $M "call" (i32.const 0)) (i32.const 1))
(assert_trap (invoke $M "call" (i32.const 2)) "uninitialized element")

(assert_trap
  (module
    (import "M" "mem" (memory 1))
    (import "M" "tab" (table 3 funcref))
    (memory $own 1)
    (func $f (result i32) (i32.load8_u (i32.const 8)))
    (func $start (i32.store8 (i32.const 8) (i32.const 44)) (unreachable))
    (elem (i32.const 2) $f)
    (start $start))
  "unreachable")
(assert_return (invoke $M "call" (i32.const 2)) (i32.const 44))

;; What cannot be linked changes nothing, also if an earlier import was fine.
(assert_unlinkable
  (module
    (import "M" "mem" (memory 1))
    (import "M" "tab" (table 4 funcref))
    (data (i32.const 7) "\09"))
  "incompatible import type")
(assert_unlinkable
  (module
    (import "M" "mem" (memory 1))
    (import "M" "missing" (func))
    (data (i32.const 7) "\09"))
  "unknown import")
(assert_return (invoke $M "byte" (i32.const 7)) (i32.const 0))

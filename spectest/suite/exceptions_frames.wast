;; Exceptions across frames and instances: which instance runs where they are caught, and whose tags count.

(module $lib
  (type $f2 (func (param i32) (result i32)))
  (tag $e (export "e") (param i32))
  (tag $own (export "own") (param i32))
  (memory 1)
  (data (i32.const 0) "\0b")
  (global $base i32 (i32.const 100))
  (func (export "throw") (param i32) (throw $e (local.get 0)))
  (func (export "throw-own") (param i32) (throw $own (local.get 0)))
  (func (export "pass") (param $f (ref $f2)) (param $n i32) (result i32)
    (i32.add (call_ref $f2 (local.get $n) (local.get $f)) (i32.const 1)))
  (func (export "pass-tail") (param $f (ref $f2)) (param $n i32) (result i32)
    (return_call_ref $f2 (local.get $n) (local.get $f)))
  ;; Catches, and then reads its own memory and global.
  (func (export "catch") (param $f (ref $f2)) (param $n i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call_ref $f2 (local.get $n) (local.get $f))))
    (i32.add (i32.load8_u (i32.const 0)))
    (i32.add (global.get $base))))
(register "lib" $lib)

(module $twin
  (tag (export "e") (param i32))
  (memory 1))
(register "twin" $twin)

(module
  (type $f2 (func (param i32) (result i32)))
  (import "lib" "e" (tag $e (param i32)))
  (import "lib" "e" (tag $e-again (param i32)))
  (import "twin" "e" (tag $twin (param i32)))
  (import "lib" "throw" (func $throw (param i32)))
  (import "lib" "throw-own" (func $throw-own (param i32)))
  (import "lib" "pass" (func $pass (param (ref $f2) i32) (result i32)))
  (import "lib" "pass-tail" (func $pass-tail (param (ref $f2) i32) (result i32)))
  (import "lib" "catch" (func $catch (param (ref $f2) i32) (result i32)))
  (tag $own (param i32))
  (memory 1)
  (data (i32.const 0) "\07")
  (global $base i32 (i32.const 1000))
  (table funcref (elem $throw $deep))
  (elem declare func $raise $deep $down $far $even)

  (func $here (param i32) (result i32)
    (i32.add (i32.add (i32.load8_u (i32.const 0)) (global.get $base)) (local.get 0)))

  ;; Thrown there, caught here.
  (func (export "import") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $twin $h) (catch $own $h) (catch $e-again $h) (call $throw (local.get 0)))
      (unreachable))
    (call $here))
  (func (export "indirect") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (call_indirect (param i32) (local.get 0) (i32.const 0)))
      (unreachable))
    (call $here))

  ;; Tags are told apart by where they come from, not by their types.
  (func (export "other-tags") (param i32)
    (block $h (result i32)
      (try_table (catch $twin $h) (catch $own $h) (catch $e $h) (call $throw-own (local.get 0)))
      (return))
    (drop))

  ;; Here, through there, and back.
  (func $raise (type $f2) (throw $e (local.get 0)))
  (func (export "through") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $pass (ref.func $raise) (local.get 0))))
    (call $here))
  (func (export "through-tail") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $pass-tail (ref.func $raise) (local.get 0))))
    (call $here))
  (func (export "there") (param i32) (result i32) (call $catch (ref.func $raise) (local.get 0)))

  ;; Tail calls leave their handlers, here and over there, and go through records of them.
  (func $far (type $f2) (return_call $pass-tail (ref.func $raise) (local.get 0)))
  (func $covered (type $f2)
    (block $h (result i32)
      (try_table (catch $e $h) (return_call $pass-tail (ref.func $far) (local.get 0)))
      (unreachable))
    (i32.add (i32.const 5000)))
  (func (export "tail-leaves") (param i32) (result i32) (call $covered (local.get 0)))
  (func (export "tail-records") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $covered (local.get 0))))
    (call $here))

  ;; Many frames of two instances in turn.
  (func $down (type $f2)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 3))))
    (i32.add (call $pass (ref.func $down) (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $deep (export "deep") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $down (local.get 0))))
    (call $here))

  ;; The stack is as it was: recursion that catches at every level.
  (func $even (type $f2)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h)
        (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 0))))
        (throw $e (call $even (i32.sub (local.get 0) (i32.const 1))))))
    (i32.add (i32.const 1)))
  (func (export "levels") (param i32) (result i32) (call $even (local.get 0)))
  (func (export "many") (param $n i32) (result i32)
    (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $deep (i32.const 3))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))

(assert_return (invoke "import" (i32.const 2)) (i32.const 1009))
(assert_return (invoke "indirect" (i32.const 3)) (i32.const 1010))
(assert_exception (invoke "other-tags" (i32.const 0)))
(assert_return (invoke "through" (i32.const 4)) (i32.const 1011))
(assert_return (invoke "through-tail" (i32.const 4)) (i32.const 1011))
(assert_return (invoke "there" (i32.const 5)) (i32.const 116))
(assert_exception (invoke "tail-leaves" (i32.const 1)))
(assert_return (invoke "tail-records" (i32.const 6)) (i32.const 1013))
(assert_return (invoke "deep" (i32.const 1000)) (i32.const 1010))
(assert_return (invoke "levels" (i32.const 500)) (i32.const 501))
(assert_return (invoke "many" (i32.const 1000)) (i32.const 1010000))

(assert_unlinkable
  (module (import "lib" "e" (tag (param i64))))
  "incompatible import type")
(assert_unlinkable
  (module (import "lib" "throw" (tag (param i32))))
  "incompatible import type")

;; An exception that leaves a start function.
(assert_exception
  (module (import "lib" "throw" (func $throw (param i32))) (func $start (call $throw (i32.const 1))) (start $start)))

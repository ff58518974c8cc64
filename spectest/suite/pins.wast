;; Locals that loops use much are in registers: across calls, exceptions and traps, beside others that are not.

(module
  (global $sum (mut i64) (i64.const 0))
  (memory 1)
  (tag $e (param i32))
  (table 2 funcref)
  (elem (i32.const 0) $square $steps)

  (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))

  ;; Keeps its caller's registers, and uses them all.
  (func $steps (param $n i32) (result i32)
    (local $i i32) (local $x f64) (local $y f64)
    (local.set $x (f64.const 1))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $x (f64.add (local.get $x) (f64.const 0.5)))
      (local.set $y (f64.mul (local.get $x) (local.get $x)))
      (br_if $again (i32.lt_s (local.get $i) (local.get $n))))
    (i32.add (local.get $i) (i32.trunc_f64_s (f64.add (local.get $x) (local.get $y)))))

  (func (export "calls") (param $n i32) (result i32)
    (local $i i32) (local $acc i32)
    (loop $again
      (local.set $acc (i32.add (local.get $acc) (call $steps (local.get $i))))
      (local.set $acc (i32.xor (local.get $acc) (call_indirect (param i32) (result i32) (local.get $i)
        (i32.and (local.get $i) (i32.const 1)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $acc))

  (func $recursive (export "recursive") (param $n i32) (result i32)
    (local $i i32) (local $acc i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (loop $again
      (local.set $acc (i32.add (local.get $acc) (call $recursive (i32.sub (local.get $n) (i32.const 1)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 3))))
    (local.get $acc))

  (func $throws (param $n i32) (result i32)
    (local $i i32) (local $j i32)
    (local.set $j (i32.const 7))
    (loop $again
      (local.set $j (i32.mul (local.get $j) (i32.const 3)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.eq (local.get $i) (local.get $n)) (then (throw $e (local.get $j))))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 4))))
    (local.get $j))

  ;; Uses none itself: what it passes on are its caller's.
  (func $catches (param $n i32) (result i32)
    (block $caught (result i32)
      (try_table (result i32) (catch $e $caught)
        (call $throws (local.get $n)))))

  (func (export "exceptions") (param $n i32) (result i32)
    (local $i i32) (local $acc i32)
    (loop $again
      (local.set $acc (i32.add (i32.mul (local.get $acc) (i32.const 5)) (call $catches (local.get $i))))
      (local.set $acc (i32.add (local.get $acc)
        (block $caught (result i32)
          (try_table (result i32) (catch $e $caught) (call $throws (local.get $i))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $acc))

  ;; A local starts as zero, and a parameter as what is passed, in a register as elsewhere.
  (func (export "starts") (param $p i64) (result i64)
    (local $zero i64) (local $i i32)
    (loop $again
      (local.set $zero (i64.add (local.get $zero) (local.get $p)))
      (local.set $p (i64.sub (local.get $p) (i64.const 1)))
      (br_if $again (i64.ne (local.get $p) (i64.const 0))))
    (local.get $zero))

  ;; Every kind of use: addresses, stored values, globals, selections, conditions, tables of branches, results.
  (func (export "uses") (param $n i32) (result i64)
    (local $i i32) (local $w i64)
    (loop $again
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $i))
      (i64.store offset=256 (i32.shl (local.get $i) (i32.const 3)) (local.get $w))
      (local.set $w (i64.add (local.get $w)
        (i64.load32_u (i32.add (i32.const 0) (i32.shl (local.get $i) (i32.const 2))))))
      (local.set $w (select (local.get $w) (i64.extend_i32_u (local.get $i))
        (i32.and (local.get $i) (i32.const 1))))
      (global.set $sum (i64.add (global.get $sum) (local.get $w)))
      (block $b (block $a (br_table $a $b (local.get $i))) (local.set $w (i64.const 100)))
      (if (i64.eqz (local.get $w)) (then (local.set $w (i64.const 3))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.ne (local.get $i) (local.get $n))))
    (i64.add (global.get $sum) (local.get $w)))

  ;; Two results are put together where the parameters are.
  (func (export "swap") (param $a i32) (param $b i32) (result i32 i32)
    (loop $again
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.sub (local.get $b) (i32.const 1)))
      (br_if $again (i32.lt_s (local.get $a) (local.get $b))))
    (local.get $b) (local.get $a))

  (func (export "floats") (param $n i32) (param $x f64) (result f64)
    (local $i i32) (local $y f64)
    (loop $again
      (local.set $y (f64.sub (f64.const 1) (f64.mul (local.get $y) (local.get $x))))
      (local.set $x (f64.div (local.get $x) (local.get $y)))
      (if (f64.gt (local.get $x) (f64.const 100)) (then (local.set $x (f64.const 0.25))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (f64.sub (local.get $x) (local.get $y)))

  (func (export "traps") (param $n i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (i32.div_u (i32.const 12) (i32.sub (local.get $n) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
    (local.get $i)))

(assert_return (invoke "calls" (i32.const 6)) (i32.const 80))
(assert_return (invoke "recursive" (i32.const 5)) (i32.const 243))
(assert_return (invoke "exceptions" (i32.const 6)) (i32.const 3602004))
(assert_return (invoke "starts" (i64.const 10)) (i64.const 55))
(assert_return (invoke "uses" (i32.const 7)) (i64.const 133))
(assert_return (invoke "swap" (i32.const 1) (i32.const 10)) (i32.const 5) (i32.const 6))
(assert_return (invoke "floats" (i32.const 3) (f64.const 0.5)) (f64.const 1.5))
(assert_trap (invoke "traps" (i32.const 13)) "integer divide by zero")
(assert_return (invoke "calls" (i32.const 6)) (i32.const 80))

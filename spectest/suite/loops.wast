;; Loops whose parameters change places, and branch tables that leave and repeat loops with values.

(module
  ;; Fibonacci by loop parameters that are swapped at each branch back.
  (func (export "fib") (param $n i32) (result i64)
    (i64.const 0) (i64.const 1)
    (loop $l (param i64 i64) (result i64)
      (block $more (param i64 i64) (result i64 i64)
        (br_if $more (local.get $n))
        (drop)
        (return))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (call $step)
      (br $l)))
  (func $step (param $a i64) (param $b i64) (result i64 i64)
    (local.get $b) (i64.add (local.get $a) (local.get $b)))

  ;; Three parameters that rotate: their places overlap with what is carried.
  (func (export "rotate") (param $n i32) (result i32)
    (local $a i32) (local $b i32) (local $c i32)
    (i32.const 1) (i32.const 2) (i32.const 3)
    (loop $l (param i32 i32 i32) (result i32)
      (local.set $c) (local.set $b) (local.set $a)
      (local.get $b) (local.get $c) (local.get $a)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (local.set $c) (local.set $b) (local.set $a)
      (i32.add (i32.mul (local.get $a) (i32.const 100)) (i32.add (i32.mul (local.get $b) (i32.const 10)) (local.get $c)))))

  ;; A parameter that is dropped and one that is duplicated.
  (func (export "shift") (param $n i32) (result i32)
    (local $a i32) (local $b i32)
    (i32.const 5) (i32.const 9)
    (loop $l (param i32 i32)
      (local.set $b) (local.set $a)
      (local.get $b) (local.get $b)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (drop) (drop))
    (i32.add (i32.mul (local.get $a) (i32.const 10)) (local.get $b)))

  ;; A small virtual machine: the table repeats the loop, leaves it, or falls into the next case.
  (func (export "machine") (param $program i64) (result i32)
    (local $acc i32) (local $op i32)
    (loop $next
      (local.set $op (i32.wrap_i64 (i64.and (local.get $program) (i64.const 15))))
      (local.set $program (i64.shr_u (local.get $program) (i64.const 4)))
      (block $halt
        (block $double
          (block $inc
            (block $nop
              (br_table $halt $inc $double $next $nop (local.get $op)))
            (local.set $acc (i32.add (local.get $acc) (i32.const 100))))
          (local.set $acc (i32.add (local.get $acc) (i32.const 1)))
          (br $next))
        (local.set $acc (i32.mul (local.get $acc) (i32.const 2)))
        (br $next)))
    (local.get $acc))

  ;; Every target takes the same value, from different depths.
  (func (export "table-values") (param $i i32) (param $v i64) (result i64)
    (block $c (result i64)
      (i64.add (i64.const 1000)
        (block $b (result i64)
          (i64.add (i64.const 100)
            (block $a (result i64)
              (i64.const 77)
              (br_table $a $b $c $a (i64.mul (local.get $v) (i64.const 0x1_0000_0000)) (local.get $i))))))))

  ;; The selector is a value that is needed again afterwards.
  (func (export "selector-reused") (param $i i32) (result i32)
    (block $b
      (block $a
        (br_table $a $b (local.tee $i (i32.and (local.get $i) (i32.const 1)))))
      (return (i32.add (local.get $i) (i32.const 10))))
    (i32.add (local.get $i) (i32.const 20)))

  (func (export "nested-continue") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $sum i32)
    (block $done
      (loop $outer
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $j (i32.const 0))
        (loop $inner
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (br_if $outer (i32.gt_u (local.get $j) (local.get $i)))
          (br_if $inner (i32.and (local.get $j) (i32.const 1)))
          (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $j))))
          (br $inner))))
    (local.get $sum))

  ;; A float accumulator and an integer counter are live across the branch back.
  (func (export "mixed") (param $n i32) (result f64)
    (local $x f64) (local $y f32)
    (local.set $x (f64.const 1))
    (local.set $y (f32.const 0.5))
    (loop $l
      (local.set $x (f64.add (f64.mul (local.get $x) (f64.const 2)) (f64.promote_f32 (local.get $y))))
      (local.set $y (f32.mul (local.get $y) (f32.convert_i32_u (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
)

(assert_return (invoke "fib" (i32.const 0)) (i64.const 0))
(assert_return (invoke "fib" (i32.const 1)) (i64.const 1))
(assert_return (invoke "fib" (i32.const 90)) (i64.const 2880067194370816120))
(assert_return (invoke "rotate" (i32.const 1)) (i32.const 231))
(assert_return (invoke "rotate" (i32.const 2)) (i32.const 312))
(assert_return (invoke "rotate" (i32.const 300)) (i32.const 123))
(assert_return (invoke "shift" (i32.const 1)) (i32.const 59))
(assert_return (invoke "shift" (i32.const 2)) (i32.const 99))
(assert_return (invoke "machine" (i64.const 0)) (i32.const 0))
(assert_return (invoke "machine" (i64.const 0x0221321)) (i32.const 12))
(assert_return (invoke "machine" (i64.const 0x02931f2)) (i32.const 406))
(assert_return (invoke "table-values" (i32.const 0) (i64.const 3)) (i64.const 0x3_0000_044c))
(assert_return (invoke "table-values" (i32.const 1) (i64.const 3)) (i64.const 0x3_0000_03e8))
(assert_return (invoke "table-values" (i32.const 2) (i64.const 3)) (i64.const 0x3_0000_0000))
(assert_return (invoke "table-values" (i32.const -1) (i64.const 3)) (i64.const 0x3_0000_044c))
(assert_return (invoke "selector-reused" (i32.const 6)) (i32.const 10))
(assert_return (invoke "selector-reused" (i32.const 7)) (i32.const 21))
(assert_return (invoke "nested-continue" (i32.const 6)) (i32.const 136))
(assert_return (invoke "mixed" (i32.const 4)) (f64.const 52))

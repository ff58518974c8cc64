;; A `local.get` may be deferred until its value is used: what is written to the local in between must not be seen.

(module
  (func (export "set-between") (param $a i32) (result i32)
    (local.get $a)
    (local.set $a (i32.const 100))
    (i32.sub (local.get $a)))

  (func (export "tee-between") (param $a i32) (result i32)
    (local.get $a)
    (i32.add (local.tee $a (i32.mul (local.get $a) (i32.const 3))))
    (i32.add (local.get $a)))

  (func (export "swap") (param $a i32) (param $b i32) (result i32)
    (local.get $a)
    (local.get $b)
    (local.set $a)
    (local.set $b)
    (i32.sub (local.get $a) (local.get $b)))

  (func (export "rotate") (param $a i64) (param $b i64) (param $c i64) (result i64)
    (local.get $a) (local.get $b) (local.get $c)
    (local.set $b) (local.set $a) (local.set $c)
    ;; a = old b, b = old c, c = old a
    (i64.add
      (i64.add (i64.mul (local.get $a) (i64.const 10000)) (i64.mul (local.get $b) (i64.const 100)))
      (local.get $c)))

  (func (export "twice-pending") (param $a i32) (result i32)
    (local.get $a) (local.get $a)
    (local.set $a (i32.const 7))
    (i32.add)
    (i32.mul (local.get $a)))

  (func (export "set-in-block") (param $a i32) (param $c i32) (result i32)
    (local.get $a)
    (block (br_if 0 (local.get $c)) (local.set $a (i32.const 50)))
    (i32.sub (local.get $a)))

  (func (export "set-in-loop") (param $n i32) (result i32)
    (local.get $n)
    (loop $l
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n)))
    (i32.add (local.get $n)))

  (func (export "set-in-if") (param $a f64) (param $c i32) (result f64)
    (local.get $a)
    (if (local.get $c) (then (local.set $a (f64.const 2))) (else (local.set $a (f64.const 4))))
    (f64.div (local.get $a)))

  (func (export "tee-of-itself") (param $a i32) (result i32)
    (local.get $a)
    (local.tee $a (local.get $a))
    (i32.add)
    (local.tee $a)
    (i32.add (local.get $a)))

  (func (export "tee-chain") (param $a i32) (result i32)
    (local $b i32) (local $c i32)
    (local.tee $a (local.tee $b (local.tee $c (i32.add (local.get $a) (i32.const 1)))))
    (i32.add (i32.mul (local.get $a) (i32.mul (local.get $b) (local.get $c)))))

  ;; The value to be set is computed by an op whose inputs are the local itself and a pending get of it.
  (func (export "producer-folds") (param $a i32) (result i32)
    (local.get $a)
    (local.set $a (i32.add (local.get $a) (local.get $a)))
    (i32.mul (local.get $a)))

  (func (export "copy-then-change") (param $a i32) (result i32) (local $b i32)
    (local.set $b (local.get $a))
    (local.set $a (i32.add (local.get $a) (i32.const 1)))
    (i32.sub (i32.mul (local.get $a) (i32.const 10)) (local.get $b)))

  (func (export "many-pending") (param $a i32) (param $b i32) (result i32)
    (local.get $a) (local.get $b) (local.get $a) (local.get $b) (i32.const 9)
    (local.set $b)
    (local.set $a)
    (i32.add) (i32.add)
    (i32.add (i32.mul (local.get $a) (local.get $b))))

  (func (export "drop-pending") (param $a i32) (result i32)
    (local.get $a) (local.get $a) (local.set $a (i32.const 3)) (drop) (i32.add (local.get $a)))
)

(assert_return (invoke "set-between" (i32.const 5)) (i32.const -95))
(assert_return (invoke "tee-between" (i32.const 5)) (i32.const 35))
(assert_return (invoke "swap" (i32.const 3) (i32.const 10)) (i32.const 7))
(assert_return (invoke "rotate" (i64.const 1) (i64.const 2) (i64.const 3)) (i64.const 20301))
(assert_return (invoke "twice-pending" (i32.const 4)) (i32.const 56))
(assert_return (invoke "set-in-block" (i32.const 60) (i32.const 0)) (i32.const 10))
(assert_return (invoke "set-in-block" (i32.const 60) (i32.const 1)) (i32.const 0))
(assert_return (invoke "set-in-loop" (i32.const 6)) (i32.const 6))
(assert_return (invoke "set-in-if" (f64.const 8) (i32.const 1)) (f64.const 4))
(assert_return (invoke "set-in-if" (f64.const 8) (i32.const 0)) (f64.const 2))
(assert_return (invoke "tee-of-itself" (i32.const 3)) (i32.const 12))
(assert_return (invoke "tee-chain" (i32.const 2)) (i32.const 30))
(assert_return (invoke "producer-folds" (i32.const 5)) (i32.const 50))
(assert_return (invoke "copy-then-change" (i32.const 5)) (i32.const 55))
(assert_return (invoke "many-pending" (i32.const 2) (i32.const 5)) (i32.const 54))
(assert_return (invoke "drop-pending" (i32.const 5)) (i32.const 8))

;; What an accumulator or a pending operand holds must be where the other paths into a join put it.

(module
  (func $id (param i32) (result i32) (local.get 0))

  (func (export "if-result") (param $c i32) (param $a i32) (result i32)
    (i32.add (i32.const 1000)
      (if (result i32) (local.get $c)
        (then (i32.mul (local.get $a) (i32.const 2)))
        (else (local.get $a)))))

  (func (export "if-constants") (param $c i32) (result i64)
    (i64.sub
      (if (result i64) (local.get $c) (then (i64.const 0x1_0000_0000)) (else (i64.const -1)))
      (if (result i64) (i32.eqz (local.get $c)) (then (i64.const 5)) (else (i64.const 0x7_0000_0001)))))

  (func (export "br-carries-accumulator") (param $a i32) (result i32)
    (block (result i32)
      (drop (br_if 0 (i32.add (local.get $a) (i32.const 1)) (i32.gt_s (local.get $a) (i32.const 10))))
      (i32.sub (local.get $a) (i32.const 1))))

  (func (export "br_if-value-kept") (param $a i32) (result i32)
    (block (result i32)
      (i32.mul
        (br_if 0 (i32.add (local.get $a) (i32.const 1)) (i32.gt_s (local.get $a) (i32.const 10)))
        (i32.const 3))))

  (func (export "compare-live-across") (param $a i32) (param $b i32) (result i32) (local $c i32)
    (local.set $c (i32.lt_s (local.get $a) (local.get $b)))
    (if (result i32) (local.get $c)
      (then (i32.add (local.get $c) (i32.const 10)))
      (else (i32.add (local.get $c) (i32.const 20)))))

  (func (export "tee-compare-branch") (param $a i32) (param $b i32) (result i32) (local $c i32)
    (block $out
      (br_if $out (local.tee $c (i32.eq (local.get $a) (local.get $b))))
      (return (i32.sub (local.get $c) (i32.const 1))))
    (i32.add (local.get $c) (i32.const 5)))

  (func (export "double-eqz") (param $a i32) (result i32)
    (if (result i32) (i32.eqz (i32.eqz (local.get $a))) (then (i32.const 1)) (else (i32.const 2))))

  (func (export "eqz-as-value") (param $a i64) (result i32)
    (i32.add (i32.eqz (i64.eqz (local.get $a))) (i64.eqz (local.get $a))))

  (func (export "operands-below-block") (param $a i32) (result i32)
    (i32.sub
      (i32.mul (local.get $a) (local.get $a))
      (block (result i32)
        (block (br_if 0 (i32.ge_u (local.get $a) (i32.const 4))) (br 1 (i32.add (local.get $a) (i32.const 1))))
        (call $id (i32.const 7)))))

  (func (export "multi") (param $c i32) (result i32 i64 f64)
    (if (result i32 i64 f64) (local.get $c)
      (then (i32.const 1) (i64.const 2) (f64.const 3))
      (else (i32.const 4) (i64.const 0x1_0000_0005) (f64.const -0x1p-1074))))

  (func (export "swap-through-block") (param $a i32) (param $b i32) (result i32 i32)
    (local.get $a) (local.get $b)
    (block (param i32 i32) (result i32 i32)
      (local.set $a) (local.set $b)
      (local.get $a) (local.get $b)))

  (func (export "drops-below") (param $a i32) (result i32)
    (block (result i32)
      (i32.const 11) (i32.const 12) (i32.add (local.get $a) (i32.const 1))
      (br 0)))

  (func (export "br-out-of-depth") (param $a i32) (result i32)
    (i32.const 1000)
    (block (result i32)
      (i32.const 100)
      (block (result i32)
        (i32.const 10)
        (local.get $a)
        (i32.const 1)
        (br_if 1 (local.get $a))
        (drop) (drop) (drop)
        (i32.const 5))
      (i32.add))
    (i32.add))

  (func (export "select-on-compare") (param $a f64) (param $b f64) (result f64)
    (select (f64.mul (local.get $a) (f64.const 2)) (f64.sub (local.get $b) (f64.const 1))
      (f64.lt (local.get $a) (local.get $b))))

  (func (export "select-nan-compare") (param $a f32) (result i32)
    (i32.add
      (select (i32.const 1) (i32.const 2) (f32.lt (local.get $a) (f32.const 0)))
      (i32.add
        (select (i32.const 10) (i32.const 20) (i32.eqz (f32.lt (local.get $a) (f32.const 0))))
        (if (result i32) (i32.eqz (f32.ge (local.get $a) (f32.const 0))) (then (i32.const 100)) (else (i32.const 200))))))

  (func (export "select-of-gets") (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (local.tee $a (i32.sub (local.get $a) (i32.const 1)))))
)

(assert_return (invoke "if-result" (i32.const 1) (i32.const 7)) (i32.const 1014))
(assert_return (invoke "if-result" (i32.const 0) (i32.const 7)) (i32.const 1007))
(assert_return (invoke "if-constants" (i32.const 1)) (i64.const -25769803777))
(assert_return (invoke "if-constants" (i32.const 0)) (i64.const -6))
(assert_return (invoke "br-carries-accumulator" (i32.const 11)) (i32.const 12))
(assert_return (invoke "br-carries-accumulator" (i32.const 10)) (i32.const 9))
(assert_return (invoke "br_if-value-kept" (i32.const 11)) (i32.const 12))
(assert_return (invoke "br_if-value-kept" (i32.const 2)) (i32.const 9))
(assert_return (invoke "compare-live-across" (i32.const 1) (i32.const 2)) (i32.const 11))
(assert_return (invoke "compare-live-across" (i32.const 2) (i32.const 1)) (i32.const 20))
(assert_return (invoke "tee-compare-branch" (i32.const 4) (i32.const 4)) (i32.const 6))
(assert_return (invoke "tee-compare-branch" (i32.const 4) (i32.const 5)) (i32.const -1))
(assert_return (invoke "double-eqz" (i32.const 256)) (i32.const 1))
(assert_return (invoke "double-eqz" (i32.const 0)) (i32.const 2))
(assert_return (invoke "eqz-as-value" (i64.const 0x1_0000_0000)) (i32.const 1))
(assert_return (invoke "eqz-as-value" (i64.const 0)) (i32.const 1))
(assert_return (invoke "operands-below-block" (i32.const 3)) (i32.const 5))
(assert_return (invoke "operands-below-block" (i32.const 4)) (i32.const 9))
(assert_return (invoke "multi" (i32.const 1)) (i32.const 1) (i64.const 2) (f64.const 3))
(assert_return (invoke "multi" (i32.const 0)) (i32.const 4) (i64.const 0x1_0000_0005) (f64.const -0x1p-1074))
(assert_return (invoke "swap-through-block" (i32.const 1) (i32.const 2)) (i32.const 2) (i32.const 1))
(assert_return (invoke "drops-below" (i32.const 1)) (i32.const 2))
(assert_return (invoke "br-out-of-depth" (i32.const 3)) (i32.const 1001))
(assert_return (invoke "br-out-of-depth" (i32.const 0)) (i32.const 1105))
(assert_return (invoke "select-on-compare" (f64.const 1) (f64.const 9)) (f64.const 2))
(assert_return (invoke "select-on-compare" (f64.const 9) (f64.const 1)) (f64.const 0))
(assert_return (invoke "select-on-compare" (f64.const nan) (f64.const 4)) (f64.const 3))
(assert_return (invoke "select-nan-compare" (f32.const nan)) (i32.const 112))
(assert_return (invoke "select-nan-compare" (f32.const -1)) (i32.const 121))
(assert_return (invoke "select-nan-compare" (f32.const 1)) (i32.const 212))
(assert_return (invoke "select-of-gets" (i32.const 5) (i32.const 9)) (i32.const 5))
(assert_return (invoke "select-of-gets" (i32.const 1) (i32.const 9)) (i32.const 9))

;; A pending read of a local whose value is still in an accumulator is copied to its place on the stack, and consumed right
;; after: the copy is then not needed, and no other op may be lost or doubled with it.

(module
  (func (export "flushed-i32") (param $a i32) (result i32)
    (local.set $a (i32.add (local.get $a) (i32.const 1)))
    (local.get $a)
    (block (nop))
    (i32.mul (i32.const 3)))

  (func (export "flushed-f64") (param $x f64) (result f64)
    (local.set $x (f64.mul (local.get $x) (f64.const 3)))
    (local.get $x)
    (block (nop))
    (f64.sqrt))

  ;; The local is needed afterwards.
  (func (export "and-read-again") (param $a i64) (result i64)
    (local.set $a (i64.add (local.get $a) (i64.const 1)))
    (local.get $a)
    (block (nop))
    (i64.mul (i64.const 10))
    (i64.add (local.get $a)))

  (func (export "carried-out") (param $x f32) (param $c i32) (result f32)
    (block (result f32)
      (if (local.get $c)
        (then
          (local.set $x (f32.add (local.get $x) (f32.const 0.5)))
          (local.get $x)
          (block (nop))
          (br 1)))
      (f32.const 9)))

  (func (export "early-return") (param $x f64) (param $c i32) (result f64)
    (if (local.get $c)
      (then
        (local.set $x (f64.neg (local.get $x)))
        (local.get $x)
        (block (nop))
        (return)))
    (local.set $x (f64.add (local.get $x) (f64.const 1)))
    (local.get $x)
    (block (nop)))

  ;; A float op lies between the copy and its consumer.
  (func (export "float-between") (param $a i32) (param $x f64) (result i32)
    (local.set $a (i32.sub (local.get $a) (i32.const 2)))
    (local.get $a)
    (block (nop))
    (local.set $x (f64.add (local.get $x) (f64.const 1)))
    (i32.mul (i32.trunc_f64_s (local.get $x))))

  ;; The slot of the copy is written by the next operand of the same height.
  (func (export "height-reused") (param $a i32) (result i32)
    (local.set $a (i32.add (local.get $a) (i32.const 1)))
    (local.get $a)
    (block (nop))
    (local.set $a)
    (i32.const 100)
    (block (nop))
    (i32.sub (local.get $a)))
)

(assert_return (invoke "flushed-i32" (i32.const 4)) (i32.const 15))
(assert_return (invoke "flushed-f64" (f64.const 12)) (f64.const 6))
(assert_return (invoke "and-read-again" (i64.const 1)) (i64.const 22))
(assert_return (invoke "carried-out" (f32.const 1) (i32.const 1)) (f32.const 1.5))
(assert_return (invoke "carried-out" (f32.const 1) (i32.const 0)) (f32.const 9))
(assert_return (invoke "early-return" (f64.const 1) (i32.const 1)) (f64.const -1))
(assert_return (invoke "early-return" (f64.const 1) (i32.const 0)) (f64.const 2))
(assert_return (invoke "float-between" (i32.const 5) (f64.const 6)) (i32.const 21))
(assert_return (invoke "height-reused" (i32.const 4)) (i32.const 95))

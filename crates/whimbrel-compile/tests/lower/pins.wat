;; The locals that loops use most are in registers: two integers and two floats, filled at entry if they have a value there.
(module
  (memory 1)
  (func (param $p i32) (param $n i32) (result f64)
    (local $i i32) (local $x f64) (local $y f64)
    (loop $again
      (local.set $x (f64.load (i32.add (local.get $p) (i32.shl (local.get $i) (i32.const 3)))))
      (local.set $y (f64.add (local.get $y) (f64.mul (local.get $x) (local.get $x))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.ne (local.get $i) (local.get $n))))
    (local.get $y))
  ;; What is read in another way than as one operand stays in its slot.
  (func (param $n i32) (result v128)
    (local $v v128)
    (loop $again
      (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $n))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $v)))

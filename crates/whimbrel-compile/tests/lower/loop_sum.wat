;; A counting loop: the array's element, its sum, the counter and the branch back.
(module
  (memory 1)
  (func (param $array i32) (param $len i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum
        (i32.add
          (local.get $sum)
          (i32.load (i32.add (local.get $array) (i32.shl (local.get $i) (i32.const 2))))))
      (br_if $next
        (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $len))))
    (local.get $sum)))

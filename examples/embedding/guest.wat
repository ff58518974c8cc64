;; The guest of the embedding example: `run` sums the squares 1 .. n and reports each partial
;; sum to the host as it goes.
(module
  (import "host" "log" (func $log (param i32)))

  (func (export "run") (param $n i32) (result i32)
    (local $i i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $sum
          (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $i))))
        (call $log (local.get $sum))
        (br $next)))
    (local.get $sum)))

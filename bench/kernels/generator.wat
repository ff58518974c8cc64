;; Continuations: a generator that walks a range, another that filters what the first one yields, and two that switch to each
;; other.
(module
  (type $f (func))
  (type $c (cont $f))
  (tag $yield (param i32))
  (tag $switch)
  (rec (type $peer (func (param (ref null $p)))) (type $p (cont $peer)))

  (global $limit (mut i32) (i32.const 0))
  (global $turns (mut i32) (i32.const 0))

  (func $range
    (local $i i32)
    (loop $next
      (suspend $yield (local.get $i))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (global.get $limit)))))

  ;; Yields every third value of the range, from a continuation of its own.
  (func $filter
    (local $k (ref null $c)) (local $value i32)
    (local.set $k (cont.new $c (ref.func $range)))
    (loop $next
      (block $on_yield (result i32 (ref $c))
        (resume $c (on $yield $on_yield) (local.get $k))
        (return))
      (local.set $k)
      (local.set $value)
      (if (i32.eqz (i32.rem_u (local.get $value) (i32.const 3)))
        (then (suspend $yield (local.get $value))))
      (br $next)))

  (func $take_turns (type $peer) (param $k (ref null $p))
    (loop $next
      (if (i32.eqz (global.get $turns)) (then (return)))
      (global.set $turns (i32.sub (global.get $turns) (i32.const 1)))
      (local.set $k (switch $p $switch (local.get $k)))
      (br $next)))
  (elem declare func $range $filter $take_turns)

  (func $sum (param $k (ref null $c)) (result i64)
    (local $total i64)
    (loop $next
      (block $on_yield (result i32 (ref $c))
        (resume $c (on $yield $on_yield) (local.get $k))
        (return (local.get $total)))
      (local.set $k)
      (i64.extend_i32_u)
      (local.set $total (i64.add (local.get $total)))
      (br $next))
    (unreachable))

  (func (export "run") (param $rounds i32) (result i64)
    (local $total i64)
    (loop $again
      (global.set $limit (i32.const 300))
      (local.set $total (i64.add (local.get $total) (call $sum (cont.new $c (ref.func $range)))))
      (local.set $total (i64.add (local.get $total) (call $sum (cont.new $c (ref.func $filter)))))
      (global.set $turns (i32.const 200))
      (resume $p (on $switch switch)
        (cont.new $p (ref.func $take_turns)) (cont.new $p (ref.func $take_turns)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $total)))

;; Exceptions: calls under handlers, one in four of which throws through two frames.
(module
  (tag $odd (param i32))
  (tag $even (param i32 i64))

  (func $check (param $value i32) (result i32)
    (if (i32.eqz (i32.and (local.get $value) (i32.const 7)))
      (then (throw $even (local.get $value) (i64.extend_i32_u (local.get $value)))))
    (if (i32.eq (i32.and (local.get $value) (i32.const 7)) (i32.const 3))
      (then (throw $odd (local.get $value))))
    (i32.add (local.get $value) (i32.const 1)))

  (func $middle (param $value i32) (result i32)
    (i32.mul (call $check (local.get $value)) (i32.const 3)))

  (func $guarded (param $value i32) (result i64)
    (local $wide i64)
    (block $caught_odd (result i32)
      (block $caught_even (result i32 i64)
        (try_table (catch $odd $caught_odd) (catch $even $caught_even)
          (return (i64.extend_i32_u (call $middle (local.get $value)))))
        (unreachable))
      local.set $wide
      i64.extend_i32_u
      local.get $wide
      i64.sub
      return)
    i64.extend_i32_s)

  (func (export "run") (param $rounds i32) (result i64)
    (local $round i32) (local $total i64)
    (loop $next
      (local.set $total
        (i64.add
          (i64.mul (local.get $total) (i64.const 31))
          (call $guarded (i32.xor (local.get $round) (i32.wrap_i64 (local.get $total))))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $round) (local.get $rounds))))
    (local.get $total)))

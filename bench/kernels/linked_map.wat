;; A hash map of linked entries: insertions, look-ups and removals of keys in a random order.
(module
  (type $box (struct (field i64)))
  (type $entry (struct (field $key i64) (field $value (mut (ref null $box))) (field $next (mut (ref null $entry)))))
  (type $buckets (array (mut (ref null $entry))))
  (global $buckets (mut (ref null $buckets)) (ref.null $buckets))
  (global $mask (mut i32) (i32.const 0))
  (global $seed (mut i64) (i64.const 0x9e3779b97f4a7c15))

  (func $random (result i64)
    (local $x i64)
    (local.set $x (global.get $seed))
    (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
    (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
    (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
    (global.set $seed (local.get $x))
    (local.get $x))

  (func $place (param $key i64) (result i32)
    (i32.and (global.get $mask)
      (i32.wrap_i64 (i64.shr_u (i64.mul (local.get $key) (i64.const 0x9e3779b97f4a7c15)) (i64.const 40)))))

  (func $find (param $key i64) (result (ref null $entry))
    (local $entry (ref null $entry))
    (local.set $entry (array.get $buckets (global.get $buckets) (call $place (local.get $key))))
    (block $done
      (loop $next
        (br_if $done (ref.is_null (local.get $entry)))
        (br_if $done (i64.eq (local.get $key) (struct.get $entry $key (local.get $entry))))
        (local.set $entry (struct.get $entry $next (local.get $entry)))
        (br $next)))
    (local.get $entry))

  (func $insert (param $key i64) (param $value i64)
    (local $entry (ref null $entry)) (local $at i32)
    (local.set $entry (call $find (local.get $key)))
    (if (ref.is_null (local.get $entry))
      (then
        (local.set $at (call $place (local.get $key)))
        (array.set $buckets (global.get $buckets) (local.get $at)
          (struct.new $entry (local.get $key) (struct.new $box (local.get $value))
            (array.get $buckets (global.get $buckets) (local.get $at)))))
      (else (struct.set $entry $value (local.get $entry) (struct.new $box (local.get $value))))))

  (func $remove (param $key i64)
    (local $entry (ref null $entry)) (local $before (ref null $entry)) (local $at i32)
    (local.set $at (call $place (local.get $key)))
    (local.set $entry (array.get $buckets (global.get $buckets) (local.get $at)))
    (loop $next
      (if (ref.is_null (local.get $entry)) (then (return)))
      (if (i64.eq (local.get $key) (struct.get $entry $key (local.get $entry)))
        (then
          (if (ref.is_null (local.get $before))
            (then (array.set $buckets (global.get $buckets) (local.get $at) (struct.get $entry $next (local.get $entry))))
            (else (struct.set $entry $next (local.get $before) (struct.get $entry $next (local.get $entry)))))
          (return)))
      (local.set $before (local.get $entry))
      (local.set $entry (struct.get $entry $next (local.get $entry)))
      (br $next)))

  ;; Makes a map with that many buckets, which are a power of two, and as many entries.
  (func $fill (param $n i32)
    (global.set $buckets (array.new_default $buckets (local.get $n)))
    (global.set $mask (i32.sub (local.get $n) (i32.const 1)))
    (loop $more
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (call $insert (i64.extend_i32_u (local.get $n)) (i64.extend_i32_u (local.get $n)))
      (br_if $more (local.get $n))))

  (func (export "keep") (param $n i32) (result i32)
    (call $fill (local.get $n))
    (local.get $n))

  (func (export "run") (param $rounds i32) (result i64)
    (local $total i64) (local $key i64) (local $n i32) (local $entry (ref null $entry))
    (if (ref.is_null (global.get $buckets)) (then (call $fill (i32.const 16384))))
    (loop $again
      (local.set $n (i32.const 1000))
      (loop $next
        (local.set $key (i64.and (call $random) (i64.extend_i32_u (global.get $mask))))
        (call $insert (local.get $key) (i64.extend_i32_u (local.get $n)))
        (call $remove (i64.and (call $random) (i64.extend_i32_u (global.get $mask))))
        (local.set $entry (call $find (i64.and (call $random) (i64.extend_i32_u (global.get $mask)))))
        (if (i32.eqz (ref.is_null (local.get $entry)))
          (then (local.set $total (i64.add (local.get $total)
            (struct.get $box 0 (struct.get $entry $value (local.get $entry)))))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $total)))

;; Allocation of structures and arrays: trees that are built, walked and dropped, and lists of boxed numbers.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree)) (field $value i32)))
  (type $list (array (mut (ref null $tree))))

  (func $build (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree) (i32.const 1)))
      (else
        (struct.new $tree
          (call $build (i32.sub (local.get $depth) (i32.const 1)))
          (call $build (i32.sub (local.get $depth) (i32.const 1)))
          (local.get $depth)))))

  (func $sum (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else
        (i32.add
          (struct.get $tree $value (local.get $tree))
          (i32.add
            (call $sum (struct.get $tree $left (local.get $tree)))
            (call $sum (struct.get $tree $right (local.get $tree))))))))

  ;; Keeps the last trees alive in an array, so that collections find something.
  (func (export "run") (param $rounds i32) (result i64)
    (local $kept (ref $list)) (local $round i32) (local $total i64) (local $tree (ref $tree))
    (local.set $kept (array.new_default $list (i32.const 16)))
    (loop $next
      (local.set $tree (call $build (i32.add (i32.const 3) (i32.rem_u (local.get $round) (i32.const 6)))))
      (local.set $total
        (i64.add
          (i64.mul (local.get $total) (i64.const 31))
          (i64.extend_i32_u
            (i32.add
              (call $sum (local.get $tree))
              (call $sum (array.get $list (local.get $kept) (i32.and (local.get $round) (i32.const 15))))))))
      (array.set $list (local.get $kept)
        (i32.and (i32.mul (local.get $round) (i32.const 7)) (i32.const 15)) (local.get $tree))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $round) (local.get $rounds))))
    (local.get $total)))

;; Binary trees: a long-lived one beside many short-lived ones of growing depth, all of them counted.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))
  (global $long (mut (ref null $tree)) (ref.null $tree))

  (func $build (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (else
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (struct.new $tree (call $build (local.get $depth)) (call $build (local.get $depth))))))

  (func $count (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (struct.get $tree $left (local.get $tree)))
      (then (i32.const 1))
      (else
        (i32.add (i32.const 1)
          (i32.add (call $count (struct.get $tree $left (local.get $tree)))
            (call $count (struct.get $tree $right (local.get $tree))))))))

  ;; Keeps a tree of that depth alive: 2^(depth + 1) nodes.
  (func (export "keep") (param $depth i32) (result i32)
    (global.set $long (call $build (local.get $depth)))
    (call $count (global.get $long)))

  (func (export "run") (param $rounds i32) (result i64)
    (local $total i64) (local $depth i32)
    (if (ref.is_null (global.get $long)) (then (global.set $long (call $build (i32.const 14)))))
    (loop $again
      (local.set $depth (i32.const 4))
      (loop $deeper
        (local.set $total
          (i64.add (local.get $total) (i64.extend_i32_u (call $count (call $build (local.get $depth))))))
        (br_if $deeper
          (i32.le_u (local.tee $depth (i32.add (local.get $depth) (i32.const 2))) (i32.const 12))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (i64.add (local.get $total) (i64.extend_i32_u (call $count (global.get $long))))))

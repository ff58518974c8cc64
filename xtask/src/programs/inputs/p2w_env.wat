;; What programs of p2w import for their output, by way of WASI. Floats are not printed.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; 0: the buffer list, 8: how many bytes were written, below 64: what to write.
  (func $write (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable))))

  (func (export "write_char") (param $byte i32)
    (i32.store8 (i32.const 63) (local.get $byte))
    (call $write (i32.const 63) (i32.const 1)))

  (func (export "write_i32") (param $value i32)
    (call $write_i64 (i64.extend_i32_s (local.get $value))))

  (func $write_i64 (export "write_i64") (param $value i64) (local $at i32) (local $rest i64)
    (local.set $at (i32.const 64))
    (local.set $rest
      (select (i64.sub (i64.const 0) (local.get $value)) (local.get $value) (i64.lt_s (local.get $value) (i64.const 0))))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i64.store8 (local.get $at) (i64.add (i64.const 0x30) (i64.rem_u (local.get $rest) (i64.const 10))))
      (br_if $digit (i64.ne (local.tee $rest (i64.div_u (local.get $rest) (i64.const 10))) (i64.const 0))))
    (if (i64.lt_s (local.get $value) (i64.const 0)) (then
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.const 0x2d))))
    (call $write (local.get $at) (i32.sub (i32.const 64) (local.get $at))))

  (func (export "write_f64") (param f64) unreachable)
  (func (export "f64_to_string") (param f64 i32) (result i32) unreachable)
  (func (export "f64_format_precision") (param f64 i32 i32) (result i32) unreachable)
  (func (export "math_pow") (param f64 f64) (result f64) unreachable))

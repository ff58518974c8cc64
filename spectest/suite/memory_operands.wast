;; Loads and stores whose address and value are both in flight, and addresses that wrap or do not.

(module
  (memory 1)
  (data (i32.const 0) "\01\02\03\04\05\06\07\08\f9\fa\fb\fc\fd\fe\ff\80")
  (global $g (mut i32) (i32.const 8))

  (func (export "store-computed") (param $p i32) (param $v i32) (result i32)
    (i32.store (i32.add (local.get $p) (i32.const 64)) (i32.mul (local.get $v) (i32.const 3)))
    (i32.load offset=64 (local.get $p)))

  (func (export "store-loaded") (param $p i32) (result i64)
    (i64.store (i32.shl (local.get $p) (i32.const 3)) (i64.load (i32.shl (i32.sub (local.get $p) (i32.const 9)) (i32.const 3))))
    (i64.load (i32.mul (local.get $p) (i32.const 8))))

  ;; The address is set while a get of it is pending.
  (func (export "store-then-advance") (param $p i32) (result i32) (local $q i32)
    (i32.store (local.get $p) (local.tee $p (i32.add (local.get $p) (i32.const 4))))
    (i32.load (i32.sub (local.get $p) (i32.const 4))))

  (func (export "read-modify-write") (param $p i32) (result i32)
    (i32.store (local.get $p) (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
    (i32.load (local.get $p)))

  ;; A store between a load and the use of what was loaded.
  (func (export "load-store-use") (param $p i32) (result i32)
    (i32.load8_u (local.get $p))
    (i32.store8 (local.get $p) (i32.const 0xee))
    (i32.add (i32.load8_u (local.get $p))))

  (func (export "float-through-integer") (param $x f64) (result i64)
    (f64.store (i32.const 200) (f64.mul (local.get $x) (f64.const -2)))
    (i64.load (i32.const 200)))

  (func (export "float-stored-address-computed") (param $p i32) (param $x f32) (result f32)
    (f32.store offset=4 (i32.add (local.get $p) (local.get $p)) (f32.sqrt (local.get $x)))
    (f32.load (i32.add (i32.mul (local.get $p) (i32.const 2)) (i32.const 4))))

  (func (export "sign-extensions") (param $p i32) (result i64)
    (i64.add
      (i64.add (i64.load8_s (local.get $p)) (i64.extend_i32_s (i32.load8_s offset=1 (local.get $p))))
      (i64.add (i64.load16_s offset=2 (local.get $p)) (i64.load32_s offset=4 (local.get $p)))))

  ;; An effective address is the sum of address and offset without wrapping; an added constant wraps.
  (func (export "added-wraps") (param $p i32) (result i32) (i32.load8_u (i32.add (local.get $p) (i32.const 16))))
  (func (export "offset-does-not") (param $p i32) (result i32) (i32.load8_u offset=16 (local.get $p)))
  (func (export "both") (param $p i32) (result i32) (i32.load8_u offset=4 (i32.add (local.get $p) (i32.const 16))))
  (func (export "subtracted") (param $p i32) (result i32) (i32.load8_u offset=8 (i32.sub (local.get $p) (i32.const 8))))
  (func (export "negative-added") (param $p i32) (result i32) (i32.load8_u (i32.add (local.get $p) (i32.const -3))))
  (func (export "added-global") (param $p i32) (result i32)
    (i32.load8_u (i32.add (global.get $g) (local.get $p))))
  (func (export "huge-offset") (param $p i32) (result i32) (i32.load offset=0xffffffff (local.get $p)))
  (func (export "last-byte") (param $p i32) (result i32) (i32.load8_u offset=65535 (local.get $p)))
  (func (export "last-word") (param $p i32) (result i64) (i64.load offset=65528 (local.get $p)))

  ;; The upper half of a wrapped 64-bit value is not part of the address.
  (func (export "wrapped-address") (param $p i64) (result i32) (i32.load8_u (i32.wrap_i64 (local.get $p))))
  (func (export "wrapped-indexed") (param $p i64) (param $i i64) (result i32)
    (i32.load8_u (i32.add (i32.wrap_i64 (local.get $p)) (i32.wrap_i64 (local.get $i)))))

  ;; The base moves when the memory grows, while operands wait.
  (func (export "grow-between") (param $p i32) (result i32)
    (i32.load8_u (local.get $p))
    (drop (memory.grow (i32.const 30)))
    (i32.store8 (i32.const 70000) (i32.const 5))
    (i32.add (i32.add (i32.load8_u (local.get $p)) (i32.load8_u (i32.const 70000)))))

  (func $grow-inside (memory.grow (i32.const 1)) (drop))
  (func (export "grow-in-callee") (result i32)
    (i32.load8_u (i32.const 7))
    (call $grow-inside)
    (i32.store8 (i32.mul (memory.size) (i32.const 65535)) (i32.const 9))
    (i32.add (i32.load8_u (i32.mul (memory.size) (i32.const 65535)))))
)

(assert_return (invoke "store-computed" (i32.const 100) (i32.const 7)) (i32.const 21))
(assert_return (invoke "store-loaded" (i32.const 10)) (i64.const 0x80fffefd_fcfbfaf9))
(assert_return (invoke "store-then-advance" (i32.const 256)) (i32.const 260))
(assert_return (invoke "read-modify-write" (i32.const 0)) (i32.const 0x0c0a0806))
(assert_return (invoke "load-store-use" (i32.const 9)) (i32.const 0x1e8))
(assert_return (invoke "float-through-integer" (f64.const 1)) (i64.const 0xc000_0000_0000_0000))
(assert_return (invoke "float-stored-address-computed" (i32.const 150) (f32.const 2.25)) (f32.const 1.5))
;; Byte 9 has been overwritten above.
(assert_return (invoke "sign-extensions" (i32.const 8)) (i64.const -2130707489))
(assert_return (invoke "added-wraps" (i32.const -16)) (i32.const 6))
(assert_trap (invoke "offset-does-not" (i32.const -16)) "out of bounds memory access")
(assert_return (invoke "both" (i32.const -16)) (i32.const 5))
(assert_trap (invoke "both" (i32.const -17)) "out of bounds memory access")
(assert_return (invoke "subtracted" (i32.const 12)) (i32.const 0xfd))
(assert_trap (invoke "subtracted" (i32.const 4)) "out of bounds memory access")
(assert_return (invoke "negative-added" (i32.const 3)) (i32.const 6))
(assert_trap (invoke "negative-added" (i32.const 2)) "out of bounds memory access")
(assert_return (invoke "added-global" (i32.const 4)) (i32.const 0xfd))
(assert_trap (invoke "huge-offset" (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "huge-offset" (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "huge-offset" (i32.const -1)) "out of bounds memory access")
(assert_return (invoke "last-byte" (i32.const 0)) (i32.const 0))
(assert_trap (invoke "last-byte" (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "last-word" (i32.const 0)) (i64.const 0))
(assert_trap (invoke "last-word" (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "wrapped-address" (i64.const 0x7_0000_0007)) (i32.const 8))
(assert_return (invoke "wrapped-indexed" (i64.const 0x7_0000_0007) (i64.const -1)) (i32.const 7))
(assert_return (invoke "grow-between" (i32.const 4)) (i32.const 15))
(assert_return (invoke "grow-in-callee") (i32.const 17))

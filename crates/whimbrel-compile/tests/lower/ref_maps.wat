;; At calls, allocations, throws and loops it is noted which slots hold references.
(module
  (type $node (struct (field (mut (ref null $node))) (field i32)))
  (tag $tag (param anyref))
  (global $root (mut anyref) (ref.null any))
  (func $callee (param anyref i32) (result anyref) (local.get 0))

  ;; Temporaries below the arguments; the result is not there yet.
  (func (param $p (ref $node)) (result i32)
    (struct.get $node 0 (local.get $p))
    (global.get $root)
    (drop (call $callee (local.get $p) (i32.const 1)))
    (drop)
    (ref.is_null))

  ;; A local that has no value yet is in no map; one that is read before it is written is zeroed, and in all.
  (func (param $n i32) (result anyref)
    (local $late anyref) (local $early anyref)
    (drop (call $callee (local.get $early) (i32.const 0)))
    (local.set $late (struct.new_default $node))
    (local.set $early (struct.new $node (ref.null $node) (local.get $n)))
    (drop (call $callee (local.get $late) (i32.const 0)))
    (local.get $early))

  ;; Operands of an allocation, and what lies below a loop.
  (func (param $n i32) (result (ref $node))
    (struct.new_default $node)
    (loop $again
      (call $callee (struct.new $node (struct.new_default $node) (i32.const 1)) (i32.const 2))
      (drop)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Functions, null, numbers and 31-bit integers.
  (func (result anyref)
    (local $f funcref)
    (local.set $f (ref.func $callee))
    (i64.const 1)
    (ref.i31 (i32.const 1))
    (ref.null any)
    (drop (call $callee (ref.null any) (i32.const 0)))
    (drop)
    (drop)
    (drop)
    (throw $tag (struct.new_default $node)))
  (elem declare func $callee))

;; Blocks with handlers emit nothing, and what they bring arrives in the label's homes.
(module
  (import "" "f" (func $f (param i32) (result i32)))
  (tag $e (param i32))
  (func (param i32) (result i32)
    (local.get 0)
    (block $h (result i32 exnref)
      (try_table (catch_ref $e $h)
        (return (call $f (local.get 0))))
      (unreachable))
    (drop) (i32.add))
  (func (param i32) (result i32)
    (try_table (result i32) (catch $e 0)
      (throw $e (i32.add (local.get 0) (i32.const 1))))))

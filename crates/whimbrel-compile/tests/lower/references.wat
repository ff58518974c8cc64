;; Null is zero; tests of references are comparisons with it.
(module
  (type $f (func (result i32)))
  (func $is_null (param externref) (result i32) (ref.is_null (local.get 0)))
  (func $call (param (ref null $f)) (result i32)
    (block $null
      (return (call_ref $f (br_on_null $null (local.get 0)))))
    (i32.const -1))
  (func $checked (param (ref null $f)) (result (ref $f)) (ref.as_non_null (local.get 0)))
  (func $func (result funcref) (ref.func $func))
  (export "func" (func $func)))

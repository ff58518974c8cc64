;; `select` takes its values from slots.
(module
  (func (param f32 f32 i32) (result f32)
    (select (local.get 0) (f32.const 0) (i32.ne (local.get 2) (i32.const 7)))
    (select (local.get 1) (f32.lt (local.get 0) (local.get 1)))))

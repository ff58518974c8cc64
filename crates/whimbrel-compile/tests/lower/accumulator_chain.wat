;; A value that one op makes for the next stays in the accumulator of its class.
(module
  (func (param f64 f64 i64) (result f64)
    (f64.div
      (f64.add (f64.mul (local.get 0) (local.get 1)) (f64.const 0.5))
      (f64.convert_i64_s (i64.add (local.get 2) (i64.const 1))))))

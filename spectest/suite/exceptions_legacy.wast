;; The withdrawn exception instructions: what a `try` covers, where its results go, and how exceptions go on.
(module
  (tag $e)
  (tag $a (param i32))
  (tag $b (param i32 i64))
  (func $throw (throw $e))
  (func $throw-a (param i32) (result i32) (throw $a (local.get 0)))
  (func $if-odd (param i32) (result i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (throw $a (local.get 0))))
    (local.get 0))

  ;; Results of the body and of each catch are in one place, above what the stack had before.
  (func (export "results") (param i32) (result i32 i64 i32)
    (local.get 0)
    try (result i64 i32)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a (i32.const 11))))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $b (i32.const 12) (i64.const 13))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (call $throw)))
        (i64.const 1) (i32.const 2)
      catch $a (i64.extend_i32_s) (i32.const 3)
      catch $b (drop) (i64.const 5) (br 0 (i64.const 6) (i32.const 7))
      catch_all (i64.const 8) (i32.const 9)
    end)

  ;; The catches themselves are not covered, nor is what follows.
  (func (export "in-catch") (param i32) (result i32)
    try (result i32)
       (call $if-odd (local.get 0))
      catch $a (call $if-odd)
    end)
  (func (export "behind") (param i32) (result i32)
    try (result i32) (local.get 0) catch_all (i32.const -1) end
    (call $if-odd))

  ;; A `try` without a catch is a block.
  (func (export "bare") (param i32) (result i32)
    try (result i32) (call $if-odd (local.get 0)) end)
  ;; Exceptions go on, from the catch that a label names.
  (func (export "rethrow") (param i32) (result i32)
    try (result i32)
        try (result i32)
           (throw $a (i32.const 1))
          catch $a
            (drop)
            try (result i32)
               (throw $b (i32.const 2) (i64.const 3))
              catch $b
                (drop) (drop)
                (if (local.get 0) (then (rethrow 1)))
                (block (rethrow 2))
                (i32.const 0)
            end
        end
      catch $a (i32.add (i32.const 100))
      catch $b (drop) (i32.add (i32.const 200))
    end)
  (func (export "rethrow-all") (result i32)
    (local $n i32)
    try (result i32)
        try
           (throw $a (i32.const 7))
          catch_all (local.set $n (i32.const 10)) (rethrow 0)
        end
        (i32.const 1)
      catch $a (i32.add (local.get $n))
    end)

  ;; Delegation skips what lies between.
  (func (export "delegate") (param i32) (result i32)
    try $outer (result i32)
        try (result i32)
            (block $plain (result i32)
              try $inner (result i32)
                  (if (i32.eq (local.get 0) (i32.const 0))
                    (then try  (call $throw) delegate $inner))
                  (if (i32.eq (local.get 0) (i32.const 1))
                    (then try  (call $throw) delegate $plain))
                  (if (i32.eq (local.get 0) (i32.const 2))
                    (then try  (call $throw) delegate $outer))
                  (if (i32.eq (local.get 0) (i32.const 3))
                    (then try  (call $throw) delegate 5))
                  (if (i32.eq (local.get 0) (i32.const 4))
                    (then try  (throw $a (i32.const 0)) catch $a (drop) try  (call $throw) delegate 0 end))
                  (i32.const 9)
                catch_all (i32.const 10)
              end)
          catch_all (i32.const 11)
        end
      catch_all (i32.const 12)
    end)

  ;; In a catch, delegating to its own `try` passes on to the next one outside.
  (func (export "delegate-from-catch") (result i32)
    try (result i32)
        try $t (result i32)
           (throw $a (i32.const 1))
          catch_all try (result i32) (throw $a (i32.const 2)) delegate $t
        end
      catch $a (i32.add (i32.const 20))
    end)

  ;; Bodies that always throw, catches that never end, code that is never reached.
  (func (export "dead") (result i32)
    try (result i32)
        (throw $e)
        try  (throw $e) catch_all (rethrow 0) end
      catch_all (return (i32.const 5))
    end)

  ;; A loop in a catch, with the exception going on in the end.
  (func (export "loop") (param $n i32) (result i32)
    (local $sum i32)
    try (result i32)
        try (result i32)
           (throw $a (i32.const 3))
          catch $a
            (loop $l (param i32) (result i32)
              (local.set $sum (i32.add (local.get $sum)))
              (br_if $l (i32.const 4) (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (drop)
            (rethrow 0)
        end
      catch $a (i32.add (local.get $sum))
    end)
)

(assert_return (invoke "results" (i32.const 0)) (i32.const 0) (i64.const 1) (i32.const 2))
(assert_return (invoke "results" (i32.const 1)) (i32.const 1) (i64.const 11) (i32.const 3))
(assert_return (invoke "results" (i32.const 2)) (i32.const 2) (i64.const 6) (i32.const 7))
(assert_return (invoke "results" (i32.const 3)) (i32.const 3) (i64.const 8) (i32.const 9))
(assert_return (invoke "in-catch" (i32.const 2)) (i32.const 2))
(assert_exception (invoke "in-catch" (i32.const 3)))
(assert_return (invoke "behind" (i32.const 2)) (i32.const 2))
(assert_exception (invoke "behind" (i32.const 3)))
(assert_return (invoke "bare" (i32.const 2)) (i32.const 2))
(assert_exception (invoke "bare" (i32.const 3)))
(assert_return (invoke "rethrow" (i32.const 0)) (i32.const 101))
(assert_return (invoke "rethrow" (i32.const 1)) (i32.const 202))
(assert_return (invoke "rethrow-all") (i32.const 17))
(assert_return (invoke "delegate" (i32.const 0)) (i32.const 10))
(assert_return (invoke "delegate" (i32.const 1)) (i32.const 11))
(assert_return (invoke "delegate" (i32.const 2)) (i32.const 12))
(assert_exception (invoke "delegate" (i32.const 3)))
(assert_return (invoke "delegate" (i32.const 4)) (i32.const 10))
(assert_return (invoke "delegate" (i32.const 5)) (i32.const 9))
(assert_return (invoke "delegate-from-catch") (i32.const 22))
(assert_return (invoke "dead") (i32.const 5))
(assert_return (invoke "loop" (i32.const 3)) (i32.const 14))

;; A catch keeps a reference below the payload where something is thrown again, and delegation is an entry of the table.
(module
  (import "" "f" (func $f))
  (tag $e (param i32))
  (func (result i32)
    try (result i32)
      call $f
      i32.const 1
    catch $e
    catch_all
      rethrow 0
    end)
  (func
    try $outer
      try
        try
          call $f
        delegate $outer
      catch_all
      end
    catch_all
    end))

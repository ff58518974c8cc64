;; What modules of AssemblyScript import where there is no JavaScript: a failed assertion traps, and messages go nowhere.
(module
  (func (export "abort") (param $message i32) (param $file i32) (param $line i32) (param $column i32)
    unreachable)
  (func (export "console.log") (param $text i32)))

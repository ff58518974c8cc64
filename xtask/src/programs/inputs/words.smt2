; Two questions about 32-bit words: one identity, one factorisation.
(set-logic QF_BV)
(declare-const x (_ BitVec 32))
(declare-const y (_ BitVec 32))
; Unsatisfiable: a sum is the bits that differ plus twice the bits in common.
(push 1)
(assert (distinct (bvadd x y) (bvadd (bvxor x y) (bvshl (bvand x y) (_ bv1 32)))))
(check-sat)
(pop 1)
; Satisfiable: 16769009 is 4091 times 4099.
(push 1)
(assert (bvult (_ bv1 32) x))
(assert (bvult x (_ bv8192 32)))
(assert (bvult (_ bv1 32) y))
(assert (bvult y (_ bv8192 32)))
(assert (= (bvmul x y) (_ bv16769009 32)))
(check-sat)
(pop 1)

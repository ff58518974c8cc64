//! The contract between whimbrel's compiler and its engine: ops, operand shapes, code, printer and verifier.
#![no_std]
#![forbid(unsafe_code)]

//! Whimbrel's store, instances, memories and executor.
#![no_std]

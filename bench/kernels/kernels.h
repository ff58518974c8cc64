// What every kernel starts with: fixed-width integers, and the exported function `run`, whose argument is how much to do
// and whose result depends on all that was done.
#ifndef KERNELS_H
#define KERNELS_H
#include <stddef.h>
#include <stdint.h>

__attribute__((export_name("run"))) uint64_t run(uint32_t rounds);

// Marsaglia's xorshift.
static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

// A double's bits, so that results of floating-point kernels compare exactly.
static inline uint64_t bits_of(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}
#endif

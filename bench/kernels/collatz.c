// Integer loop: how long the longest Collatz sequence is.
#include "kernels.h"

uint64_t run(uint32_t rounds) {
    uint64_t best = 0;
    for (uint32_t start = 1; start <= rounds; start++) {
        uint64_t value = start, steps = 0;
        for (; value != 1; steps++) {
            value = value & 1 ? 3 * value + 1 : value >> 1;
        }
        if (steps << 32 > (best & ~0xFFFFFFFFull)) {
            best = steps << 32 | start;
        }
    }
    return best;
}

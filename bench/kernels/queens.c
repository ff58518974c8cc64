// Recursion with bit sets: the queens problem.
#include "kernels.h"

__attribute__((noinline)) static uint32_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
    if (columns == all) {
        return 1;
    }
    uint32_t solutions = 0;
    for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
        uint32_t queen = free & -free;
        solutions += place(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return solutions;
}

uint64_t run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = sum * 7 + place((1u << (7 + round % 3)) - 1, 0, 0, 0);
    }
    return sum;
}

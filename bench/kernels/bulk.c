// Bulk copies and fills of several sizes.
#include "kernels.h"

enum { SIZE = 1 << 16 };
static uint8_t from[SIZE], to[SIZE];

uint64_t run(uint32_t rounds) {
    uint32_t seed = 3;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t random = next_random(&seed);
        uint32_t len = 1u << (random % 15), at = (random >> 8) % (SIZE - len);
        __builtin_memset(from + at, (int)(random >> 24), len);
        __builtin_memcpy(to + (random >> 16) % (SIZE - len), from + at, len);
        __builtin_memmove(to + at, to + at / 2, len);
        sum = sum * 31 + to[random % SIZE];
    }
    return sum;
}

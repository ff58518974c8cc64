// 64-bit arithmetic: modular powers with multiplication, division and remainder.
#include "kernels.h"

static uint64_t times(uint64_t a, uint64_t b, uint64_t modulus) {
    uint64_t high = (a >> 16) * b % modulus;
    return ((high << 16) + (a & 0xFFFF) * b) % modulus;
}

uint64_t run(uint32_t rounds) {
    const uint64_t modulus = 0x3FFFFFFFFFFDull;
    uint64_t sum = 1;
    for (uint32_t round = 1; round <= rounds; round++) {
        uint64_t base = (sum ^ round) % 0xFFFFFFFFull + 2, power = 1;
        for (uint64_t exponent = 0x1FFFFF - round % 1000; exponent; exponent >>= 1) {
            if (exponent & 1) {
                power = times(power & 0xFFFFFFFF, base & 0xFFFFFFFF, modulus);
            }
            base = times(base & 0xFFFFFFFF, base & 0xFFFFFFFF, modulus);
        }
        sum = sum * 6364136223846793005ull + power / (round | 1);
    }
    return sum;
}

// Branches and bytes: the sieve of Eratosthenes.
#include "kernels.h"

enum { SIZE = 1 << 16 };
static uint8_t composite[SIZE];

uint64_t run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < SIZE; i++) {
            composite[i] = 0;
        }
        for (uint32_t i = 2; i < SIZE; i++) {
            if (composite[i]) {
                continue;
            }
            sum += i ^ round;
            for (uint32_t multiple = i * 2; multiple < SIZE; multiple += i) {
                composite[multiple] = 1;
            }
        }
    }
    return sum;
}

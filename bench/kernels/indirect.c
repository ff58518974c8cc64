// Indirect calls through a table of functions.
#include "kernels.h"

typedef uint32_t (*operation)(uint32_t, uint32_t);

static uint32_t plus(uint32_t a, uint32_t b) { return a + b; }
static uint32_t minus(uint32_t a, uint32_t b) { return a - b; }
static uint32_t times(uint32_t a, uint32_t b) { return a * b | 1; }
static uint32_t either(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t turned(uint32_t a, uint32_t b) { return a << (b & 31) | a >> (-b & 31); }

static operation volatile operations[] = {plus, minus, times, either, turned};

uint64_t run(uint32_t rounds) {
    uint32_t seed = 5, value = 1;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t random = next_random(&seed);
        value = operations[random % 5](value, random);
    }
    return value;
}

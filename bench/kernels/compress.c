// Compression in the manner of LZ77: hashes of four bytes, matches, literals.
#include "kernels.h"

enum { SIZE = 1 << 14, HASH_BITS = 12 };
static uint8_t input[SIZE + 4], output[2 * SIZE];
static uint16_t last[1 << HASH_BITS];

static uint32_t compress(void) {
    uint32_t written = 0, at = 0;
    for (int i = 0; i < 1 << HASH_BITS; i++) {
        last[i] = 0;
    }
    while (at < SIZE) {
        uint32_t word;
        __builtin_memcpy(&word, input + at, 4);
        uint32_t slot = word * 2654435761u >> (32 - HASH_BITS), before = last[slot], len = 0;
        last[slot] = (uint16_t)at;
        if (before < at) {
            while (at + len < SIZE && len < 255 && input[before + len] == input[at + len]) {
                len++;
            }
        }
        if (len >= 4) {
            output[written++] = (uint8_t)len;
            output[written++] = (uint8_t)(at - before);
            output[written++] = (uint8_t)((at - before) >> 8);
            at += len;
        } else {
            output[written++] = 0;
            output[written++] = input[at++];
        }
    }
    return written;
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 11;
    for (int i = 0; i < SIZE; i++) {
        uint32_t random = next_random(&seed);
        input[i] = i > 64 && random % 8 ? input[i - 1 - (random >> 8) % 3 * 16] : (uint8_t)(random >> 20);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t written = compress();
        sum = sum * 31 + written + output[written / 2];
        input[next_random(&seed) % SIZE] ^= 1;
    }
    return sum;
}

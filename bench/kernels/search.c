// Byte loads and skips: the Horspool string search.
#include "kernels.h"

enum { SIZE = 1 << 14, NEEDLE = 9 };
static uint8_t text[SIZE];

uint64_t run(uint32_t rounds) {
    uint32_t seed = 7;
    for (int i = 0; i < SIZE; i++) {
        text[i] = "abcdefgh"[next_random(&seed) >> 13 & 7];
    }
    uint64_t found = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint8_t *needle = text + next_random(&seed) % (SIZE - NEEDLE);
        uint8_t skip[256];
        for (int i = 0; i < 256; i++) {
            skip[i] = NEEDLE;
        }
        for (int i = 0; i < NEEDLE - 1; i++) {
            skip[needle[i]] = (uint8_t)(NEEDLE - 1 - i);
        }
        for (int at = 0; at + NEEDLE <= SIZE; at += skip[text[at + NEEDLE - 1]]) {
            int i = NEEDLE - 1;
            while (i >= 0 && text[at + i] == needle[i]) {
                i--;
            }
            if (i < 0) {
                found = found * 31 + (uint64_t)at;
            }
        }
    }
    return found;
}

// 64-bit rotations and additions: SipHash over messages of many lengths.
#include "kernels.h"

static uint8_t message[256];

static inline uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static inline void mix(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

__attribute__((noinline)) static uint64_t siphash(const uint8_t *bytes, uint32_t len, uint64_t k0, uint64_t k1) {
    uint64_t v[4] = {k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573};
    uint32_t at = 0;
    for (; at + 8 <= len; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes + at, 8);
        v[3] ^= word;
        mix(v);
        mix(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)len << 56;
    for (int shift = 0; at < len; at++, shift += 8) {
        last |= (uint64_t)bytes[at] << shift;
    }
    v[3] ^= last;
    mix(v);
    mix(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    for (int i = 0; i < 4; i++) {
        mix(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t run(uint32_t rounds) {
    uint64_t key = 1;
    for (int i = 0; i < 256; i++) {
        message[i] = (uint8_t)(i * 7);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        key = siphash(message, round % 256, key, ~key);
    }
    return key;
}

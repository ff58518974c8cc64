// Fixed-point arithmetic: discrete cosine transforms of blocks, there and back, as in a picture's decoder.
#include "kernels.h"

enum { SIDE = 8, BLOCKS = 64 };
static int16_t blocks[BLOCKS][SIDE * SIDE];
static int32_t basis[SIDE][SIDE];
static const uint8_t steps[SIDE] = {16, 12, 14, 18, 24, 49, 64, 72};

static void rows(const int32_t *from, int32_t *to, int back) {
    for (int row = 0; row < SIDE; row++) {
        for (int k = 0; k < SIDE; k++) {
            int32_t sum = 0;
            for (int n = 0; n < SIDE; n++) {
                sum += from[row * SIDE + n] * (back ? basis[n][k] : basis[k][n]);
            }
            // Written across, so that two passes do rows and columns.
            to[k * SIDE + row] = (sum + 2048) >> 12;
        }
    }
}

static void transform(int16_t *block) {
    int32_t values[SIDE * SIDE], half[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        values[i] = block[i] - 128;
    }
    rows(values, half, 0);
    rows(half, values, 0);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int32_t step = steps[(i / SIDE + i % SIDE) / 2];
        values[i] = values[i] / step * step;
    }
    rows(values, half, 1);
    rows(half, values, 1);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int32_t pixel = values[i] + 128;
        block[i] = (int16_t)(pixel < 0 ? 0 : pixel > 255 ? 255 : pixel);
    }
}

uint64_t run(uint32_t rounds) {
    // Cosines of multiples of pi / 16, times the factor of an orthonormal basis, in 4096ths.
    static const int16_t cosines[SIDE] = {1448, 2009, 1892, 1703, 1448, 1138, 784, 400};
    for (int k = 0; k < SIDE; k++) {
        for (int n = 0; n < SIDE; n++) {
            int angle = k ? (2 * n + 1) * k % 32 : 0, mirrored = angle > 16 ? 32 - angle : angle;
            int32_t value = mirrored == 8 ? 0 : mirrored < 8 ? cosines[mirrored] : -cosines[16 - mirrored];
            basis[k][n] = k == 0 ? 1448 : mirrored == 0 ? 2048 : value;
        }
    }
    uint32_t seed = 13;
    for (int i = 0; i < BLOCKS * SIDE * SIDE; i++) {
        blocks[i / (SIDE * SIDE)][i % (SIDE * SIDE)] = (int16_t)((next_random(&seed) >> 26) + (uint32_t)i % SIDE * 20);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        int16_t *block = blocks[round % BLOCKS];
        transform(block);
        sum = sum * 31 + (uint64_t)block[round % (SIDE * SIDE)];
    }
    return sum;
}

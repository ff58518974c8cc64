// Vector instructions: a blur over bytes, and products of single-precision vectors.
#include "kernels.h"
#include <wasm_simd128.h>

enum { WIDTH = 256, HEIGHT = 32, FLOATS = 1024 };
static uint8_t image[HEIGHT + 2][WIDTH + 16], blurred[HEIGHT][WIDTH];
static float x[FLOATS], y[FLOATS];

static void blur(void) {
    for (int row = 0; row < HEIGHT; row++) {
        for (int column = 0; column < WIDTH; column += 16) {
            v128_t above = wasm_v128_load(&image[row][column]), below = wasm_v128_load(&image[row + 2][column]);
            v128_t left = wasm_v128_load(&image[row + 1][column]), right = wasm_v128_load(&image[row + 1][column + 2]);
            v128_t around = wasm_u8x16_avgr(wasm_u8x16_avgr(above, below), wasm_u8x16_avgr(left, right));
            v128_t here = wasm_v128_load(&image[row + 1][column + 1]);
            v128_t edge = wasm_u8x16_gt(wasm_u8x16_sub_sat(here, around), wasm_u8x16_splat(24));
            wasm_v128_store(&blurred[row][column], wasm_v128_bitselect(here, wasm_u8x16_avgr(here, around), edge));
        }
    }
}

static float product(float scale) {
    v128_t sum = wasm_f32x4_splat(0), factor = wasm_f32x4_splat(scale);
    for (int i = 0; i < FLOATS; i += 4) {
        v128_t left = wasm_v128_load(&x[i]), right = wasm_f32x4_mul(wasm_v128_load(&y[i]), factor);
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(left, right));
        wasm_v128_store(&y[i], wasm_f32x4_min(right, wasm_f32x4_splat(4)));
    }
    return wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 2) +
           wasm_f32x4_extract_lane(sum, 3);
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 9;
    for (int i = 0; i < (HEIGHT + 2) * (WIDTH + 16); i++) {
        (&image[0][0])[i] = (uint8_t)(next_random(&seed) >> 24);
    }
    for (int i = 0; i < FLOATS; i++) {
        x[i] = (float)(next_random(&seed) >> 20) / 4096;
        y[i] = (float)(next_random(&seed) >> 20) / 1024;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        blur();
        double dot = product(round & 1 ? 1.25f : 0.8f);
        for (int i = 0; i < WIDTH; i += 31) {
            sum = sum * 31 + blurred[round % HEIGHT][i];
            image[round % HEIGHT + 1][i] ^= (uint8_t)sum;
        }
        sum ^= bits_of(dot);
    }
    return sum;
}

// Double-precision matrix product.
#include "kernels.h"

enum { SIDE = 64 };
static double a[SIDE][SIDE], b[SIDE][SIDE], product[SIDE][SIDE];

uint64_t run(uint32_t rounds) {
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (i * 7 + j * 3) % 11 * 0.25;
            b[i][j] = (i * 5 + j) % 13 * 0.125;
        }
    }
    double trace = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                double sum = 0;
                for (int k = 0; k < SIDE; k++) {
                    sum += a[i][k] * b[k][j];
                }
                product[i][j] = sum;
            }
        }
        trace += product[round % SIDE][round % SIDE];
        a[round % SIDE][0] += 0.5;
    }
    return bits_of(trace);
}

// Double-precision chains with a branch: points of the Mandelbrot set.
#include "kernels.h"

enum { SIDE = 48, LIMIT = 200 };

uint64_t run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int row = 0; row < SIDE; row++) {
            for (int column = 0; column < SIDE; column++) {
                double c_re = -2.0 + 3.0 * column / SIDE, c_im = -1.5 + 3.0 * row / SIDE + round * 1e-4;
                double re = 0, im = 0;
                int count = 0;
                while (count < LIMIT && re * re + im * im < 4.0) {
                    double next = re * re - im * im + c_re;
                    im = 2.0 * re * im + c_im;
                    re = next;
                    count++;
                }
                sum = sum * 31 + (uint64_t)count;
            }
        }
    }
    return sum;
}

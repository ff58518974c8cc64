// Memory traffic: Conway's game of life on a torus, a byte a cell.
#include "kernels.h"

enum { WIDTH = 96, HEIGHT = 64 };
static uint8_t cells[2][HEIGHT][WIDTH];

static uint32_t step(uint8_t (*from)[WIDTH], uint8_t (*to)[WIDTH]) {
    uint32_t alive = 0;
    for (int row = 0; row < HEIGHT; row++) {
        const uint8_t *above = from[(row + HEIGHT - 1) % HEIGHT], *here = from[row], *below = from[(row + 1) % HEIGHT];
        for (int column = 0; column < WIDTH; column++) {
            int left = column ? column - 1 : WIDTH - 1, right = column + 1 < WIDTH ? column + 1 : 0;
            int around = above[left] + above[column] + above[right] + here[left] + here[right] + below[left] +
                         below[column] + below[right];
            to[row][column] = around == 3 || (around == 2 && here[column]);
            alive += to[row][column];
        }
    }
    return alive;
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 21;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        (&cells[0][0][0])[i] = next_random(&seed) % 3 == 0;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = sum * 31 + step(cells[round % 2], cells[1 - round % 2]);
    }
    return sum;
}

// Recursion over an array with unpredictable branches.
#include "kernels.h"

enum { COUNT = 4096 };
static int32_t values[COUNT];

static void sort(int32_t *low, int32_t *high) {
    while (low < high) {
        int32_t pivot = low[(high - low) / 2], *i = low - 1, *j = high + 1;
        for (;;) {
            do { i++; } while (*i < pivot);
            do { j--; } while (*j > pivot);
            if (i >= j) {
                break;
            }
            int32_t swapped = *i;
            *i = *j;
            *j = swapped;
        }
        sort(low, j);
        low = j + 1;
    }
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 99;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < COUNT; i++) {
            values[i] = (int32_t)next_random(&seed);
        }
        sort(values, values + COUNT - 1);
        for (int i = 0; i < COUNT; i += 64) {
            sum = sum * 33 + (uint32_t)values[i];
        }
    }
    return sum;
}

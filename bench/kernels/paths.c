// Memory traffic and integer minima: all shortest paths of a graph, after Floyd and Warshall.
#include "kernels.h"

enum { NODES = 64 };
static int32_t distance[NODES][NODES];

uint64_t run(uint32_t rounds) {
    uint32_t seed = 17;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < NODES; i++) {
            for (int j = 0; j < NODES; j++) {
                uint32_t random = next_random(&seed);
                distance[i][j] = i == j ? 0 : random % 5 == 0 ? (int32_t)(random >> 8 & 1023) : 1 << 20;
            }
        }
        for (int via = 0; via < NODES; via++) {
            for (int i = 0; i < NODES; i++) {
                for (int j = 0; j < NODES; j++) {
                    int32_t around = distance[i][via] + distance[via][j];
                    if (around < distance[i][j]) {
                        distance[i][j] = around;
                    }
                }
            }
        }
        sum = sum * 31 + (uint32_t)(distance[0][NODES - 1] + distance[NODES / 2][1]);
    }
    return sum;
}

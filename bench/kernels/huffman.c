// Compression: a text encoded with Huffman's code, bit by bit, and decoded again.
#include "kernels.h"

enum { SIZE = 8192, SYMBOLS = 64 };
typedef struct { uint32_t weight; int16_t left, right, parent; } tree_node;
static uint8_t text[SIZE], packed[SIZE * 2], unpacked[SIZE];
static tree_node tree[2 * SYMBOLS];
static uint32_t codes[SYMBOLS];
static uint8_t lengths[SYMBOLS];

static int build(void) {
    int nodes = SYMBOLS;
    for (int i = 0; i < SYMBOLS; i++) {
        tree[i] = (tree_node){1, -1, -1, -1};
    }
    for (int i = 0; i < SIZE; i++) {
        tree[text[i]].weight++;
    }
    for (; nodes < 2 * SYMBOLS - 1; nodes++) {
        int low = -1, next = -1;
        for (int i = 0; i < nodes; i++) {
            if (tree[i].parent >= 0) {
                continue;
            }
            if (low < 0 || tree[i].weight < tree[low].weight) {
                next = low;
                low = i;
            } else if (next < 0 || tree[i].weight < tree[next].weight) {
                next = i;
            }
        }
        tree[nodes] = (tree_node){tree[low].weight + tree[next].weight, (int16_t)low, (int16_t)next, -1};
        tree[low].parent = tree[next].parent = (int16_t)nodes;
    }
    for (int i = 0; i < SYMBOLS; i++) {
        codes[i] = lengths[i] = 0;
        for (int at = i; tree[at].parent >= 0; at = tree[at].parent) {
            codes[i] |= (uint32_t)(tree[tree[at].parent].right == at) << lengths[i]++;
        }
    }
    return nodes - 1;
}

static uint32_t encode(void) {
    uint64_t bits = 0;
    uint32_t held = 0, written = 0;
    for (int i = 0; i < SIZE; i++) {
        bits = bits << lengths[text[i]] | codes[text[i]];
        for (held += lengths[text[i]]; held >= 8; held -= 8) {
            packed[written++] = (uint8_t)(bits >> (held - 8));
        }
    }
    packed[written++] = (uint8_t)(bits << (8 - held));
    return written;
}

static void decode(int root) {
    uint32_t bit = 0;
    for (int i = 0; i < SIZE; i++) {
        int at = root;
        while (tree[at].left >= 0) {
            at = packed[bit / 8] >> (7 - bit % 8) & 1 ? tree[at].right : tree[at].left;
            bit++;
        }
        unpacked[i] = (uint8_t)at;
    }
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 41;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < SIZE; i++) {
            uint32_t random = next_random(&seed);
            text[i] = (uint8_t)(__builtin_ctz(random | 1 << 5) * 8 + (random >> 29));
        }
        int root = build();
        uint32_t written = encode();
        decode(root);
        int wrong = 0;
        for (int i = 0; i < SIZE; i++) {
            wrong += unpacked[i] != text[i];
        }
        sum = sum * 31 + written + (uint64_t)wrong * 1000000007;
    }
    return sum;
}

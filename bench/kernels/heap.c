// Sorting through a comparison function, as in a C library: records in a binary heap.
#include "kernels.h"

enum { COUNT = 2000 };
typedef struct { uint32_t key; uint16_t group, index; } record;
typedef int (*comparison)(const void *, const void *);
static record records[COUNT];

static int by_key(const void *a, const void *b) {
    const record *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static int by_group(const void *a, const void *b) {
    const record *x = a, *y = b;
    return x->group != y->group ? x->group - y->group : x->index - y->index;
}

static void swap(uint8_t *a, uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

__attribute__((noinline)) static void sort(void *base, size_t count, size_t size, comparison compare) {
    uint8_t *items = base;
    for (size_t built = count / 2, left = count; left > 1;) {
        size_t parent = 0;
        if (built > 0) {
            parent = --built;
        } else {
            left--;
            swap(items, items + left * size, size);
        }
        for (size_t child = parent * 2 + 1; child < left; parent = child, child = parent * 2 + 1) {
            if (child + 1 < left && compare(items + child * size, items + (child + 1) * size) < 0) {
                child++;
            }
            if (compare(items + parent * size, items + child * size) >= 0) {
                break;
            }
            swap(items + parent * size, items + child * size, size);
        }
    }
}

uint64_t run(uint32_t rounds) {
    static comparison volatile comparisons[] = {by_key, by_group};
    uint32_t seed = 8;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < COUNT; i++) {
            uint32_t random = next_random(&seed);
            records[i] = (record){random, (uint16_t)(random % 100), (uint16_t)i};
        }
        sort(records, COUNT, sizeof(record), comparisons[round % 2]);
        sum = sum * 31 + records[0].key + records[COUNT / 2].key * 3 + records[COUNT - 1].index;
    }
    return sum;
}

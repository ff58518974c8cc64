// Hashing: a table of strings with open addressing that grows, as in a compiler's symbol table.
#include "kernels.h"

enum { NAMES = 2000, NAME = 12, SLOTS = 1 << 12 };
typedef struct { uint32_t hash; const char *name; uint32_t count; } entry;
static char names[NAMES][NAME];
static entry arena[2 * SLOTS];
static entry *slots;
static uint32_t capacity, used;

static uint32_t hash(const char *name) {
    uint32_t value = 2166136261u;
    while (*name) {
        value = (value ^ (uint8_t)*name++) * 16777619u;
    }
    return value | 1;
}

static int same(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++, b++;
    }
    return *a == *b;
}

static entry *find(const char *name, uint32_t of) {
    uint32_t at = of & (capacity - 1);
    while (slots[at].hash && (slots[at].hash != of || !same(slots[at].name, name))) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

static void grow(void) {
    entry *old = slots;
    uint32_t before = capacity;
    capacity *= 2;
    slots = slots == arena ? arena + SLOTS : arena;
    for (uint32_t i = 0; i < capacity; i++) {
        slots[i] = (entry){0};
    }
    for (uint32_t i = 0; i < before; i++) {
        if (old[i].hash) {
            *find(old[i].name, old[i].hash) = old[i];
        }
    }
}

static void count(const char *name) {
    uint32_t of = hash(name);
    entry *slot = find(name, of);
    if (!slot->hash) {
        if (++used * 4 > capacity * 3) {
            grow();
            slot = find(name, of);
        }
        slot->hash = of;
        slot->name = name;
    }
    slot->count++;
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 31;
    for (int i = 0; i < NAMES; i++) {
        uint32_t len = 3 + next_random(&seed) % (NAME - 4);
        for (uint32_t j = 0; j < len; j++) {
            names[i][j] = (char)('a' + next_random(&seed) % 6);
        }
        names[i][len] = 0;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        slots = arena;
        capacity = 64;
        used = 0;
        for (uint32_t i = 0; i < capacity; i++) {
            slots[i] = (entry){0};
        }
        for (int i = 0; i < NAMES * 2; i++) {
            count(names[next_random(&seed) % NAMES]);
        }
        sum = sum * 31 + used + find(names[round % NAMES], hash(names[round % NAMES]))->count;
    }
    return sum;
}

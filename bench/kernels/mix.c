// A mix of what small devices do: a linked list that is sorted and searched, a matrix of integers, a state machine over text,
// and a checksum over all of it.
#include "kernels.h"

enum { ITEMS = 120, SIDE = 24, TEXT = 600 };
typedef struct item { struct item *next; int16_t value, place; } item;
static item items[ITEMS];
static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t c[SIDE][SIDE];
static char text[TEXT + 1];

static uint16_t checksum(uint16_t crc, uint32_t value) {
    for (int i = 0; i < 16; i++, value >>= 1) {
        crc = (crc ^ value) & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
    }
    return crc;
}

static item *sorted(item *list, int by_value) {
    for (int run = 1;; run *= 2) {
        item *rest = list, *head = NULL, **tail = &head;
        int merges = 0;
        while (rest) {
            item *left = rest, *right = rest;
            int left_len = 0, right_len = run;
            while (left_len < run && right) {
                left_len++;
                right = right->next;
            }
            merges++;
            while (left_len > 0 || (right_len > 0 && right)) {
                int take_left = left_len > 0 && (right_len == 0 || !right ||
                    (by_value ? left->value <= right->value : left->place <= right->place));
                item **from = take_left ? &left : &right;
                *(take_left ? &left_len : &right_len) -= 1;
                *tail = *from;
                tail = &(*from)->next;
                *from = (*from)->next;
            }
            rest = right;
        }
        *tail = NULL;
        list = head;
        if (merges <= 1) {
            return list;
        }
    }
}

static uint16_t lists(uint16_t crc, uint32_t *seed) {
    for (int i = 0; i < ITEMS; i++) {
        items[i] = (item){i + 1 < ITEMS ? &items[i + 1] : NULL, (int16_t)next_random(seed), (int16_t)i};
    }
    item *list = sorted(items, 1);
    for (int looked_for = 0; looked_for < ITEMS; looked_for += 5) {
        int steps = 0;
        for (const item *at = list; at && at->place != looked_for; at = at->next) {
            steps++;
        }
        crc = checksum(crc, (uint32_t)steps);
    }
    list = sorted(list, 0);
    return checksum(crc, (uint32_t)list->next->value);
}

static uint16_t matrices(uint16_t crc, uint32_t *seed) {
    int16_t offset = (int16_t)(next_random(seed) & 15);
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)(i * j + offset);
            b[i][j] = (int16_t)(i - j * offset);
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++) {
                sum += a[i][k] * b[k][j];
            }
            c[i][j] = sum >> 2 & 0x7FFF;
        }
    }
    for (int i = 0; i < SIDE; i++) {
        crc = checksum(crc, (uint32_t)(c[i][i] + c[i][SIDE - 1 - i]));
    }
    return crc;
}

typedef enum { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES } state;

static state next(state now, char byte) {
    int digit = byte >= '0' && byte <= '9';
    switch (now) {
    case START: return digit ? INTEGER : byte == '+' || byte == '-' ? SIGN : byte == '.' ? POINT : INVALID;
    case SIGN: return digit ? INTEGER : byte == '.' ? POINT : INVALID;
    case INTEGER: return digit ? INTEGER : byte == '.' ? FRACTION : byte == 'e' ? EXPONENT : INVALID;
    case POINT:
    case FRACTION: return digit ? FRACTION : byte == 'e' && now == FRACTION ? EXPONENT : INVALID;
    case EXPONENT: return digit || byte == '-' ? POWER : INVALID;
    case POWER: return digit ? POWER : INVALID;
    default: return INVALID;
    }
}

static uint16_t states(uint16_t crc, uint32_t *seed) {
    static const char *const samples[] = {"512,", "-3.75,", "+.125,", "6e-21,", "2.5e7,", "x99,", "7..2,", "-e5,"};
    int len = 0;
    while (len + 8 < TEXT) {
        const char *sample = samples[next_random(seed) >> 29];
        while (*sample) {
            text[len++] = *sample++;
        }
    }
    uint32_t counts[STATES] = {0};
    state now = START;
    for (int i = 0; i < len; i++) {
        if (text[i] == ',') {
            counts[now]++;
            now = START;
        } else {
            now = next(now, text[i]);
        }
    }
    for (int i = 0; i < STATES; i++) {
        crc = checksum(crc, counts[i]);
    }
    return crc;
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 66;
    uint16_t crc = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        crc = lists(crc, &seed);
        crc = matrices(crc, &seed);
        crc = states(crc, &seed);
    }
    return crc;
}

// 64-bit products and carries: digits of pi with numbers of many words.
#include "kernels.h"

enum { WORDS = 320 };
typedef struct { uint32_t word[WORDS]; } number;

static void divide(number *of, uint32_t by) {
    uint64_t rest = 0;
    for (int i = 0; i < WORDS; i++) {
        rest = rest << 32 | of->word[i];
        of->word[i] = (uint32_t)(rest / by);
        rest %= by;
    }
}

static void multiply(number *of, uint32_t by) {
    uint64_t carry = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        carry += (uint64_t)of->word[i] * by;
        of->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void accumulate(number *to, const number *from, int negative) {
    int64_t carry = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        carry += (int64_t)to->word[i] + (negative ? -(int64_t)from->word[i] : (int64_t)from->word[i]);
        to->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static int is_zero(const number *of) {
    for (int i = 0; i < WORDS; i++) {
        if (of->word[i]) {
            return 0;
        }
    }
    return 1;
}

// Adds `factor` times the arc tangent of 1 / `x`.
static void arctan(number *sum, uint32_t factor, uint32_t x, int negative, uint32_t limit) {
    static number power, term;
    power = (number){{factor}};
    divide(&power, x);
    for (uint32_t n = 1; n < limit && !is_zero(&power); n += 2) {
        term = power;
        divide(&term, n);
        accumulate(sum, &term, (n / 2 & 1) ^ negative);
        divide(&power, x * x);
    }
}

uint64_t run(uint32_t rounds) {
    static number pi;
    pi = (number){{0}};
    arctan(&pi, 16, 5, 0, rounds);
    arctan(&pi, 4, 239, 1, rounds);
    uint64_t digits = 0;
    for (int i = 0; i < 200; i++) {
        digits = digits * 31 + pi.word[0];
        pi.word[0] = 0;
        multiply(&pi, 10);
    }
    return digits;
}

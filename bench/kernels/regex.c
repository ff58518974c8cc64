// A regular-expression engine: patterns compiled to a small machine whose threads run side by side over a text.
#include "kernels.h"

enum { TEXT = 4096, CODE = 128 };
typedef enum { CHAR, ANY, CLASS, MATCH, JUMP, SPLIT } opcode;
typedef struct { opcode op; uint8_t low, high; int16_t x, y; } instruction;
static char text[TEXT];
static instruction code[CODE];
static int code_len;
static const char *at;
static int16_t lists[2][CODE];
static uint32_t marks[CODE], generation;

static int emit(opcode op, int x, int y) {
    code[code_len] = (instruction){.op = op, .x = (int16_t)x, .y = (int16_t)y};
    return code_len++;
}

static void insert(int where, opcode op) {
    for (int i = code_len++; i > where; i--) {
        code[i] = code[i - 1];
        if (code[i].op == JUMP || code[i].op == SPLIT) {
            code[i].x = (int16_t)(code[i].x + (code[i].x >= where));
            code[i].y = (int16_t)(code[i].y + (code[i].y >= where));
        }
    }
    code[where] = (instruction){.op = op};
}

static void alternatives(void);

static void atom(void) {
    if (*at == '(') {
        at++;
        alternatives();
        at++;
    } else if (*at == '.') {
        at++;
        emit(ANY, 0, 0);
    } else if (*at == '[') {
        int here = emit(CLASS, 0, 0);
        code[here].low = (uint8_t)at[1];
        code[here].high = (uint8_t)at[3];
        at += 5;
    } else {
        code[emit(CHAR, 0, 0)].low = (uint8_t)*at++;
    }
}

static void sequence(void) {
    while (*at && *at != '|' && *at != ')') {
        int start = code_len;
        atom();
        if (*at == '*' || *at == '?') {
            insert(start, SPLIT);
            code[start].x = (int16_t)(start + 1);
            if (*at == '*') {
                emit(JUMP, start, 0);
            }
            code[start].y = (int16_t)code_len;
            at++;
        } else if (*at == '+') {
            int split = emit(SPLIT, start, 0);
            code[split].y = (int16_t)code_len;
            at++;
        }
    }
}

static void alternatives(void) {
    int start = code_len;
    sequence();
    while (*at == '|') {
        insert(start, SPLIT);
        code[start].x = (int16_t)(start + 1);
        int jump = emit(JUMP, 0, 0);
        code[start].y = (int16_t)code_len;
        at++;
        sequence();
        code[jump].x = (int16_t)code_len;
    }
}

static int follow(int16_t *list, int len, int from) {
    if (marks[from] == generation) {
        return len;
    }
    marks[from] = generation;
    switch (code[from].op) {
    case JUMP: return follow(list, len, code[from].x);
    case SPLIT: return follow(list, follow(list, len, code[from].x), code[from].y);
    default: list[len] = (int16_t)from; return len + 1;
    }
}

// How many positions end a match that starts anywhere.
static uint32_t matches(void) {
    uint32_t found = 0;
    int len = 0;
    for (int i = 0; i < TEXT; i++) {
        int16_t *now = lists[i & 1], *next = lists[~i & 1];
        // Threads of the last step were added under the current generation.
        len = follow(now, len, 0);
        generation++;
        int next_len = 0;
        uint8_t byte = (uint8_t)text[i];
        for (int thread = 0; thread < len; thread++) {
            const instruction *one = &code[now[thread]];
            int goes_on = one->op == ANY || (one->op == CHAR && one->low == byte) ||
                          (one->op == CLASS && one->low <= byte && byte <= one->high);
            if (one->op == MATCH) {
                found++;
            } else if (goes_on) {
                next_len = follow(next, next_len, now[thread] + 1);
            }
        }
        len = next_len;
    }
    return found;
}

uint64_t run(uint32_t rounds) {
    static const char *const patterns[] = {
        "whimbrel", "(c|s)urlew", "[a-f]+[m-z]", "a.*z", "(ab?c|de+f)+g", "b(an)*d?", "[k-q][a-e]s?[t-z]*e",
    };
    uint32_t seed = 3;
    for (int i = 0; i < TEXT; i++) {
        uint32_t random = next_random(&seed);
        text[i] = random % 6 ? (char)('a' + (random >> 8) % 26) : ' ';
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        code_len = 0;
        at = patterns[round % 7];
        alternatives();
        emit(MATCH, 0, 0);
        generation++;
        sum = sum * 31 + matches();
    }
    return sum;
}

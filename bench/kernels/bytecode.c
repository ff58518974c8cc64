// A switch in a loop: a small machine that runs a program of its own.
#include "kernels.h"

enum { PUSH, ADD, SUB, MUL, LOAD, STORE, JUMP_IF, LESS, XOR, HALT };

// for (i = 0; i < n; i++) acc = (acc * 3 + i) ^ (acc - i)
static const int32_t program[] = {
    LOAD, 1, PUSH, 3, MUL, LOAD, 0, ADD, LOAD, 1, LOAD, 0, SUB, XOR, STORE, 1,
    LOAD, 0, PUSH, 1, ADD, STORE, 0, LOAD, 0, LOAD, 2, LESS, JUMP_IF, 0, HALT,
};

static int64_t execute(int64_t *vars) {
    int64_t stack[16];
    int top = 0;
    for (int at = 0;;) {
        switch (program[at++]) {
        case PUSH: stack[top++] = program[at++]; break;
        case ADD: top--; stack[top - 1] += stack[top]; break;
        case SUB: top--; stack[top - 1] -= stack[top]; break;
        case MUL: top--; stack[top - 1] *= stack[top]; break;
        case LOAD: stack[top++] = vars[program[at++]]; break;
        case STORE: vars[program[at++]] = stack[--top] & 0xFFFFFFFFFF; break;
        case JUMP_IF: at = stack[--top] ? program[at] : at + 1; break;
        case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; break;
        case XOR: top--; stack[top - 1] ^= stack[top]; break;
        default: return vars[1];
        }
    }
}

uint64_t run(uint32_t rounds) {
    int64_t vars[3] = {0, 1, rounds};
    return (uint64_t)execute(vars);
}

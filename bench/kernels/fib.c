// Calls: the Fibonacci numbers by double recursion.
#include "kernels.h"

__attribute__((noinline)) static uint32_t fib(uint32_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum += fib(18 + round % 3);
    }
    return sum;
}

// Calls of a function of the host's, and, by `step`, of a function by the host.
#include "kernels.h"

__attribute__((import_module("host"), import_name("next"))) uint32_t host_next(uint32_t value);

__attribute__((export_name("step"))) uint32_t step(uint32_t value) {
    return value * 1664525 + 1013904223;
}

uint64_t run(uint32_t rounds) {
    uint32_t value = 1;
    for (uint32_t round = 0; round < rounds; round++) {
        value = host_next(value) ^ round;
    }
    return value;
}

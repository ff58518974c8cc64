/* Arguments, environment, clocks, random bytes, yielding. */
#include "check.h"

static void arguments(void) {
    __wasi_size_t count = 0, size = 0;
    IS(SUCCESS, __wasi_args_sizes_get(&count, &size));
    TRUE(count == 4);
    uint8_t *pointers[4], text[256];
    TRUE(size <= sizeof text);
    IS(SUCCESS, __wasi_args_get(pointers, text));
    TRUE(strcmp((char *)pointers[1], "one") == 0);
    TRUE(strcmp((char *)pointers[2], "") == 0);
    TRUE(strcmp((char *)pointers[3], "zw\xc3\xb6lf") == 0);
    TRUE(pointers[0] == text && text[size - 1] == 0);
    IS(FAULT, __wasi_args_sizes_get(OUTSIDE, &size));
    IS(FAULT, __wasi_args_sizes_get(&count, OUTSIDE + 13));
    IS(FAULT, __wasi_args_get(OUTSIDE, text));
    IS(FAULT, __wasi_args_get(pointers, OUTSIDE));
}

static void environment(void) {
    __wasi_size_t count = 0, size = 0;
    IS(SUCCESS, __wasi_environ_sizes_get(&count, &size));
    TRUE(count == 3 && size == sizeof "NAME=value" + sizeof "EMPTY=" + sizeof "SIGN=a=b");
    uint8_t *pointers[3], text[64];
    IS(SUCCESS, __wasi_environ_get(pointers, text));
    int found = 0;
    for (int i = 0; i < 3; i++) {
        const char *variable = (char *)pointers[i];
        found += strcmp(variable, "NAME=value") == 0;
        found += strcmp(variable, "EMPTY=") == 0;
        found += strcmp(variable, "SIGN=a=b") == 0;
    }
    TRUE(found == 3);
    IS(FAULT, __wasi_environ_sizes_get(OUTSIDE, &size));
    IS(FAULT, __wasi_environ_get(OUTSIDE, text));
    IS(FAULT, __wasi_environ_get(pointers, OUTSIDE));
}

static void clocks(void) {
    __wasi_timestamp_t time = 0, later = 0, resolution = 0;
    for (__wasi_clockid_t id = __WASI_CLOCKID_REALTIME; id <= __WASI_CLOCKID_MONOTONIC; id++) {
        IS(SUCCESS, __wasi_clock_res_get(id, &resolution));
        TRUE(resolution > 0 && resolution <= 1000000000);
        IS(SUCCESS, __wasi_clock_time_get(id, 1, &time));
        IS(SUCCESS, __wasi_clock_time_get(id, 1000000, &later));
        TRUE(later >= time);
    }
    IS(SUCCESS, __wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 0, &time));
    /* Later than 2000, earlier than 2200. */
    TRUE(time >= 946684800000000000 && time < 7258118400000000000);
    IS(INVAL, __wasi_clock_res_get(17, &resolution));
    IS(INVAL, __wasi_clock_time_get(17, 1, &time));
    IS(FAULT, __wasi_clock_res_get(__WASI_CLOCKID_MONOTONIC, OUTSIDE + 9));
    IS(FAULT, __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, OUTSIDE + 9));
}

static void random_bytes(void) {
    uint8_t one[256] = { 0 }, other[256] = { 0 };
    IS(SUCCESS, __wasi_random_get(one, sizeof one));
    IS(SUCCESS, __wasi_random_get(other, sizeof other - 1));
    TRUE(memcmp(one, other, sizeof one - 1) != 0);
    TRUE(other[sizeof other - 1] == 0);
    IS(SUCCESS, __wasi_random_get(one, 0));
    IS(FAULT, __wasi_random_get(OUTSIDE, 17));
    IS(FAULT, __wasi_random_get(one, UINT32_MAX));
}

int main(void) {
    arguments();
    environment();
    clocks();
    random_bytes();
    IS(SUCCESS, __wasi_sched_yield());
    return 0;
}

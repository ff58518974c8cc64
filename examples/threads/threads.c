/*
 * Counts primes with four threads, which the host starts through `thread-spawn`.
 *
 * The C library that this is linked with has no threads: they use none of it.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, LIMIT = 200000, CHUNK = 1000, STACK_BYTES = 16384 };

/* What a new thread is given. The entry below reads the stack's address at offset 0. */
struct thread {
    void *stack_end;
    uint32_t primes;
};

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int32_t thread_spawn(struct thread *thread);

static _Alignas(16) char stacks[THREADS][STACK_BYTES];
static struct thread threads[THREADS];
static _Atomic uint32_t next_chunk;
static _Atomic int32_t running = THREADS;

static int is_prime(uint32_t n) {
    for (uint32_t d = 2; d * d <= n; d++)
        if (n % d == 0) return 0;
    return n >= 2;
}

/* Takes chunks of numbers until there are none left. */
__attribute__((used)) void count_primes(int32_t id, struct thread *thread) {
    (void)id;
    for (uint32_t start; (start = atomic_fetch_add(&next_chunk, CHUNK)) < LIMIT;)
        for (uint32_t n = start; n < start + CHUNK; n++) thread->primes += is_prime(n);
    if (atomic_fetch_sub(&running, 1) == 1) __builtin_wasm_memory_atomic_notify((int32_t *)&running, 1);
}

/* Every thread has an instance of its own, whose stack pointer still leads to the main thread's stack. */
__asm__(".globaltype __stack_pointer, i32\n"
        ".functype count_primes (i32, i32) -> ()\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        ".type wasi_thread_start, @function\n"
        "wasi_thread_start:\n"
        ".functype wasi_thread_start (i32, i32) -> ()\n"
        "local.get 1\n"
        "i32.load 0\n"
        "global.set __stack_pointer\n"
        "local.get 0\n"
        "local.get 1\n"
        "call count_primes\n"
        "end_function\n");

int main(void) {
    for (int n = 0; n < THREADS; n++) {
        threads[n].stack_end = stacks[n] + STACK_BYTES;
        if (thread_spawn(&threads[n]) < 0) {
            fputs("cannot start a thread\n", stderr);
            return EXIT_FAILURE;
        }
    }
    for (int32_t left; (left = atomic_load(&running)) > 0;)
        __builtin_wasm_memory_atomic_wait32((int32_t *)&running, left, -1);
    uint32_t primes = 0;
    for (int n = 0; n < THREADS; n++) primes += threads[n].primes;
    printf("%u primes below %d\n", primes, LIMIT);
    return EXIT_SUCCESS;
}

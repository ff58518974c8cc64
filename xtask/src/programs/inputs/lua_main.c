/* What Lua's interpreter misses in WASI's C library: the tag of the exceptions that `longjmp` throws, whose payload is an address,
 * and temporary files, of which there are none. */
#include <stdio.h>

__asm__(".globl __c_longjmp\n"
        ".tagtype __c_longjmp i32\n"
        "__c_longjmp:\n");

FILE *tmpfile(void) {
    return NULL;
}

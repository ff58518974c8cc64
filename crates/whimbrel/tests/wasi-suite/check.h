/* What the tests share: an expectation that is not met is told on standard output and ends the program with 1. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define IS(expected, call)                                                                        \
    do {                                                                                          \
        unsigned errno_ = (call);                                                                 \
        if (errno_ != __WASI_ERRNO_##expected) {                                                  \
            printf("%s:%d: %s gave %u, expected " #expected "\n", __FILE_NAME__, __LINE__, #call, errno_); \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

#define TRUE(condition)                                                                           \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            printf("%s:%d: %s does not hold\n", __FILE_NAME__, __LINE__, #condition);             \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

/* The preopened directory, a number that nothing has, and an address outside any memory of these programs. */
#define ROOT 3
#define NONE 999
#define OUTSIDE ((void *)0xfffffff0)

#define FILE_RIGHTS                                                                               \
    (__WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK |                  \
     __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_TELL |          \
     __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE |               \
     __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE |                         \
     __WASI_RIGHTS_FD_FILESTAT_SET_TIMES | __WASI_RIGHTS_POLL_FD_READWRITE)

/* Opens below the root with the given flags; 0 if that fails, which no descriptor here is. */
static inline __wasi_fd_t opened(const char *path, __wasi_oflags_t oflags, __wasi_rights_t rights, __wasi_fdflags_t flags) {
    __wasi_fd_t fd = 0;
    if (__wasi_path_open(ROOT, 0, path, oflags, rights, rights, flags, &fd) != __WASI_ERRNO_SUCCESS)
        return 0;
    return fd;
}

static inline __wasi_fd_t made(const char *path) {
    __wasi_fd_t fd = opened(path, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_TRUNC, FILE_RIGHTS, 0);
    TRUE(fd > ROOT);
    return fd;
}

static inline __wasi_size_t put(__wasi_fd_t fd, const char *text) {
    __wasi_ciovec_t buffer = { (const uint8_t *)text, strlen(text) };
    __wasi_size_t written = 0;
    IS(SUCCESS, __wasi_fd_write(fd, &buffer, 1, &written));
    return written;
}

/* Listing: cookies, buffers of every size, entries that come and go. */
#include "check.h"

#define FILES 100

/* Lists from the start through a buffer of `size` bytes; marks which of the files were seen. */
static int listed(__wasi_fd_t fd, size_t size, int seen[FILES]) {
    static uint8_t buffer[4096];
    __wasi_dircookie_t cookie = __WASI_DIRCOOKIE_START;
    __wasi_size_t used = 0;
    int others = 0;
    memset(seen, 0, FILES * sizeof *seen);
    do {
        IS(SUCCESS, __wasi_fd_readdir(fd, buffer, size, cookie, &used));
        TRUE(used <= size);
        for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
            __wasi_dirent_t entry;
            memcpy(&entry, buffer + at, sizeof entry);
            if (at + sizeof entry + entry.d_namlen > used)
                break;
            char name[32] = { 0 };
            TRUE(entry.d_namlen < sizeof name);
            memcpy(name, buffer + at + sizeof entry, entry.d_namlen);
            int number = atoi(name);
            if (name[0] >= '0' && name[0] <= '9') {
                TRUE(entry.d_type == __WASI_FILETYPE_REGULAR_FILE && entry.d_ino != 0);
                seen[number]++;
            } else {
                TRUE(entry.d_type == __WASI_FILETYPE_DIRECTORY);
                others++;
            }
            cookie = entry.d_next;
            at += sizeof entry + entry.d_namlen;
        }
    } while (used == size);
    return others;
}

int main(void) {
    __wasi_fd_t fd = 0;
    __wasi_size_t used = 1;
    int seen[FILES];
    uint8_t small[64];
    IS(SUCCESS, __wasi_path_create_directory(ROOT, "list"));
    IS(SUCCESS, __wasi_path_open(ROOT, 0, "list", __WASI_OFLAGS_DIRECTORY,
                                 __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_UNLINK_FILE, 0, 0, &fd));
    TRUE(listed(fd, 64, seen) == 2);
    char name[16];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "list/%d", i);
        IS(SUCCESS, __wasi_fd_close(made(name)));
    }
    for (size_t size = 40; size <= 4096; size += size / 3) {
        TRUE(listed(fd, size, seen) == 2);
        for (int i = 0; i < FILES; i++)
            TRUE(seen[i] == 1);
    }
    /* Half of the entries go; a listing that begins anew misses them. */
    for (int i = 0; i < FILES; i += 2) {
        snprintf(name, sizeof name, "%d", i);
        IS(SUCCESS, __wasi_path_unlink_file(fd, name));
    }
    TRUE(listed(fd, 300, seen) == 2);
    for (int i = 0; i < FILES; i++)
        TRUE(seen[i] == i % 2);

    IS(SUCCESS, __wasi_fd_readdir(fd, small, 0, 0, &used));
    TRUE(used == 0);
    IS(SUCCESS, __wasi_fd_readdir(fd, small, sizeof small, UINT64_MAX, &used));
    TRUE(used == 0);
    IS(FAULT, __wasi_fd_readdir(fd, OUTSIDE, 64, 0, &used));
    IS(FAULT, __wasi_fd_readdir(fd, small, sizeof small, 0, OUTSIDE + 13));
    IS(BADF, __wasi_fd_readdir(NONE, small, sizeof small, 0, &used));
    IS(NOTDIR, __wasi_fd_readdir(1, small, sizeof small, 0, &used));

    for (int i = 1; i < FILES; i += 2) {
        snprintf(name, sizeof name, "%d", i);
        IS(SUCCESS, __wasi_path_unlink_file(fd, name));
    }
    /* A removed directory that is open is empty, and takes nothing new. */
    IS(SUCCESS, __wasi_path_remove_directory(ROOT, "list"));
    IS(NOENT, __wasi_path_unlink_file(fd, "1"));
    IS(SUCCESS, __wasi_fd_close(fd));
    return 0;
}

/* What the throughput of WASI calls is measured with:
 *   copy IN OUT        copies a file through a buffer of 64 KiB
 *   write OUT COUNT    writes COUNT pieces of 16 bytes, a call each
 *   list DIR           lists a directory, prints how many entries and bytes of names it has
 *   scan DIR           the same past the C library, through a buffer of 1 MiB */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

static char buffer[64 << 10];

static int fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int copy(const char *in_path, const char *out_path) {
    int in = open(in_path, O_RDONLY);
    if (in < 0)
        return fail(in_path);
    int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out < 0)
        return fail(out_path);
    ssize_t len;
    while ((len = read(in, buffer, sizeof buffer)) > 0) {
        for (ssize_t done = 0; done < len;) {
            ssize_t put = write(out, buffer + done, (size_t)(len - done));
            if (put < 0)
                return fail(out_path);
            done += put;
        }
    }
    return len < 0 ? fail(in_path) : 0;
}

static int write_small(const char *path, long count) {
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out < 0)
        return fail(path);
    for (long i = 0; i < count; i++) {
        char line[16] = "0123456789abcd\n";
        line[i & 7] = 'x';
        if (write(out, line, sizeof line) != sizeof line)
            return fail(path);
    }
    return 0;
}

static int list(const char *path) {
    DIR *dir = opendir(path);
    if (!dir)
        return fail(path);
    unsigned long entries = 0, bytes = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        entries++;
        bytes += strlen(entry->d_name);
    }
    closedir(dir);
    printf("%lu entries, %lu bytes\n", entries, bytes);
    return 0;
}

static int scan(const char *path) {
    static uint8_t entries_buffer[1 << 20];
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fail(path);
    unsigned long entries = 0, bytes = 0;
    __wasi_dircookie_t cookie = __WASI_DIRCOOKIE_START;
    for (__wasi_size_t used = sizeof entries_buffer; used == sizeof entries_buffer;) {
        errno = __wasi_fd_readdir(fd, entries_buffer, sizeof entries_buffer, cookie, &used);
        if (errno)
            return fail(path);
        /* The last entry may be cut; the next call begins with it. */
        for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
            __wasi_dirent_t entry;
            memcpy(&entry, entries_buffer + at, sizeof entry);
            at += sizeof entry + entry.d_namlen;
            if (at > used)
                break;
            cookie = entry.d_next;
            entries++;
            bytes += entry.d_namlen;
        }
    }
    printf("%lu entries, %lu bytes\n", entries, bytes);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "copy") == 0)
        return copy(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_small(argv[2], atol(argv[3]));
    if (argc == 3 && strcmp(argv[1], "list") == 0)
        return list(argv[2]);
    if (argc == 3 && strcmp(argv[1], "scan") == 0)
        return scan(argv[2]);
    fprintf(stderr, "usage: throughput copy IN OUT | write OUT COUNT | list DIR | scan DIR\n");
    return 2;
}

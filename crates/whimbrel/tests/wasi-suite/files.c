/* The functions on open files and on descriptors of any kind. */
#include "check.h"

static void transfers(void) {
    __wasi_fd_t fd = made("transfer");
    char a[4], b[8];
    __wasi_size_t len = 0;
    __wasi_filesize_t at = 0;
    __wasi_ciovec_t out[3] = { { (uint8_t *)"hel", 3 }, { 0, 0 }, { (uint8_t *)"lo", 2 } };
    IS(SUCCESS, __wasi_fd_write(fd, out, 3, &len));
    TRUE(len == 5);
    IS(SUCCESS, __wasi_fd_tell(fd, &at));
    TRUE(at == 5);
    IS(SUCCESS, __wasi_fd_seek(fd, -4, __WASI_WHENCE_CUR, &at));
    TRUE(at == 1);
    __wasi_iovec_t in[2] = { { (uint8_t *)a, 2 }, { (uint8_t *)b, sizeof b } };
    IS(SUCCESS, __wasi_fd_read(fd, in, 2, &len));
    TRUE(len == 4 && memcmp(a, "el", 2) == 0 && memcmp(b, "lo", 2) == 0);
    IS(SUCCESS, __wasi_fd_read(fd, in, 2, &len));
    TRUE(len == 0);
    IS(SUCCESS, __wasi_fd_pwrite(fd, out, 3, 3, &len));
    TRUE(len == 5);
    IS(SUCCESS, __wasi_fd_pread(fd, in, 2, 2, &len));
    TRUE(len == 6 && memcmp(a, "lh", 2) == 0 && memcmp(b, "ello", 4) == 0);
    IS(SUCCESS, __wasi_fd_tell(fd, &at));
    TRUE(at == 5);
    IS(SUCCESS, __wasi_fd_seek(fd, 2, __WASI_WHENCE_END, &at));
    TRUE(at == 10);
    IS(INVAL, __wasi_fd_seek(fd, -1, __WASI_WHENCE_SET, &at));
    IS(INVAL, __wasi_fd_seek(fd, 0, 3, &at));

    IS(INVAL, __wasi_fd_pread(fd, in, 2, UINT64_MAX, &len));
    IS(INVAL, __wasi_fd_pwrite(fd, out, 3, UINT64_MAX, &len));
    __wasi_iovec_t outside = { OUTSIDE, 17 }, huge[2] = { { (uint8_t *)a, 1 }, { (uint8_t *)a, UINT32_MAX } };
    IS(FAULT, __wasi_fd_read(fd, &outside, 1, &len));
    IS(FAULT, __wasi_fd_read(fd, huge, 2, &len));
    IS(FAULT, __wasi_fd_read(fd, OUTSIDE, 3, &len));
    IS(FAULT, __wasi_fd_pread(fd, &outside, 1, 0, &len));
    IS(FAULT, __wasi_fd_write(fd, (__wasi_ciovec_t *)&outside, 1, &len));
    IS(FAULT, __wasi_fd_pwrite(fd, (__wasi_ciovec_t *)&outside, 1, 0, &len));
    IS(FAULT, __wasi_fd_read(fd, in, 2, OUTSIDE + 13));
    IS(FAULT, __wasi_fd_write(fd, out, 3, OUTSIDE + 13));
    IS(FAULT, __wasi_fd_tell(fd, OUTSIDE + 9));
    IS(FAULT, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, OUTSIDE + 9));

    IS(ISDIR, __wasi_fd_read(ROOT, in, 2, &len));
    IS(ISDIR, __wasi_fd_write(ROOT, out, 3, &len));
    IS(ISDIR, __wasi_fd_pread(ROOT, in, 2, 0, &len));
    IS(ISDIR, __wasi_fd_pwrite(ROOT, out, 3, 0, &len));
    IS(ISDIR, __wasi_fd_seek(ROOT, 0, __WASI_WHENCE_SET, &at));
    IS(ISDIR, __wasi_fd_tell(ROOT, &at));
    IS(BADF, __wasi_fd_read(NONE, in, 2, &len));
    IS(BADF, __wasi_fd_write(NONE, out, 3, &len));
    IS(BADF, __wasi_fd_pread(NONE, in, 2, 0, &len));
    IS(BADF, __wasi_fd_pwrite(NONE, out, 3, 0, &len));
    IS(BADF, __wasi_fd_seek(NONE, 0, __WASI_WHENCE_SET, &at));
    IS(BADF, __wasi_fd_tell(NONE, &at));
    IS(SPIPE, __wasi_fd_seek(1, 0, __WASI_WHENCE_SET, &at));
    IS(SPIPE, __wasi_fd_tell(1, &at));
    IS(SUCCESS, __wasi_fd_close(fd));
    IS(BADF, __wasi_fd_close(fd));
}

static void flags(void) {
    __wasi_fd_t fd = opened("flags", __WASI_OFLAGS_CREAT, FILE_RIGHTS, __WASI_FDFLAGS_APPEND);
    __wasi_fdstat_t stat;
    __wasi_filesize_t at = 0;
    IS(SUCCESS, __wasi_fd_fdstat_get(fd, &stat));
    TRUE(stat.fs_filetype == __WASI_FILETYPE_REGULAR_FILE && stat.fs_flags == __WASI_FDFLAGS_APPEND);
    TRUE(stat.fs_rights_base == FILE_RIGHTS);
    put(fd, "ab");
    IS(SUCCESS, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    put(fd, "cd");
    IS(SUCCESS, __wasi_fd_tell(fd, &at));
    TRUE(at == 4);
    IS(SUCCESS, __wasi_fd_fdstat_set_flags(fd, 0));
    IS(SUCCESS, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    put(fd, "A");
    IS(SUCCESS, __wasi_fd_tell(fd, &at));
    TRUE(at == 1);
    IS(SUCCESS, __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK));
    IS(NOTSUP, __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_DSYNC));
    IS(NOTSUP, __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_RSYNC));
    IS(NOTSUP, __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_SYNC));
    IS(INVAL, __wasi_fd_fdstat_set_flags(fd, 32));
    IS(BADF, __wasi_fd_fdstat_set_flags(NONE, 0));
    IS(BADF, __wasi_fd_fdstat_get(NONE, &stat));
    IS(FAULT, __wasi_fd_fdstat_get(fd, OUTSIDE));
    IS(SUCCESS, __wasi_fd_fdstat_get(ROOT, &stat));
    TRUE(stat.fs_filetype == __WASI_FILETYPE_DIRECTORY && !(stat.fs_rights_base & __WASI_RIGHTS_FD_SEEK));
    IS(SUCCESS, __wasi_fd_close(fd));
}

static void rights(void) {
    __wasi_fd_t fd = made("rights");
    __wasi_filestat_t stat;
    __wasi_filesize_t at;
    __wasi_size_t len;
    char byte = 0;
    __wasi_iovec_t in = { (uint8_t *)&byte, 1 };
    IS(SUCCESS, __wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL, 0));
    IS(SUCCESS, __wasi_fd_tell(fd, &at));
    IS(SUCCESS, __wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &at));
    IS(NOTCAPABLE, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    IS(NOTCAPABLE, __wasi_fd_read(fd, &in, 1, &len));
    IS(NOTCAPABLE, __wasi_fd_pread(fd, &in, 1, 0, &len));
    IS(NOTCAPABLE, __wasi_fd_write(fd, (__wasi_ciovec_t *)&in, 1, &len));
    IS(NOTCAPABLE, __wasi_fd_pwrite(fd, (__wasi_ciovec_t *)&in, 1, 0, &len));
    IS(NOTCAPABLE, __wasi_fd_filestat_get(fd, &stat));
    IS(NOTCAPABLE, __wasi_fd_filestat_set_size(fd, 0));
    IS(NOTCAPABLE, __wasi_fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_MTIM));
    IS(NOTCAPABLE, __wasi_fd_advise(fd, 0, 0, __WASI_ADVICE_NORMAL));
    IS(NOTCAPABLE, __wasi_fd_allocate(fd, 0, 1));
    IS(NOTCAPABLE, __wasi_fd_sync(fd));
    IS(NOTCAPABLE, __wasi_fd_datasync(fd));
    IS(NOTCAPABLE, __wasi_fd_fdstat_set_flags(fd, 0));
    IS(NOTCAPABLE, __wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_READ, 0));
    IS(NOTCAPABLE, __wasi_fd_fdstat_set_rights(fd, 0, __WASI_RIGHTS_FD_READ));
    IS(SUCCESS, __wasi_fd_fdstat_set_rights(fd, 0, 0));
    IS(NOTCAPABLE, __wasi_fd_tell(fd, &at));
    IS(BADF, __wasi_fd_fdstat_set_rights(NONE, 0, 0));
    IS(SUCCESS, __wasi_fd_close(fd));
}

static void sizes_and_times(void) {
    __wasi_fd_t fd = made("sizes");
    __wasi_filestat_t stat, again;
    IS(SUCCESS, __wasi_fd_filestat_set_size(fd, 100));
    IS(SUCCESS, __wasi_fd_filestat_get(fd, &stat));
    TRUE(stat.size == 100 && stat.nlink == 1 && stat.filetype == __WASI_FILETYPE_REGULAR_FILE);
    IS(SUCCESS, __wasi_fd_allocate(fd, 90, 20));
    IS(SUCCESS, __wasi_fd_allocate(fd, 0, 10));
    IS(SUCCESS, __wasi_fd_filestat_get(fd, &stat));
    TRUE(stat.size == 110);
    IS(INVAL, __wasi_fd_allocate(fd, 0, 0));
    IS(FBIG, __wasi_fd_allocate(fd, UINT64_MAX, 1));
    IS(ISDIR, __wasi_fd_allocate(ROOT, 0, 1));
    IS(BADF, __wasi_fd_allocate(NONE, 0, 1));
    for (__wasi_advice_t advice = 0; advice <= __WASI_ADVICE_NOREUSE; advice++)
        IS(SUCCESS, __wasi_fd_advise(fd, 1, 10, advice));
    IS(INVAL, __wasi_fd_advise(fd, 1, 10, 6));
    IS(ISDIR, __wasi_fd_advise(ROOT, 1, 10, 0));
    IS(BADF, __wasi_fd_advise(NONE, 1, 10, 0));
    IS(SUCCESS, __wasi_fd_sync(fd));
    IS(SUCCESS, __wasi_fd_datasync(fd));
    IS(SUCCESS, __wasi_fd_sync(ROOT));
    IS(BADF, __wasi_fd_sync(NONE));
    IS(BADF, __wasi_fd_datasync(NONE));

    IS(SUCCESS, __wasi_fd_filestat_set_times(fd, 1000000005, 2000000006, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
    IS(SUCCESS, __wasi_fd_filestat_get(fd, &stat));
    TRUE(stat.atim == 1000000005 && stat.mtim == 2000000006);
    IS(SUCCESS, __wasi_fd_filestat_set_times(fd, 7, 7, __WASI_FSTFLAGS_MTIM_NOW));
    IS(SUCCESS, __wasi_fd_filestat_get(fd, &again));
    TRUE(again.atim == stat.atim && again.mtim > stat.mtim && again.ino == stat.ino && again.dev == stat.dev);
    IS(INVAL, __wasi_fd_filestat_set_times(fd, 1, 1, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
    IS(INVAL, __wasi_fd_filestat_set_times(fd, 1, 1, 16));
    IS(BADF, __wasi_fd_filestat_set_times(NONE, 1, 1, 1));
    IS(BADF, __wasi_fd_filestat_get(NONE, &stat));
    IS(FAULT, __wasi_fd_filestat_get(fd, OUTSIDE));
    IS(BADF, __wasi_fd_filestat_set_size(NONE, 1));
    IS(ISDIR, __wasi_fd_filestat_set_size(ROOT, 1));
    IS(SUCCESS, __wasi_fd_close(fd));
}

static void numbers(void) {
    __wasi_fd_t one = made("one"), two = made("two");
    TRUE(two == one + 1);
    put(one, "1");
    __wasi_filesize_t at = 0;
    IS(SUCCESS, __wasi_fd_renumber(one, two));
    IS(SUCCESS, __wasi_fd_tell(two, &at));
    TRUE(at == 1);
    IS(BADF, __wasi_fd_tell(one, &at));
    IS(BADF, __wasi_fd_renumber(one, two));
    IS(BADF, __wasi_fd_renumber(two, one));
    IS(SUCCESS, __wasi_fd_renumber(two, two));
    TRUE(made("three") == one);
    IS(SUCCESS, __wasi_fd_close(one));
    IS(SUCCESS, __wasi_fd_close(two));

    __wasi_prestat_t prestat;
    uint8_t name[8] = { 0 };
    IS(SUCCESS, __wasi_fd_prestat_get(ROOT, &prestat));
    TRUE(prestat.tag == __WASI_PREOPENTYPE_DIR && prestat.u.dir.pr_name_len == 1);
    IS(SUCCESS, __wasi_fd_prestat_dir_name(ROOT, name, 1));
    TRUE(name[0] == '/' && name[1] == 0);
    IS(NAMETOOLONG, __wasi_fd_prestat_dir_name(ROOT, name, 0));
    IS(FAULT, __wasi_fd_prestat_dir_name(ROOT, (uint8_t *)UINT32_MAX, 4));
    IS(FAULT, __wasi_fd_prestat_get(ROOT, OUTSIDE + 9));
    IS(BADF, __wasi_fd_prestat_get(1, &prestat));
    IS(BADF, __wasi_fd_prestat_get(NONE, &prestat));
    IS(BADF, __wasi_fd_prestat_dir_name(NONE, name, 8));
}

int main(void) {
    transfers();
    flags();
    rights();
    sizes_and_times();
    numbers();
    return 0;
}

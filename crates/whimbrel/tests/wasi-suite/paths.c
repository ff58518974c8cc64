/* The functions on paths. */
#include "check.h"

static void opening(void) {
    __wasi_fd_t fd = 0, again = 0;
    __wasi_size_t len = 0;
    uint8_t bytes[16];
    __wasi_iovec_t in = { bytes, sizeof bytes };
    fd = opened("hello.txt", 0, FILE_RIGHTS, 0);
    IS(SUCCESS, __wasi_fd_read(fd, &in, 1, &len));
    TRUE(len == 6 && memcmp(bytes, "hello\n", 6) == 0);
    IS(SUCCESS, __wasi_fd_close(fd));

    IS(NOENT, __wasi_path_open(ROOT, 0, "new", 0, FILE_RIGHTS, 0, 0, &fd));
    IS(SUCCESS, __wasi_path_open(ROOT, 0, "new", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, FILE_RIGHTS, 0, 0, &fd));
    put(fd, "content");
    IS(EXIST, __wasi_path_open(ROOT, 0, "new", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, FILE_RIGHTS, 0, 0, &again));
    IS(SUCCESS, __wasi_path_open(ROOT, 0, "new", __WASI_OFLAGS_CREAT, FILE_RIGHTS, 0, 0, &again));
    IS(SUCCESS, __wasi_fd_pread(again, &in, 1, 0, &len));
    TRUE(len == 7);
    IS(SUCCESS, __wasi_fd_close(again));
    IS(SUCCESS, __wasi_path_open(ROOT, 0, "new", __WASI_OFLAGS_TRUNC, FILE_RIGHTS, 0, 0, &again));
    IS(SUCCESS, __wasi_fd_pread(fd, &in, 1, 0, &len));
    TRUE(len == 0);
    IS(SUCCESS, __wasi_fd_close(again));

    IS(NOTDIR, __wasi_path_open(ROOT, 0, "new", __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &again));
    IS(NOTDIR, __wasi_path_open(ROOT, 0, "new/x", 0, 0, 0, 0, &again));
    IS(NOTDIR, __wasi_path_open(ROOT, 0, "new/", 0, 0, 0, 0, &again));
    IS(NOTDIR, __wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &again));
    IS(ISDIR, __wasi_path_open(ROOT, 0, ".", 0, __WASI_RIGHTS_FD_WRITE, 0, 0, &again));
    IS(INVAL, __wasi_path_open(ROOT, 0, "d", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &again));
    IS(INVAL, __wasi_path_open(ROOT, 0, "new", 16, 0, 0, 0, &again));
    IS(INVAL, __wasi_path_open(ROOT, 2, "new", 0, 0, 0, 0, &again));
    IS(INVAL, __wasi_path_open(ROOT, 0, "new", 0, 0, 0, 32, &again));
    IS(NOENT, __wasi_path_open(ROOT, 0, "", 0, 0, 0, 0, &again));
    IS(BADF, __wasi_path_open(NONE, 0, "new", 0, 0, 0, 0, &again));
    IS(FAULT, __wasi_path_open(ROOT, 0, "new", 0, 0, 0, 0, OUTSIDE + 13));
    IS(ILSEQ, __wasi_path_open(ROOT, 0, "n\xff", 0, 0, 0, 0, &again));
    for (const char **out = (const char *[]) { "..", "../x", "/", "/hello.txt", "./../x", "./../../x", 0 }; *out; out++)
        IS(NOTCAPABLE, __wasi_path_open(ROOT, 0, *out, 0, 0, 0, 0, &again));
    static char name[5000];
    memset(name, 'n', 300);
    IS(NAMETOOLONG, __wasi_path_open(ROOT, 0, name, 0, 0, 0, 0, &again));
    memset(name, 'n', sizeof name - 1);
    IS(NAMETOOLONG, __wasi_path_open(ROOT, 0, name, 0, 0, 0, 0, &again));
    IS(SUCCESS, __wasi_fd_close(fd));
    IS(SUCCESS, __wasi_path_unlink_file(ROOT, "new"));
}

static void directories(void) {
    __wasi_fd_t fd = 0;
    IS(SUCCESS, __wasi_path_create_directory(ROOT, "dir"));
    IS(EXIST, __wasi_path_create_directory(ROOT, "dir"));
    IS(NOENT, __wasi_path_create_directory(ROOT, "none/dir"));
    IS(NOTDIR, __wasi_path_create_directory(ROOT, "hello.txt/dir"));
    IS(NOTCAPABLE, __wasi_path_create_directory(ROOT, "../dir"));
    IS(BADF, __wasi_path_create_directory(NONE, "dir"));
    IS(SUCCESS, __wasi_path_create_directory(ROOT, "dir/sub/"));
    IS(NOTEMPTY, __wasi_path_remove_directory(ROOT, "dir"));
    IS(ISDIR, __wasi_path_unlink_file(ROOT, "dir"));
    IS(ISDIR, __wasi_path_unlink_file(ROOT, "dir/"));
    IS(SUCCESS, __wasi_path_remove_directory(ROOT, "dir/sub/"));
    IS(NOENT, __wasi_path_remove_directory(ROOT, "dir/sub"));
    IS(NOTDIR, __wasi_path_remove_directory(ROOT, "hello.txt"));
    IS(NOTDIR, __wasi_path_remove_directory(ROOT, "hello.txt/"));
    IS(NOTCAPABLE, __wasi_path_remove_directory(ROOT, ".."));
    IS(BADF, __wasi_path_remove_directory(NONE, "dir"));
    IS(NOENT, __wasi_path_unlink_file(ROOT, "none"));
    IS(NOTDIR, __wasi_path_unlink_file(ROOT, "hello.txt/"));
    IS(BADF, __wasi_path_unlink_file(NONE, "none"));

    /* Below a directory without rights nothing can be done. */
    IS(SUCCESS, __wasi_path_open(ROOT, 0, "dir", __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &fd));
    __wasi_filestat_t stat;
    __wasi_size_t len;
    uint8_t bytes[8];
    __wasi_fd_t inner;
    IS(NOTCAPABLE, __wasi_path_create_directory(fd, "x"));
    IS(NOTCAPABLE, __wasi_path_remove_directory(fd, "x"));
    IS(NOTCAPABLE, __wasi_path_unlink_file(fd, "x"));
    IS(NOTCAPABLE, __wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &inner));
    IS(NOTCAPABLE, __wasi_path_filestat_get(fd, 0, "x", &stat));
    IS(NOTCAPABLE, __wasi_path_filestat_set_times(fd, 0, "x", 0, 0, __WASI_FSTFLAGS_MTIM));
    IS(NOTCAPABLE, __wasi_path_link(fd, 0, "x", ROOT, "y"));
    IS(NOTCAPABLE, __wasi_path_rename(fd, "x", ROOT, "y"));
    IS(NOTCAPABLE, __wasi_path_symlink("x", fd, "y"));
    IS(NOTCAPABLE, __wasi_path_readlink(fd, "x", bytes, sizeof bytes, &len));
    IS(NOTCAPABLE, __wasi_fd_readdir(fd, bytes, sizeof bytes, 0, &len));
    IS(SUCCESS, __wasi_fd_close(fd));
    IS(SUCCESS, __wasi_path_remove_directory(ROOT, "dir"));
}

static void links(void) {
    __wasi_filestat_t stat, other;
    __wasi_size_t len = 0;
    uint8_t text[16];
    __wasi_fd_t fd = 0;
    IS(SUCCESS, __wasi_path_link(ROOT, 0, "hello.txt", ROOT, "hard"));
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, 0, "hello.txt", &stat));
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, 0, "hard", &other));
    TRUE(stat.ino == other.ino && other.nlink == 2);
    IS(EXIST, __wasi_path_link(ROOT, 0, "hello.txt", ROOT, "hard"));
    IS(NOENT, __wasi_path_link(ROOT, 0, "none", ROOT, "x"));
    IS(PERM, __wasi_path_link(ROOT, 0, ".", ROOT, "x"));
    IS(NOTDIR, __wasi_path_link(ROOT, 0, "hello.txt/", ROOT, "x"));
    IS(NOTCAPABLE, __wasi_path_link(ROOT, 0, "../x", ROOT, "x"));
    IS(NOTCAPABLE, __wasi_path_link(ROOT, 0, "hello.txt", ROOT, "../x"));
    IS(BADF, __wasi_path_link(NONE, 0, "hello.txt", ROOT, "x"));
    IS(BADF, __wasi_path_link(ROOT, 0, "hello.txt", NONE, "x"));
    IS(INVAL, __wasi_path_link(ROOT, 2, "hello.txt", ROOT, "x"));
    IS(SUCCESS, __wasi_path_unlink_file(ROOT, "hard"));

    IS(SUCCESS, __wasi_path_symlink("hello.txt", ROOT, "soft"));
    IS(EXIST, __wasi_path_symlink("hello.txt", ROOT, "soft"));
    IS(NOTCAPABLE, __wasi_path_symlink("/etc", ROOT, "x"));
    IS(NOTCAPABLE, __wasi_path_symlink("y", ROOT, "../x"));
    IS(NOENT, __wasi_path_symlink("", ROOT, "x"));
    IS(NOENT, __wasi_path_symlink("y", ROOT, "none/x"));
    IS(BADF, __wasi_path_symlink("y", NONE, "x"));
    IS(SUCCESS, __wasi_path_readlink(ROOT, "soft", text, sizeof text, &len));
    TRUE(len == 9 && memcmp(text, "hello.txt", 9) == 0);
    IS(SUCCESS, __wasi_path_readlink(ROOT, "soft", text, 4, &len));
    TRUE(len == 4);
    IS(INVAL, __wasi_path_readlink(ROOT, "hello.txt", text, sizeof text, &len));
    IS(NOENT, __wasi_path_readlink(ROOT, "none", text, sizeof text, &len));
    IS(NOTCAPABLE, __wasi_path_readlink(ROOT, "/soft", text, sizeof text, &len));
    IS(BADF, __wasi_path_readlink(NONE, "soft", text, sizeof text, &len));
    IS(FAULT, __wasi_path_readlink(ROOT, "soft", OUTSIDE, 17, &len));

    IS(LOOP, __wasi_path_open(ROOT, 0, "soft", 0, FILE_RIGHTS, 0, 0, &fd));
    IS(SUCCESS, __wasi_path_open(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "soft", 0, FILE_RIGHTS, 0, 0, &fd));
    IS(SUCCESS, __wasi_fd_close(fd));
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, 0, "soft", &stat));
    TRUE(stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK && stat.size == 9);
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "soft", &stat));
    TRUE(stat.filetype == __WASI_FILETYPE_REGULAR_FILE && stat.size == 6);
    IS(SUCCESS, __wasi_path_symlink("loop", ROOT, "loop"));
    IS(LOOP, __wasi_path_open(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "loop", 0, FILE_RIGHTS, 0, 0, &fd));
    IS(LOOP, __wasi_path_filestat_get(ROOT, 0, "loop/x", &stat));
    IS(SUCCESS, __wasi_path_symlink("..", ROOT, "up"));
    IS(NOTCAPABLE, __wasi_path_open(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "up", 0, 0, 0, 0, &fd));
    IS(NOTCAPABLE, __wasi_path_filestat_get(ROOT, 0, "up/x", &stat));
    for (const char **name = (const char *[]) { "soft", "loop", "up", 0 }; *name; name++)
        IS(SUCCESS, __wasi_path_unlink_file(ROOT, *name));
}

static void attributes(void) {
    __wasi_filestat_t stat;
    __wasi_fstflags_t both = __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
    IS(SUCCESS, __wasi_fd_close(made("times")));
    IS(SUCCESS, __wasi_path_filestat_set_times(ROOT, 0, "times", 1000000005, 2000000006, both));
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, 0, "times", &stat));
    TRUE(stat.atim == 1000000005 && stat.mtim == 2000000006);
    IS(SUCCESS, __wasi_path_filestat_set_times(ROOT, 0, "times", 0, 0, __WASI_FSTFLAGS_ATIM_NOW));
    IS(SUCCESS, __wasi_path_filestat_get(ROOT, 0, "times", &stat));
    TRUE(stat.atim > 1000000005 && stat.mtim == 2000000006);
    IS(INVAL, __wasi_path_filestat_set_times(ROOT, 0, "times", 0, 0, both | __WASI_FSTFLAGS_MTIM_NOW));
    IS(INVAL, __wasi_path_filestat_set_times(ROOT, 0, "times", 0, 0, 16));
    IS(NOENT, __wasi_path_filestat_set_times(ROOT, 0, "none", 0, 0, both));
    IS(NOTDIR, __wasi_path_filestat_set_times(ROOT, 0, "times/", 0, 0, both));
    IS(NOTCAPABLE, __wasi_path_filestat_set_times(ROOT, 0, "..", 0, 0, both));
    IS(BADF, __wasi_path_filestat_set_times(NONE, 0, "times", 0, 0, both));
    IS(NOENT, __wasi_path_filestat_get(ROOT, 0, "none", &stat));
    IS(NOTDIR, __wasi_path_filestat_get(ROOT, 0, "times/", &stat));
    IS(NOTCAPABLE, __wasi_path_filestat_get(ROOT, 0, "../x", &stat));
    IS(INVAL, __wasi_path_filestat_get(ROOT, 2, "times", &stat));
    IS(BADF, __wasi_path_filestat_get(NONE, 0, "times", &stat));
    IS(FAULT, __wasi_path_filestat_get(ROOT, 0, "times", OUTSIDE));
    IS(SUCCESS, __wasi_path_unlink_file(ROOT, "times"));
}

static void renaming(void) {
    __wasi_filestat_t stat;
    IS(SUCCESS, __wasi_fd_close(made("old")));
    IS(SUCCESS, __wasi_path_create_directory(ROOT, "dir"));
    IS(SUCCESS, __wasi_path_create_directory(ROOT, "empty"));
    IS(SUCCESS, __wasi_path_rename(ROOT, "old", ROOT, "dir/new"));
    IS(NOENT, __wasi_path_filestat_get(ROOT, 0, "old", &stat));
    IS(NOENT, __wasi_path_rename(ROOT, "old", ROOT, "new"));
    IS(ISDIR, __wasi_path_rename(ROOT, "dir/new", ROOT, "empty"));
    IS(NOTDIR, __wasi_path_rename(ROOT, "empty", ROOT, "dir/new"));
    IS(NOTDIR, __wasi_path_rename(ROOT, "dir/new/", ROOT, "x"));
    IS(NOTDIR, __wasi_path_rename(ROOT, "dir/new", ROOT, "x/"));
    IS(NOTEMPTY, __wasi_path_rename(ROOT, "empty", ROOT, "dir"));
    IS(INVAL, __wasi_path_rename(ROOT, "dir", ROOT, "dir/sub"));
    IS(BUSY, __wasi_path_rename(ROOT, ".", ROOT, "x"));
    IS(NOTCAPABLE, __wasi_path_rename(ROOT, "dir/new", ROOT, "../x"));
    IS(NOTCAPABLE, __wasi_path_rename(ROOT, "../x", ROOT, "x"));
    IS(BADF, __wasi_path_rename(NONE, "dir/new", ROOT, "x"));
    IS(BADF, __wasi_path_rename(ROOT, "dir/new", NONE, "x"));
    IS(SUCCESS, __wasi_path_rename(ROOT, "dir/", ROOT, "empty/"));
    IS(SUCCESS, __wasi_path_unlink_file(ROOT, "empty/new"));
    IS(SUCCESS, __wasi_path_remove_directory(ROOT, "empty"));
}

int main(void) {
    opening();
    directories();
    links();
    attributes();
    renaming();
    return 0;
}

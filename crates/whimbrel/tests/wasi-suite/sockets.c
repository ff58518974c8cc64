/* The functions on sockets. With the argument `serve`, descriptor 3 is a listening socket whose client sends "ping", waits for
 * "pong" and the end, and closes. */
#include "check.h"

static void not_sockets(void) {
    __wasi_fd_t fd = 0;
    __wasi_size_t len = 0;
    __wasi_roflags_t flags = 0;
    uint8_t bytes[8];
    __wasi_iovec_t in = { bytes, sizeof bytes };
    IS(BADF, __wasi_sock_accept(NONE, 0, &fd));
    IS(BADF, __wasi_sock_recv(NONE, &in, 1, 0, &len, &flags));
    IS(BADF, __wasi_sock_send(NONE, (__wasi_ciovec_t *)&in, 1, 0, &len));
    IS(BADF, __wasi_sock_shutdown(NONE, __WASI_SDFLAGS_RD));
    IS(NOTSOCK, __wasi_sock_accept(1, 0, &fd));
    IS(NOTSOCK, __wasi_sock_recv(1, &in, 1, 0, &len, &flags));
    IS(NOTSOCK, __wasi_sock_send(1, (__wasi_ciovec_t *)&in, 1, 0, &len));
    IS(NOTSOCK, __wasi_sock_shutdown(1, __WASI_SDFLAGS_RD));
}

static void serve(void) {
    __wasi_fd_t fd = 0;
    __wasi_size_t len = 0;
    __wasi_roflags_t flags = 0;
    uint8_t bytes[8] = { 0 };
    __wasi_fdstat_t stat;
    __wasi_iovec_t in[2] = { { bytes, 2 }, { bytes + 2, 6 } };
    __wasi_ciovec_t out[2] = { { (uint8_t *)"po", 2 }, { (uint8_t *)"ng", 2 } };
    IS(NOTCONN, __wasi_sock_recv(3, in, 2, 0, &len, &flags));
    IS(NOTCONN, __wasi_sock_shutdown(3, __WASI_SDFLAGS_RD));
    IS(FAULT, __wasi_sock_accept(3, 0, OUTSIDE + 13));
    IS(INVAL, __wasi_sock_accept(3, __WASI_FDFLAGS_APPEND, &fd));
    IS(SUCCESS, __wasi_fd_fdstat_get(3, &stat));
    TRUE(stat.fs_filetype == __WASI_FILETYPE_SOCKET_STREAM && (stat.fs_rights_base & __WASI_RIGHTS_SOCK_ACCEPT));
    IS(SUCCESS, __wasi_sock_accept(3, 0, &fd));
    IS(INVAL, __wasi_sock_accept(fd, 0, &fd));
    IS(INVAL, __wasi_sock_recv(fd, in, 2, 4, &len, &flags));
    IS(FAULT, __wasi_sock_recv(fd, OUTSIDE, 2, 0, &len, &flags));
    IS(SUCCESS, __wasi_sock_recv(fd, in, 1, __WASI_RIFLAGS_RECV_PEEK, &len, &flags));
    TRUE(len >= 1 && bytes[0] == 'p');
    in[1].buf_len = 2;
    IS(SUCCESS, __wasi_sock_recv(fd, in, 2, __WASI_RIFLAGS_RECV_WAITALL, &len, &flags));
    TRUE(len == 4 && flags == 0 && memcmp(bytes, "ping", 4) == 0);
    IS(INVAL, __wasi_sock_send(fd, out, 2, 1, &len));
    IS(FAULT, __wasi_sock_send(fd, OUTSIDE, 2, 0, &len));
    IS(SUCCESS, __wasi_sock_send(fd, out, 2, 0, &len));
    TRUE(len == 4);
    IS(INVAL, __wasi_sock_shutdown(fd, 0));
    IS(INVAL, __wasi_sock_shutdown(fd, 4));
    IS(SUCCESS, __wasi_sock_shutdown(fd, __WASI_SDFLAGS_WR));
    IS(SUCCESS, __wasi_sock_recv(fd, in, 2, 0, &len, &flags));
    TRUE(len == 0);
    IS(SUCCESS, __wasi_fd_close(fd));
    /* Nobody else comes: without waiting, that is told. */
    IS(SUCCESS, __wasi_fd_fdstat_set_flags(3, __WASI_FDFLAGS_NONBLOCK));
    IS(AGAIN, __wasi_sock_accept(3, 0, &fd));
}

int main(int argc, char **argv) {
    not_sockets();
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        serve();
    return 0;
}

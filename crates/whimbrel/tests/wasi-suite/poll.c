/* poll_oneoff on clocks, files, streams and descriptors that are wrong. */
#include "check.h"

static __wasi_subscription_t on_clock(uint64_t userdata, __wasi_clockid_t id, uint64_t timeout, int absolute) {
    __wasi_subscription_t subscription = { .userdata = userdata };
    subscription.u.tag = __WASI_EVENTTYPE_CLOCK;
    subscription.u.u.clock.id = id;
    subscription.u.u.clock.timeout = timeout;
    subscription.u.u.clock.flags = absolute ? __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME : 0;
    return subscription;
}

static __wasi_subscription_t on_fd(uint64_t userdata, __wasi_fd_t fd, int writing) {
    __wasi_subscription_t subscription = { .userdata = userdata };
    subscription.u.tag = writing ? __WASI_EVENTTYPE_FD_WRITE : __WASI_EVENTTYPE_FD_READ;
    subscription.u.u.fd_read.file_descriptor = fd;
    return subscription;
}

static __wasi_timestamp_t now(void) {
    __wasi_timestamp_t time = 0;
    IS(SUCCESS, __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time));
    return time;
}

#define MINUTE 60000000000
#define MILLISECOND 1000000

static void clocks(void) {
    __wasi_event_t events[3];
    __wasi_size_t count = 0;
    __wasi_timestamp_t start = now();
    __wasi_subscription_t two[] = { on_clock(1, __WASI_CLOCKID_MONOTONIC, MINUTE, 0),
                                    on_clock(2, __WASI_CLOCKID_REALTIME, 10 * MILLISECOND, 0) };
    IS(SUCCESS, __wasi_poll_oneoff(two, events, 2, &count));
    TRUE(count == 1 && events[0].userdata == 2 && events[0].error == 0 && events[0].type == __WASI_EVENTTYPE_CLOCK);
    TRUE(now() - start >= 10 * MILLISECOND && now() - start < MINUTE);
    __wasi_subscription_t at = on_clock(3, __WASI_CLOCKID_MONOTONIC, now() + 5 * MILLISECOND, 1);
    start = now();
    IS(SUCCESS, __wasi_poll_oneoff(&at, events, 1, &count));
    TRUE(count == 1 && events[0].userdata == 3 && now() - start < MINUTE);
    __wasi_subscription_t past = on_clock(4, __WASI_CLOCKID_MONOTONIC, 1, 1);
    IS(SUCCESS, __wasi_poll_oneoff(&past, events, 1, &count));
    TRUE(count == 1 && events[0].userdata == 4);
}

static void descriptors(void) {
    __wasi_event_t events[5];
    __wasi_size_t count = 0;
    __wasi_fd_t fd = opened("hello.txt", 0, FILE_RIGHTS, 0), weak = opened("hello.txt", 0, __WASI_RIGHTS_FD_READ, 0);
    __wasi_subscription_t all[] = { on_fd(1, fd, 0), on_fd(2, fd, 1), on_fd(3, NONE, 0), on_fd(4, weak, 0),
                                    on_clock(5, __WASI_CLOCKID_MONOTONIC, MINUTE, 0) };
    IS(SUCCESS, __wasi_poll_oneoff(all, events, 5, &count));
    TRUE(count == 4);
    TRUE(events[0].userdata == 1 && events[0].error == 0 && events[0].fd_readwrite.nbytes == 6);
    TRUE(events[1].userdata == 2 && events[1].error == 0 && events[1].type == __WASI_EVENTTYPE_FD_WRITE);
    TRUE(events[2].userdata == 3 && events[2].error == __WASI_ERRNO_BADF);
    TRUE(events[3].userdata == 4 && events[3].error == __WASI_ERRNO_NOTCAPABLE);
    /* Standard input is at its end: that it can be read is told at once. */
    __wasi_subscription_t streams[] = { on_fd(6, 0, 0), on_clock(7, __WASI_CLOCKID_MONOTONIC, MINUTE, 0) };
    IS(SUCCESS, __wasi_poll_oneoff(streams, events, 2, &count));
    TRUE(count == 1 && events[0].userdata == 6 && events[0].error == 0);
    streams[0] = on_fd(8, 1, 1);
    IS(SUCCESS, __wasi_poll_oneoff(streams, events, 2, &count));
    TRUE(count == 1 && events[0].userdata == 8 && events[0].error == 0);
    IS(SUCCESS, __wasi_fd_close(fd));
    IS(SUCCESS, __wasi_fd_close(weak));
}

static void wrong(void) {
    __wasi_event_t events[2];
    __wasi_size_t count = 0;
    __wasi_subscription_t soon = on_clock(1, __WASI_CLOCKID_MONOTONIC, 1, 0);
    IS(INVAL, __wasi_poll_oneoff(&soon, events, 0, &count));
    IS(FAULT, __wasi_poll_oneoff(OUTSIDE, events, 1, &count));
    IS(FAULT, __wasi_poll_oneoff(&soon, OUTSIDE, 1, &count));
    IS(FAULT, __wasi_poll_oneoff(&soon, events, 1, OUTSIDE + 13));
    IS(FAULT, __wasi_poll_oneoff(&soon, events, UINT32_MAX, &count));
    __wasi_subscription_t unknown = on_clock(9, 17, 1, 0);
    IS(SUCCESS, __wasi_poll_oneoff(&unknown, events, 1, &count));
    TRUE(count == 1 && events[0].userdata == 9 && events[0].error == __WASI_ERRNO_INVAL);
    soon.u.tag = 3;
    IS(INVAL, __wasi_poll_oneoff(&soon, events, 1, &count));
}

int main(void) {
    clocks();
    descriptors();
    wrong();
    return 0;
}

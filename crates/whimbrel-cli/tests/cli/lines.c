/* Divides by numbers of which one is zero, in a function that the compiler inlines: a trap with two places in the source. */

int digits[] = {7, 0, 2};

static inline __attribute__((always_inline)) int quotient(int of, int by) {
    return of /
           by;
}

__attribute__((noinline)) static int divide_all(int of, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += quotient(of, digits[i]);
    return sum;
}

__attribute__((export_name("divide"))) int divide(int of) {
    return divide_all(of, 3) + 1;
}

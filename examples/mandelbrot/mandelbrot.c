/*
 * Draws the Mandelbrot set on standard output: as text, or as a binary PPM picture.
 *
 *     mandelbrot [COLUMNS ROWS]
 *     mandelbrot --ppm WIDTH HEIGHT
 *
 * The inner loop is additions and multiplications of doubles alone, so that every
 * engine that follows IEEE 754 prints the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 255, MAX_SIDE = 8192 };

/* The number of steps until the orbit of `re + i im` leaves the circle of radius 2; MAX_STEPS if it stays. */
static int escape_steps(double re, double im) {
    double x = 0, y = 0;
    for (int step = 0; step < MAX_STEPS; step++) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4)
            return step;
        y = 2 * x * y + im;
        x = xx - yy + re;
    }
    return MAX_STEPS;
}

static int steps_at(int column, int row, int width, int height) {
    double re = -2.2 + 3.2 * (column + 0.5) / width;
    double im = 1.2 - 2.4 * (row + 0.5) / height;
    return escape_steps(re, im);
}

static void print_text(int columns, int rows) {
    static const char shades[] = " .,:;-=+*oO%#@";
    const int last = (int)sizeof shades - 2;
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            int steps = steps_at(column, row, columns, rows);
            int shade = steps == MAX_STEPS ? last : steps / 2 < last ? steps / 2 : last - 1;
            /* A visible character even outside the set keeps the rows free of trailing blanks. */
            putchar(shade == 0 ? '.' : shades[shade]);
        }
        putchar('\n');
    }
}

static void write_ppm(int width, int height) {
    printf("P6\n%d %d\n255\n", width, height);
    for (int row = 0; row < height; row++) {
        for (int column = 0; column < width; column++) {
            int steps = steps_at(column, row, width, height);
            unsigned char inside = steps == MAX_STEPS;
            putchar(inside ? 0 : (steps * 9) & 255);
            putchar(inside ? 0 : (steps * 5) & 255);
            putchar(inside ? 0 : 255 - ((steps * 3) & 255));
        }
    }
}

static int side(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > MAX_SIDE) {
        fprintf(stderr, "mandelbrot: `%s` is not a size from 1 to %d\n", text, MAX_SIDE);
        exit(2);
    }
    return (int)value;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--ppm") == 0) {
        write_ppm(side(argv[2]), side(argv[3]));
    } else if (argc == 3) {
        print_text(side(argv[1]), side(argv[2]));
    } else if (argc == 1) {
        print_text(72, 24);
    } else {
        fprintf(stderr, "usage: mandelbrot [COLUMNS ROWS] | --ppm WIDTH HEIGHT\n");
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

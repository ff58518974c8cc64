/* Compresses a file to gzip with the zopfli library: zopfli IN OUT. */
#include <stdio.h>
#include <stdlib.h>

#include "zopfli.h"

static unsigned char *read_file(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long end = ftell(file);
    if (end < 0)
        return NULL;
    rewind(file);
    unsigned char *bytes = malloc((size_t)end + 1);
    if (bytes)
        *len = fread(bytes, 1, (size_t)end, file);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: zopfli IN OUT\n");
        return 2;
    }
    size_t in_len = 0, out_len = 0;
    unsigned char *in = read_file(argv[1], &in_len), *out = NULL;
    if (!in) {
        perror(argv[1]);
        return 1;
    }
    ZopfliOptions options;
    ZopfliInitOptions(&options);
    ZopfliCompress(&options, ZOPFLI_FORMAT_GZIP, in, in_len, &out, &out_len);
    FILE *file = fopen(argv[2], "wb");
    if (!file || fwrite(out, 1, out_len, file) != out_len || fclose(file) != 0) {
        perror(argv[2]);
        return 1;
    }
    free(out);
    free(in);
    return 0;
}

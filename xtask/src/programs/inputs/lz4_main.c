/* lz4_main IN OUT: packs four megabytes made of IN by both compressors of the library, unpacks them again, and writes a frame of
 * IN to OUT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lz4.h"
#include "lz4frame.h"
#include "lz4hc.h"

#define TEXT_BYTES (4 << 20)

static int fail(const char *what) {
    fprintf(stderr, "lz4: %s\n", what);
    return 1;
}

/* Packs and unpacks; prints the packed size. */
static int round_trip(const char *name, const char *text, int level) {
    int bound = LZ4_compressBound(TEXT_BYTES);
    char *packed = malloc((size_t)bound), *unpacked = malloc(TEXT_BYTES);
    int len = level ? LZ4_compress_HC(text, packed, TEXT_BYTES, bound, level)
                    : LZ4_compress_default(text, packed, TEXT_BYTES, bound);
    if (len <= 0 || LZ4_decompress_safe(packed, unpacked, len, TEXT_BYTES) != TEXT_BYTES)
        return fail(name);
    if (memcmp(text, unpacked, TEXT_BYTES))
        return fail("what is unpacked is not what was packed");
    printf("%s: %d of %d bytes\n", name, len, TEXT_BYTES);
    free(packed);
    free(unpacked);
    return 0;
}

int main(int argc, char **argv) {
    static char in[1 << 16];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        return fail("nothing to read");
    size_t in_bytes = fread(in, 1, sizeof in, file);
    fclose(file);

    /* Pieces of the file in an order that a generator makes, each with a number in it. */
    char *text = malloc(TEXT_BYTES + 64);
    unsigned seed = 1;
    for (size_t at = 0; at < TEXT_BYTES;) {
        seed = seed * 1664525u + 1013904223u;
        size_t from = (seed >> 8) % (in_bytes - 40);
        memcpy(text + at, in + from, 40);
        at += 8 + seed % 32;
        at += (size_t)snprintf(text + at, 16, "%u", seed >> 20);
    }
    if (round_trip("fast", text, 0) || round_trip("high", text, LZ4HC_CLEVEL_DEFAULT))
        return 1;

    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    size_t bound = LZ4F_compressFrameBound(in_bytes, &preferences);
    char *frame = malloc(bound);
    size_t len = LZ4F_compressFrame(frame, bound, in, in_bytes, &preferences);
    if (LZ4F_isError(len))
        return fail(LZ4F_getErrorName(len));
    file = fopen(argv[2], "wb");
    if (!file || fwrite(frame, 1, len, file) != len || fclose(file))
        return fail("cannot write");
    return 0;
}

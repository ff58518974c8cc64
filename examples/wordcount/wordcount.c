/*
 * Counts lines, words and bytes of every file in the directories named on the command line,
 * in order of their names, with a total at the end.
 *
 * The directories are the guest's view: what the host mounted, and nothing else.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct counts {
    unsigned long lines, words, bytes;
};

static int fail(const char *path) {
    fprintf(stderr, "wordcount: %s: %s\n", path, strerror(errno));
    return -1;
}

static int count_file(const char *path, struct counts *counts) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail(path);
    int in_word = 0;
    for (int c; (c = getc(file)) != EOF;) {
        counts->bytes++;
        counts->lines += c == '\n';
        counts->words += !isspace(c) && !in_word;
        in_word = !isspace(c);
    }
    int failed = ferror(file);
    fclose(file);
    return failed ? fail(path) : 0;
}

/* `.` and `..` are no files, and the second may lie outside what the host mounted. */
static int is_entry(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void print_counts(const struct counts *counts, const char *label) {
    printf("%6lu %6lu %7lu  %s\n", counts->lines, counts->words, counts->bytes, label);
}

static int count_directory(const char *path, struct counts *total) {
    struct dirent **entries;
    int len = scandir(path, &entries, is_entry, alphasort);
    if (len < 0)
        return fail(path);
    int status = 0;
    for (int i = 0; i < len; i++) {
        char file[1024];
        struct stat about;
        struct counts counts = {0};
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        if (stat(file, &about) != 0) {
            status = fail(file);
        } else if (S_ISREG(about.st_mode)) {
            if (count_file(file, &counts) != 0)
                status = -1;
            print_counts(&counts, file);
            total->lines += counts.lines;
            total->words += counts.words;
            total->bytes += counts.bytes;
        }
    }
    free(entries);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: wordcount DIRECTORY...\n");
        return 2;
    }
    struct counts total = {0};
    int status = 0;
    for (int i = 1; i < argc; i++)
        if (count_directory(argv[i], &total) != 0)
            status = 1;
    print_counts(&total, "total");
    return status;
}

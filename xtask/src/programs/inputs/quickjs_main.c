/* Runs a script with QuickJS: quickjs FILE ARG... The script has `print`, and its arguments in `scriptArgs`. */
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

static JSValue print(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
    (void)self;
    for (int i = 0; i < argc; i++) {
        const char *text = JS_ToCString(ctx, argv[i]);
        if (!text)
            return JS_EXCEPTION;
        printf(i ? " %s" : "%s", text);
        JS_FreeCString(ctx, text);
    }
    putchar('\n');
    return JS_UNDEFINED;
}

/* Prints the pending exception. */
static void report(JSContext *ctx) {
    JSValue error = JS_GetException(ctx);
    const char *text = JS_ToCString(ctx, error);
    fprintf(stderr, "%s\n", text ? text : "an error without a text");
    JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, error);
}

static char *read_file(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long end = ftell(file);
    rewind(file);
    char *bytes = end < 0 ? NULL : malloc((size_t)end + 1);
    if (bytes) {
        *len = fread(bytes, 1, (size_t)end, file);
        bytes[*len] = 0;
    }
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: quickjs FILE ARG...\n");
        return 2;
    }
    size_t len = 0;
    char *source = read_file(argv[1], &len);
    if (!source) {
        perror(argv[1]);
        return 2;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = JS_NewContext(runtime), *job;
    JSValue global = JS_GetGlobalObject(ctx), args = JS_NewArray(ctx);
    for (int i = 1; i < argc; i++)
        JS_SetPropertyUint32(ctx, args, (uint32_t)i - 1, JS_NewString(ctx, argv[i]));
    JS_SetPropertyStr(ctx, global, "scriptArgs", args);
    JS_SetPropertyStr(ctx, global, "print", JS_NewCFunction(ctx, print, "print", 1));
    JSValue result = JS_Eval(ctx, source, len, argv[1], JS_EVAL_TYPE_GLOBAL);
    int failed = JS_IsException(result), done;
    if (failed)
        report(ctx);
    while ((done = JS_ExecutePendingJob(runtime, &job)) != 0) {
        if (done < 0) {
            report(job);
            failed = 1;
        }
    }
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, global);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    free(source);
    return failed;
}

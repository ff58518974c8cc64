// A parser: a text of JSON, read by recursive descent into a tree of nodes that is then summed up.
#include "kernels.h"

enum { TEXT = 6000, NODES = 4096 };
typedef enum { NUL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT } kind;
typedef struct node {
    kind kind;
    double number;
    const char *text;
    int len;
    struct node *first, *next;
} node;

static char text[TEXT + 1];
static node nodes[NODES];
static int used;
static const char *at;

static char *put(char *to, const char *part) {
    while (*part) {
        *to++ = *part++;
    }
    return to;
}

// Writes an array of records into `text`.
static void write_text(uint32_t seed) {
    static const char *const words[] = {"curlew", "godwit", "whimbrel", "snipe", "stint", "ruff \\u0041", "knot\\n"};
    char *to = put(text, "[");
    for (int first = 1; to < text + TEXT - 200; first = 0) {
        to = put(to, first ? "\n  {\"id\": " : ",\n  {\"id\": ");
        uint32_t random = next_random(&seed);
        for (uint32_t digits = random % 1000000 + 1; digits; digits /= 10) {
            *to++ = (char)('1' + digits % 9);
        }
        to = put(to, ", \"name\": \"");
        to = put(to, words[random % 7]);
        to = put(to, random & 64 ? "\", \"seen\": true, \"at\": [" : "\", \"seen\": false, \"at\": [");
        for (uint32_t i = 0; i < random >> 29; i++) {
            to = put(to, i ? ", " : "");
            to = put(to, i & 1 ? "-12.625" : "3.5e2");
        }
        to = put(to, "], \"note\": null}");
    }
    *put(to, "\n]") = 0;
}

static node *value(void);

static void blanks(void) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
        at++;
    }
}

static int expect(char c) {
    blanks();
    return *at == c ? (at++, 1) : 0;
}

static node *make(kind kind) {
    node *made = &nodes[used++ % NODES];
    *made = (node){.kind = kind};
    return made;
}

static node *string(void) {
    node *made = make(STRING);
    made->text = ++at;
    for (; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
        }
    }
    made->len = (int)(at++ - made->text);
    return made;
}

static node *number(void) {
    node *made = make(NUMBER);
    int negative = *at == '-' ? (at++, 1) : 0, exponent = 0;
    double result = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        result = result * 10 + (*at - '0');
    }
    if (*at == '.') {
        double place = 0.1;
        for (at++; *at >= '0' && *at <= '9'; at++, place /= 10) {
            result += place * (*at - '0');
        }
    }
    if (*at == 'e' || *at == 'E') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            exponent = exponent * 10 + (*at - '0');
        }
    }
    for (; exponent > 0; exponent--) {
        result *= 10;
    }
    made->number = negative ? -result : result;
    return made;
}

static node *members(kind kind, char end) {
    node *made = make(kind), **last = &made->first;
    at++;
    if (expect(end)) {
        return made;
    }
    do {
        blanks();
        node *member = kind == OBJECT ? string() : value();
        *last = member;
        last = &member->next;
        if (kind == OBJECT && expect(':')) {
            member->first = value();
        }
    } while (expect(','));
    expect(end);
    return made;
}

static node *word(const char *spelled, kind kind, double number) {
    while (*spelled && *spelled == *at) {
        spelled++, at++;
    }
    node *made = make(kind);
    made->number = number;
    return made;
}

static node *value(void) {
    blanks();
    switch (*at) {
    case '{': return members(OBJECT, '}');
    case '[': return members(ARRAY, ']');
    case '"': return string();
    case 't': return word("true", BOOLEAN, 1);
    case 'f': return word("false", BOOLEAN, 0);
    case 'n': return word("null", NUL, 0);
    default: return number();
    }
}

static double total(const node *of) {
    double sum = of->number + of->len;
    for (const node *member = of->first; member; member = member->next) {
        sum += total(member);
    }
    return sum + of->kind;
}

uint64_t run(uint32_t rounds) {
    double sum = 0;
    write_text(77);
    for (uint32_t round = 0; round < rounds; round++) {
        used = 0;
        at = text;
        sum = sum / 2 + total(value());
    }
    return bits_of(sum);
}

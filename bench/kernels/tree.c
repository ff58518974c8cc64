// Pointers and allocation: a balanced search tree of nodes from a free list, with insertions, look-ups and removals.
#include "kernels.h"

enum { NODES = 2048 };
typedef struct node { uint32_t key, rank; struct node *left, *right; } node;
static node pool[NODES], *unused;

// A treap: ordered by keys, a heap by ranks.
static node *merge(node *low, node *high) {
    if (!low || !high) {
        return low ? low : high;
    }
    if (low->rank > high->rank) {
        low->right = merge(low->right, high);
        return low;
    }
    high->left = merge(low, high->left);
    return high;
}

static void split(node *tree, uint32_t key, node **low, node **high) {
    if (!tree) {
        *low = *high = NULL;
    } else if (tree->key < key) {
        split(tree->right, key, &tree->right, high);
        *low = tree;
    } else {
        split(tree->left, key, low, &tree->left);
        *high = tree;
    }
}

static node *insert(node *tree, uint32_t key, uint32_t rank) {
    if (!tree || tree->rank < rank) {
        node *fresh = unused;
        unused = fresh->right;
        fresh->key = key;
        fresh->rank = rank;
        split(tree, key, &fresh->left, &fresh->right);
        return fresh;
    }
    if (key < tree->key) {
        tree->left = insert(tree->left, key, rank);
    } else {
        tree->right = insert(tree->right, key, rank);
    }
    return tree;
}

static node *discard(node *tree, uint32_t key) {
    if (!tree) {
        return NULL;
    }
    if (key == tree->key) {
        node *rest = merge(tree->left, tree->right);
        tree->right = unused;
        unused = tree;
        return rest;
    }
    if (key < tree->key) {
        tree->left = discard(tree->left, key);
    } else {
        tree->right = discard(tree->right, key);
    }
    return tree;
}

static int contains(const node *tree, uint32_t key) {
    while (tree && tree->key != key) {
        tree = key < tree->key ? tree->left : tree->right;
    }
    return tree != NULL;
}

uint64_t run(uint32_t rounds) {
    uint32_t seed = 55, count = 0;
    unused = NULL;
    for (int i = 0; i < NODES; i++) {
        pool[i].right = unused;
        unused = &pool[i];
    }
    node *tree = NULL;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t key = next_random(&seed) % (2 * NODES);
        if (contains(tree, key)) {
            tree = discard(tree, key);
            count--;
        } else if (unused) {
            tree = insert(tree, key, next_random(&seed));
            count++;
        }
        sum = sum * 31 + count + (uint32_t)contains(tree, key ^ 1);
    }
    return sum;
}

// Single-precision vectors, passed and returned as structures: spheres over a floor, with reflections.
#include "kernels.h"

enum { SIDE = 40, SPHERES = 4, BOUNCES = 3 };
typedef struct { float x, y, z; } vec;
typedef struct { vec center; float radius, mirror; } sphere;

static const sphere spheres[SPHERES] = {
    {{0, 1, 6}, 1, 0.4f}, {{2, 0.7f, 5}, 0.7f, 0.2f}, {{-2, 0.8f, 7}, 0.8f, 0.6f}, {{0.6f, 0.3f, 3.5f}, 0.3f, 0.1f},
};

static vec add(vec a, vec b) { return (vec){a.x + b.x, a.y + b.y, a.z + b.z}; }
static vec scaled(vec a, float by) { return (vec){a.x * by, a.y * by, a.z * by}; }
static vec sub(vec a, vec b) { return add(a, scaled(b, -1)); }
static float dot(vec a, vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static vec unit(vec a) { return scaled(a, 1 / __builtin_sqrtf(dot(a, a))); }

// The distance at which a ray meets a sphere, negative if it does not.
static float meets(const sphere *s, vec from, vec along) {
    vec to = sub(s->center, from);
    float middle = dot(to, along), rest = dot(to, to) - middle * middle, square = s->radius * s->radius - rest;
    return square < 0 ? -1 : middle - __builtin_sqrtf(square);
}

static float shade(vec from, vec along, int bounces) {
    float nearest = 1e9f;
    const sphere *hit = NULL;
    for (int i = 0; i < SPHERES; i++) {
        float distance = meets(&spheres[i], from, along);
        if (distance > 1e-3f && distance < nearest) {
            nearest = distance;
            hit = &spheres[i];
        }
    }
    const vec light = {0.57f, 0.57f, -0.57f};
    if (hit) {
        vec at = add(from, scaled(along, nearest)), normal = unit(sub(at, hit->center));
        float lit = dot(normal, light), own = lit > 0 ? lit : 0.05f;
        if (bounces == 0) {
            return own;
        }
        vec mirrored = sub(along, scaled(normal, 2 * dot(along, normal)));
        return own * (1 - hit->mirror) + shade(at, mirrored, bounces - 1) * hit->mirror;
    }
    if (along.y < 0) {
        vec at = add(from, scaled(along, -from.y / along.y));
        int dark = ((int)__builtin_floorf(at.x) + (int)__builtin_floorf(at.z)) & 1;
        for (int i = 0; i < SPHERES; i++) {
            if (meets(&spheres[i], at, light) > 1e-3f) {
                return 0.1f;
            }
        }
        return dark ? 0.3f : 0.8f;
    }
    return 0.5f + 0.5f * along.y;
}

uint64_t run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        vec eye = {0.01f * (float)round, 1, 0};
        for (int row = 0; row < SIDE; row++) {
            for (int column = 0; column < SIDE; column++) {
                vec along = unit((vec){(float)(column - SIDE / 2) / SIDE, (float)(SIDE / 2 - row) / SIDE, 1});
                sum = sum * 31 + (uint64_t)(shade(eye, along, BOUNCES) * 255);
            }
        }
    }
    return sum;
}

// Double-precision arithmetic with square roots: bodies that attract each other.
#include "kernels.h"

enum { BODIES = 5 };
static double position[BODIES][3], velocity[BODIES][3], mass[BODIES];

uint64_t run(uint32_t rounds) {
    for (int i = 0; i < BODIES; i++) {
        mass[i] = 1.0 / (i + 1);
        for (int axis = 0; axis < 3; axis++) {
            position[i][axis] = (i * 3 + axis) * 1.25 - axis * i;
            velocity[i][axis] = 0.01 * (i - axis);
        }
    }
    const double step = 0.001;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < BODIES; i++) {
            for (int j = i + 1; j < BODIES; j++) {
                double away[3], square = 0.01;
                for (int axis = 0; axis < 3; axis++) {
                    away[axis] = position[i][axis] - position[j][axis];
                    square += away[axis] * away[axis];
                }
                double pull = step / (square * __builtin_sqrt(square));
                for (int axis = 0; axis < 3; axis++) {
                    velocity[i][axis] -= away[axis] * mass[j] * pull;
                    velocity[j][axis] += away[axis] * mass[i] * pull;
                }
            }
        }
        for (int i = 0; i < BODIES; i++) {
            for (int axis = 0; axis < 3; axis++) {
                position[i][axis] += step * velocity[i][axis];
            }
        }
    }
    return bits_of(position[0][0] + position[1][1] + position[2][2]);
}

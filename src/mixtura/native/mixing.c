#include "mixing.h"

#include <string.h>

/* What is left of a step beyond others, relative to it, for it to count. */
#define LEAST_STEP 1e-10

int64_t mx_mixing_workspace(int64_t n) { return (3 + 4 * MX_MIXED) * n; }

mx_mixing mx_mixing_in(int64_t n, double *workspace) {
    mx_mixing at = {
        .n = n, .count = -1, .point = workspace, .step = workspace + n, .left = workspace + 2 * n};
    workspace += 3 * n;
    for (int i = 0; i < MX_MIXED; i++, workspace += 4 * n) {
        at.moves[i] = workspace;
        at.turns[i] = workspace + n;
        at.bases[i] = workspace + 2 * n;
        at.paths[i] = workspace + 3 * n;
    }
    return at;
}

void mx_forget(mx_mixing *at) { at->count = -1; }

static double product(int64_t n, const double *weights, const double *one, const double *other) {
    double sum = 0;
    for (int64_t l = 0; l < n; l++)
        sum += weights[l] * one[l] * other[l];
    return sum;
}

static void take_out(int64_t n, double times, const double *part, double *whole) {
    for (int64_t l = 0; l < n; l++)
        whole[l] -= times * part[l];
}

static void learn(mx_mixing *at, const double *point, const double *step) {
    int64_t n = at->n;
    if (at->count == MX_MIXED) {
        double *move = at->moves[0], *turned = at->turns[0];
        memmove(at->moves, at->moves + 1, sizeof(double *) * (MX_MIXED - 1));
        memmove(at->turns, at->turns + 1, sizeof(double *) * (MX_MIXED - 1));
        at->moves[MX_MIXED - 1] = move;
        at->turns[MX_MIXED - 1] = turned;
        at->count--;
    }
    for (int64_t l = 0; at->count >= 0 && l < n; l++) {
        at->moves[at->count][l] = point[l] - at->point[l];
        at->turns[at->count][l] = step[l] - at->step[l];
    }
    at->count++;
    memcpy(at->point, point, sizeof(double) * n);
    memcpy(at->step, step, sizeof(double) * n);
}

void mx_mix(mx_mixing *at, const double *weights, const double *point, const double *step,
            double *found) {
    int64_t n = at->n;
    double sizes[MX_MIXED];
    int kept = 0;
    learn(at, point, step);
    memcpy(at->left, step, sizeof(double) * n);
    for (int64_t l = 0; l < n; l++)
        found[l] = point[l] + step[l];
    /* Gram-Schmidt from the newest difference to the oldest. */
    for (int i = at->count - 1; i >= 0; i--) {
        double *basis = at->bases[kept], *path = at->paths[kept];
        for (int64_t l = 0; l < n; l++) {
            basis[l] = at->turns[i][l];
            path[l] = at->moves[i][l] + at->turns[i][l];
        }
        double before = product(n, weights, basis, basis);
        for (int j = 0; j < kept; j++) {
            double along = product(n, weights, at->bases[j], basis) / sizes[j];
            take_out(n, along, at->bases[j], basis);
            take_out(n, along, at->paths[j], path);
        }
        double after = product(n, weights, basis, basis);
        if (!(after > LEAST_STEP * before) || !(after > 0))
            continue;
        double along = product(n, weights, basis, at->left) / after;
        take_out(n, along, basis, at->left);
        take_out(n, along, path, found);
        sizes[kept++] = after;
    }
}

#include "squarem.h"

#include <math.h>
#include <string.h>

#define FIRST_LENGTH 4.0
#define GROWTH 4.0
/* The rate is still rising when it is read. */
#define SAFETY 1.5
/* Gains below this share of the objective are its last digits, up or down. */
#define EXACT 1e-14
/* A rise of so many times the fall before it is no gain. */
#define FALLEN 2.0
/* How far to look for more, in multiples of the distance to the limit, and at least of a step. */
#define PROBE 3.0
#define SHORTEST_PROBE 10.0
/* How often an extrapolation that leaves the parameter space is shortened. */
#define SHORTENED 4

mx_squarem mx_squarem_in(int64_t size, mx_workspace *workspace) {
    mx_squarem at = {.size = size, .longest = FIRST_LENGTH, .length = 1.0};
    for (int i = 0; i < 3; i++)
        at.points[i] = mx_taken(workspace, size);
    return at;
}

void mx_squarem_restore(mx_squarem *at, const void *from, void *to) {
    for (int i = 0; i < 3; i++)
        at->points[i] = mx_moved(at->points[i], from, to);
}

static double step_size(const mx_squarem *at, int from) {
    double total = 0;
    for (int64_t i = 0; i < at->size; i++) {
        double step = at->points[from + 1][i] - at->points[from][i];
        total += step * step;
    }
    return sqrt(total);
}

/* How much shorter the last EM step was than the one before. */
static double rate_of(const mx_squarem *at) {
    double first = step_size(at, 0);
    return first > 0 ? step_size(at, 1) / first : 0;
}

static void keep_rate(mx_squarem *at) {
    if (at->n_rates == MX_REMEMBERED)
        memmove(at->rates, at->rates + 1, sizeof(double) * (MX_REMEMBERED - 1));
    else
        at->n_rates++;
    at->rates[at->n_rates - 1] = rate_of(at);
}

void mx_squarem_step(mx_squarem *at, const double *point, double objective) {
    if (at->count == 3) {
        double *oldest = at->points[0];
        at->points[0] = at->points[1];
        at->points[1] = at->points[2];
        at->points[2] = oldest;
        at->objectives[0] = at->objectives[1];
        at->objectives[1] = at->objectives[2];
        at->count = 2;
    }
    memcpy(at->points[at->count], point, sizeof(double) * at->size);
    at->objectives[at->count++] = objective;
}

int mx_squarem_ready(const mx_squarem *at, double steady) {
    return at->count == 3 && at->objectives[2] - at->objectives[1] < steady;
}

/* The length that the last two steps ask for. */
static double aimed(const mx_squarem *at) {
    double first = step_size(at, 0), bend = 0;
    for (int64_t i = 0; i < at->size; i++) {
        double turn = at->points[2][i] - 2 * at->points[1][i] + at->points[0][i];
        bend += turn * turn;
    }
    return bend > 0 ? fmin(first / sqrt(bend), at->longest) : 1.0;
}

int mx_squarem_extrapolate(mx_squarem *at, int tried, double *restrict point) {
    if (!tried)
        at->length = aimed(at);
    else
        at->length = at->length > 1.5 ? (at->length + 1) / 2 : 1.0;
    double length = at->length;
    if (tried == SHORTENED || length <= 1)
        return 0;
    /* Apart from one another, or a loop would have other digits where they happen to be near. */
    const double *first = at->points[0], *second = at->points[1], *third = at->points[2];
    for (int64_t i = 0; i < at->size; i++) {
        double start = first[i], step = second[i] - start, turn = third[i] - second[i] - step;
        point[i] = start + 2 * length * step + length * length * turn;
    }
    return 1;
}

int mx_squarem_probe(const mx_squarem *at, int tried, double *restrict point) {
    if (tried == SHORTENED)
        return 0;
    double length = fmax(SHORTEST_PROBE, PROBE / fmax(1 - rate_of(at), 1e-3));
    for (int i = 0; i < tried; i++)
        length /= 4;
    const double *second = at->points[1], *third = at->points[2];
    for (int64_t i = 0; i < at->size; i++)
        point[i] = third[i] + length * (third[i] - second[i]);
    return 1;
}

void mx_squarem_accept(mx_squarem *at) {
    if (at->length >= at->longest)
        at->longest *= GROWTH;
    keep_rate(at);
    at->count = 0;
}

void mx_squarem_reject(mx_squarem *at) {
    double shorter = (at->longest < at->length ? at->longest : at->length) / GROWTH;
    at->longest = shorter > FIRST_LENGTH / 2 ? shorter : FIRST_LENGTH / 2;
    keep_rate(at);
    double *last = at->points[2];
    at->points[2] = at->points[0];
    at->points[0] = last;
    at->objectives[0] = at->objectives[2];
    at->count = 1;
}

void mx_squarem_restart(mx_squarem *at) { at->count = at->n_rates = 0; }

double mx_squarem_gain(const mx_squarem *at) {
    if (at->count < 3 || !at->n_rates)
        return INFINITY;
    double before = at->objectives[1] - at->objectives[0];
    double gain = at->objectives[2] - at->objectives[1];
    if (gain <= EXACT * fabs(at->objectives[2]))
        return 0;
    /* EM does not fall, so what it fell by is rounding, and so is a rise by no more. */
    if (before < 0 && gain <= FALLEN * -before)
        return 0;
    double now = rate_of(at), ratio = before > 0 ? gain / before : 1.0;
    ratio = fmax(ratio, now * now);
    for (int i = 0; i < at->n_rates; i++)
        ratio = fmax(ratio, at->rates[i] * at->rates[i]);
    return ratio < 1 ? SAFETY * gain * ratio / (1 - ratio) : INFINITY;
}

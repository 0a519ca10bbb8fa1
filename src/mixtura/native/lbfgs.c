#include "lbfgs.h"

#include <math.h>
#include <string.h>

/* Pairs with less curvature than this of a step's square are of a saddle, or rounding. */
#define FLATTEST 1e-10
/* How a refused step shortens those that follow, and one that was taken lengthens them. */
#define SHORTER 0.25
#define GROW 2.0
/* How much longer a step is than the one before it on the way from a saddle point. */
#define STRETCH 2.0
/* How much more may be left than the curvature seen so far says. */
#define SAFETY 1.5
/* Steps that must have been taken before it is trusted. */
#define TRUSTED 3

mx_lbfgs mx_lbfgs_in(int64_t size, mx_workspace *workspace) {
    mx_lbfgs at = {.size = size};
    at.point = mx_taken(workspace, size);
    at.gradient = mx_taken(workspace, size);
    at.work = mx_taken(workspace, size);
    for (int i = 0; i < MX_PAIRS; i++) {
        at.steps[i] = mx_taken(workspace, size);
        at.changes[i] = mx_taken(workspace, size);
    }
    return at;
}

int64_t mx_lbfgs_workspace(int64_t size) {
    mx_workspace counted = {0};
    mx_lbfgs_in(size, &counted);
    return counted.used;
}

void mx_lbfgs_restore(mx_lbfgs *at, const void *from, void *to) {
    at->point = mx_moved(at->point, from, to);
    at->gradient = mx_moved(at->gradient, from, to);
    at->work = mx_moved(at->work, from, to);
    for (int i = 0; i < MX_PAIRS; i++) {
        at->steps[i] = mx_moved(at->steps[i], from, to);
        at->changes[i] = mx_moved(at->changes[i], from, to);
    }
}

static void go_to(mx_lbfgs *at, const double *point, const double *gradient) {
    memcpy(at->point, point, sizeof(double) * at->size);
    memcpy(at->gradient, gradient, sizeof(double) * at->size);
}

static double dot(int64_t n, const double *one, const double *other) {
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += one[i] * other[i];
    return total;
}

/* The inverse of the curvature times a vector, by the two loops (Nocedal and Wright 2006, 7.4). */
static void times_inverse(const mx_lbfgs *at, const double *vector, double begun, double *found) {
    double weights[MX_PAIRS];
    memcpy(found, vector, sizeof(double) * at->size);
    for (int i = at->n_pairs - 1; i >= 0; i--) {
        weights[i] = at->inverses[i] * dot(at->size, at->steps[i], found);
        for (int64_t l = 0; l < at->size; l++)
            found[l] -= weights[i] * at->changes[i][l];
    }
    for (int64_t l = 0; l < at->size; l++)
        found[l] *= begun;
    for (int i = 0; i < at->n_pairs; i++) {
        double more = weights[i] - at->inverses[i] * dot(at->size, at->changes[i], found);
        for (int64_t l = 0; l < at->size; l++)
            found[l] += more * at->steps[i][l];
    }
}

/* Remembers what the way to a point says of the curvature; returns if anything. */
static int learn(mx_lbfgs *at, const double *point, const double *gradient) {
    int last = at->n_pairs < MX_PAIRS ? at->n_pairs : MX_PAIRS - 1;
    double *step = at->steps[at->n_pairs < MX_PAIRS ? last : 0];
    double *change = at->changes[at->n_pairs < MX_PAIRS ? last : 0];
    for (int64_t l = 0; l < at->size; l++)
        at->work[l] = point[l] - at->point[l];
    double square = dot(at->size, at->work, at->work), curvature = 0;
    for (int64_t l = 0; l < at->size; l++)
        curvature += at->work[l] * (at->gradient[l] - gradient[l]);
    if (!isfinite(curvature) || !(curvature > FLATTEST * square))
        return 0;
    if (at->n_pairs == MX_PAIRS) {
        memmove(at->steps, at->steps + 1, sizeof(double *) * last);
        memmove(at->changes, at->changes + 1, sizeof(double *) * last);
        memmove(at->inverses, at->inverses + 1, sizeof(double) * last);
    } else {
        at->n_pairs++;
    }
    at->steps[last] = step;
    at->changes[last] = change;
    at->inverses[last] = 1.0 / curvature;
    for (int64_t l = 0; l < at->size; l++) {
        step[l] = at->work[l];
        change[l] = at->gradient[l] - gradient[l];
    }
    return 1;
}

void mx_lbfgs_begin(mx_lbfgs *at, const double *point, const double *gradient) {
    at->n_pairs = at->taken = 0;
    at->radius = INFINITY;
    at->length = 0;
    at->stretch = 1;
    go_to(at, point, gradient);
}

void mx_lbfgs_propose(mx_lbfgs *at, double *proposal) {
    times_inverse(at, at->gradient, 1.0, proposal);
    double size = at->stretch * sqrt(dot(at->size, proposal, proposal));
    double scale = at->stretch * (size > at->radius ? at->radius / size : 1.0);
    at->length = fmin(size, at->radius);
    for (int64_t l = 0; l < at->size; l++)
        proposal[l] = at->point[l] + scale * proposal[l];
}

void mx_lbfgs_accept(mx_lbfgs *at) { at->radius = fmax(at->radius, GROW * at->length); }

void mx_lbfgs_move(mx_lbfgs *at, const double *point, const double *gradient) {
    at->stretch = learn(at, point, gradient) ? 1 : STRETCH * at->stretch;
    go_to(at, point, gradient);
    at->taken++;
}

void mx_lbfgs_reject(mx_lbfgs *at, const double *point, const double *gradient) {
    learn(at, point, gradient);
    at->stretch = 1;
    mx_lbfgs_shorten(at);
}

void mx_lbfgs_shorten(mx_lbfgs *at) { at->radius = SHORTER * fmin(at->radius, at->length); }

double mx_lbfgs_gain(mx_lbfgs *at) {
    if (at->taken < TRUSTED || !at->n_pairs)
        return INFINITY;
    double flattest = 1.0;
    for (int i = 0; i < at->n_pairs; i++)
        flattest = fmax(flattest, dot(at->size, at->steps[i], at->steps[i]) * at->inverses[i]);
    times_inverse(at, at->gradient, flattest, at->work);
    return SAFETY * 0.5 * dot(at->size, at->gradient, at->work);
}

/*
 * Limited-memory quasi-Newton steps between points of any vector space.
 *
 * In coordinates whitened by the information of the complete data an EM step is the gradient, and
 * what EM lacks is the information that the components' overlap takes away. Pairs of steps and
 * changes of the gradient show it (Nocedal and Wright 2006, algorithm 7.4, begun from the identity:
 * Lange 1995); none costs a sweep.
 */
#ifndef MIXTURA_LBFGS_H
#define MIXTURA_LBFGS_H

#include "mixtura.h"
#include "workspace.h"

/* Pairs of steps and changes of the gradient that are remembered. */
#define MX_PAIRS 30

/* Where a run is, and what curvature it has seen. */
typedef struct {
    int64_t size;
    double *point, *gradient, *work;
    double *steps[MX_PAIRS], *changes[MX_PAIRS], inverses[MX_PAIRS];
    int n_pairs, taken;
    double radius, length, stretch;
} mx_lbfgs;

/* The doubles that a point of so many coordinates, and what is remembered, need. */
MX_EXPORT int64_t mx_lbfgs_workspace(int64_t size);
mx_lbfgs mx_lbfgs_in(int64_t size, mx_workspace *workspace);

/* Lets a copy go on, of which the workspace stood at `from` and stands at `to`. */
void mx_lbfgs_restore(mx_lbfgs *at, const void *from, void *to);

void mx_lbfgs_begin(mx_lbfgs *at, const double *point, const double *gradient);

/* Sets proposal to the point to try next. */
void mx_lbfgs_propose(mx_lbfgs *at, double *proposal);

/* Takes note that the last proposal was taken. */
void mx_lbfgs_accept(mx_lbfgs *at);

/*
 * Goes on from a point that was swept, be it a step of ours or EM's. While the gradient grows along
 * the steps, as it does on the way from a saddle point, each is longer than the one before.
 */
void mx_lbfgs_move(mx_lbfgs *at, const double *point, const double *gradient);

/* Learns from a point where the objective is lower, and looks less far. */
void mx_lbfgs_reject(mx_lbfgs *at, const double *point, const double *gradient);

/* Looks less far from here on. */
void mx_lbfgs_shorten(mx_lbfgs *at);

/*
 * Half the Newton decrement, an estimate of what is left to gain in nats. Directions that no step
 * was taken in count as flat as the flattest step.
 */
double mx_lbfgs_gain(mx_lbfgs *at);

#endif

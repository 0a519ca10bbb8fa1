/* The finish of a run: em/finish.py with em/quasi_newton.py, in the chart of gaussian/whitened.py.
 */
#ifndef MIXTURA_FINISH_H
#define MIXTURA_FINISH_H

#include "gaussian.h"

/* Pairs of steps and changes of the gradient that are remembered. */
#define MX_MEMORY 30

/* Where a run is in coordinates whitened about a reference, and what curvature it has seen. */
typedef struct {
    int64_t size, n_groups, n_logs;
    int begun;
    mx_model about; /* the reference */
    double *rows;   /* (K) there */
    double *point, *gradient, *swept, *slope, *proposal, *work;
    double *steps[MX_MEMORY], *changes[MX_MEMORY], inverses[MX_MEMORY];
    int n_pairs, taken, refused;
    double radius, length, stretch;
} mx_finish;

/* Whether the structure has such coordinates: nothing but its storage constrains covariances. */
int mx_is_free(const mx_form *form);
mx_finish mx_finish_in(const mx_form *form, mx_room *room);

/* Begins at a model with the moments of its sweep; not where a component touches its floor. */
void mx_finish_begin(const mx_problem *problem, const mx_form *form, mx_finish *at,
                     const mx_model *model, const mx_moments *moments);

/* Sets weights, means and factors of the model to try next; MX_HARD where that is absurd or
   below the floor, which ends it when it comes again. */
int mx_finish_propose(const mx_problem *problem, const mx_form *form, mx_finish *at,
                      mx_model *next);

/* Goes on from a model that was swept, which was proposed here or is where EM led. */
void mx_finish_move(const mx_problem *problem, const mx_form *form, mx_finish *at,
                    const mx_model *model, const mx_moments *moments, int proposed);

/* Learns from a proposal that is worse. */
void mx_finish_reject(const mx_problem *problem, const mx_form *form, mx_finish *at,
                      const mx_model *model, const mx_moments *moments);

/* An estimate of what is left to gain, in nats. */
double mx_finish_gain(mx_finish *at);

#endif

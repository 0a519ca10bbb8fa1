/* Where models are compared and moved: places for them, and what is done to one. */
#ifndef MIXTURA_STAGE_H
#define MIXTURA_STAGE_H

#include "gaussian.h"
#include "moves.h"

/* How many moves are tried each time. */
#define MX_MOVES 6
/* By how much splitting and merging must be better, as neither has come to its end. */
#define MX_BETTER 0.5
/* Objectives this close are equally good: rounding must not choose. */
#define MX_AS_GOOD 1e-3
/* How much larger than what they leave the terms of densities and sums may be: on the way of a fit,
 * and where only the better of several models is looked for; RUNS and TRIES of compiled.py. */
#define MX_RUNS_FAR 1e6
#define MX_TRIES_FAR 1e10

/* A mixture, and what is known of the run that it is the end of. */
typedef struct {
    mx_state state;
    double objective, gained, smallest; /* components on too few rows count as wide as all rows */
    int64_t sweeps;
    int lost;
} mx_place;

typedef struct {
    const mx_ground *ground;
    mx_problem every; /* the sample with all products */
    mx_problem few;   /* and the part */
    mx_form form;
    mx_place now, ended, wide, moves[MX_MOVES];
    double *losses, *gains, *responsibilities, *second, *after, *history, *workspace;
} mx_stage;

/* A place for a mixture and what its last sweep finds. */
mx_state mx_state_in(const mx_form *form, double *history, mx_workspace *workspace);

/* The doubles that a stage lays out for K components. */
int64_t mx_stage_workspace(const mx_ground *ground, int64_t n_components);
mx_stage mx_stage_begun(const mx_ground *ground, int64_t n_components, double *workspace);

void mx_copy_mixture(const mx_form *form, const mx_state *from, mx_state *to);

/* Makes one place another's, and the other free. */
void mx_exchange(mx_place *one, mx_place *other);

/* The rule of a race, and that of a run of so many sweeps. */
mx_rule mx_rough_rule(const mx_ground *ground);
mx_rule mx_short_rule(int64_t sweeps);

/* Sweeps a mixture as it is, for its log-likelihood; MX_HARD where there is none. */
int mx_look_at(const mx_problem *problem, mx_state *state, double *log_likelihood,
               double *workspace);

/* Runs on from a place, which is lost where it is MX_HARD. */
void mx_run_on(mx_stage *at, const mx_rule *rule, mx_place *from);

/* Sorts places, best first; returns how many are not lost. */
int64_t mx_ranked(mx_place *places, int64_t n);

/* Whether a run ended above an objective, by no component on fewer rows than it needs. */
int mx_is_better(const mx_stage *at, const mx_place *now, double objective, double smallest);

/* Sets gains, responsibilities and second children of a mixture's components. */
int mx_split_all(mx_stage *at, const mx_state *state);

/* The M-step from responsibilities (K, n) in `after`. */
void mx_start_at(mx_stage *at, mx_place *move);

/* Sets losses to Runnalls' cost of every pair (K, K), in nats. */
void mx_merging_losses(mx_stage *at, const mx_place *now);

/* Turns the lower triangle of a matrix into its Cholesky factor; returns whether it has one. */
int mx_is_definite(int64_t n, double *matrix);

#endif

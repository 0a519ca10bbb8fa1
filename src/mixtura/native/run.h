/* A whole run of EM for Gaussian components. */
#ifndef MIXTURA_RUN_H
#define MIXTURA_RUN_H

#include <stdint.h>

#include "driver.h"
#include "gaps.h"
#include "mixtura.h"
#include "sweep.h"

/* How the values of a segment of features follow from their sums S in N rows. */
enum mx_segment_kind {
    MX_RATES = 0,  /* S / N: Poisson counts */
    MX_SHARES = 1, /* S over the sum of all: the levels of an item, the words of a text */
    MX_CHANCES = 2, /* S / N: of yes or no */
    MX_NOTHING = 3, /* none: features that only noise reads */
    MX_GAMMAS = 4,  /* rates from sums of x, and behind them shapes from those of log x */
    MX_TABLES = 5 /* of negative binomials: a mean and 1 / size in front of each column's counts */
};

/* Features that follow one another: some that say for how much rows count, then one a value. */
typedef struct {
    int64_t kind, length;
    int64_t opening; /* 0: all rows alike, 1: as one feature says, `length`: one for each value */
    double pseudo_rows; /* that a prior adds to N */
    double shape; /* of all gamma densities, or 0 where shapes are free */
    const double *least; /* (length / 2) least deviations of those, or NULL */
    int64_t n_tables;
    const int64_t
        *bounds; /* (n_tables + 1) where the counts of each begin, at least two of each, */
    const double *counts; /* (length) and what they are, rising */
} mx_segment;

/* What does not change from run to run. */
typedef struct {
    mx_rows rows;
    int64_t n_columns;
    int64_t structure;
    double total_weight;
    double constant; /* of every row's log density, in the user's units */
    const double *second; /* sum of w x x^T, (D) or (D, D), of complete rows where components share
                             a covariance */
    const double *unit; /* (D) what columns are measured in when steps are compared */
    double prior_rows; /* pseudo-rows of each component */
    const double *prior_scatter; /* their scatter, (D) or (D, D) as the structure has it */
    double concentration; /* of the Dirichlet prior on the weights; 1 is none */
    const double *held_weights; /* of all but noise, up to a factor; NULL: they are free */
    const double *floor; /* (D) least variances, or NULL */
    double borrowed_rows; /* of the scatter that components have on average, where a run starts */
    int64_t has_noise; /* whether the last component is a constant density, */
    double log_noise; /* this much, beside `constant` */
    int64_t n_segments; /* of features behind the Gaussian ones */
    const mx_segment *segments;
    const double *pseudo; /* what a prior adds to the sums of these features */
    const double *even; /* (E) natural parameters that noise has of them, or NULL without noise */
    double far; /* how much larger than what they leave the terms of densities and sums may be */
    const mx_gaps *gaps; /* in place of features where cells are missing, or NULL */
    const double *widths; /* (D) that missing cells of a start have */
} mx_problem;

/* Where a run is, in and out, and what it leaves behind. */
typedef struct {
    int64_t n_components;
    double *log_weights; /* (K) */
    double *means; /* (K, D) */
    double *factors; /* of precisions, as the structure stores them */
    double *extras; /* (K, E) the values of segments */
    double *axes; /* (D, D) common to all components, where the structure has such */
    double *sums; /* (K, P) of the last sweep taken */
    double *squared; /* (K) likewise */
    double *entropy; /* (K) likewise where cells are missing: of these, times responsibilities */
    double *rows; /* (K) its moments: effective rows, */
    double *centres; /* (K, D) means, */
    double *scatter; /* and scatter about them */
    double values[2]; /* likewise: log-likelihood up to constants, and log of the largest */
    double *history; /* (most_sweeps, 3) log-likelihood, objective, promised by Jensen */
    int64_t n_steps, n_rejected;
    double gain_left;
    int64_t ending;
} mx_state;

/* The doubles that mx_run needs to work in. */
MX_EXPORT int64_t mx_run_workspace(const mx_problem *problem, int64_t n_components);

MX_EXPORT void mx_run(const mx_problem *problem, const mx_rule *rule, mx_state *state,
                      double *workspace);

/* Sets weights, means and factors by the M-step from responsibilities, told as to mx_totals. */
MX_EXPORT int mx_start(const mx_problem *problem, const double *responsibilities,
                       int64_t row_stride, int64_t component_stride, mx_state *state,
                       double *workspace);

/* The same for a start of ours, whose components borrow scatter. */
int mx_start_borrowing(const mx_problem *problem, const double *responsibilities,
                       int64_t row_stride, int64_t component_stride, mx_state *state,
                       double *workspace);

/* Sets responsibilities (K, n) to the responsibilities of a mixture. */
MX_EXPORT int mx_posterior(const mx_problem *problem, mx_state *state, double *responsibilities,
                           double *workspace);

#endif

/*
 * Regressions of one kind of response: the sums of a sweep, and the M-step from these, a step of
 * Newton that never loses anything; see components/regression/, of which the letters are.
 */
#ifndef MIXTURA_REGRESSIONS_H
#define MIXTURA_REGRESSIONS_H

#include "driver.h"
#include "mixtura.h"
#include "workspace.h"

enum mx_response { MX_GAUSSIAN = 0, MX_POISSON = 1, MX_BINOMIAL = 2, MX_GAMMA = 3 };

/* Rows that are worked on at once. */
#define MX_STRIP 64

/*
 * Rows of m cells each, strip after strip: of each strip all first cells, then all second ones. The
 * last strip is filled up with rows of weight zero.
 */
typedef struct {
    int64_t response;
    int64_t n_strips, per_row, n_terms;
    const double *y, *size, *offset; /* (C) */
    const double *log_y;             /* (C) of gammas, or NULL */
    const double *design;            /* (p, C) terms in the frame */
    const double *present;           /* (C) 1 where there is a cell, else 0 */
    const double *weights;           /* (n) of rows */
    double total_weight, log_base;
    double reach; /* of the longest row of terms; negative where losses are parabolas */
    double prior_cells, prior_loss;
    double least; /* of a cell's loss on average, where no prior keeps it */
    double loss;  /* of all cells as one component */
} mx_regressions;

/* K regressions. */
typedef struct {
    double *log_weights;  /* (K) */
    double *coefficients; /* (K, p) */
    double *precisions;   /* (K) */
} mx_lines_of;

/* Sums over rows at the coefficients of a sweep. */
typedef struct {
    double *rows, *cells, *losses; /* (K) */
    double *gradient;              /* (K, p) */
    double *pairs;                 /* (K, P) upper triangles, by rows */
    double *squared;               /* (K) sum of w r^2 */
    double values[2];              /* log-likelihood but for the base, and log of the largest */
} mx_line_sums;

/* Where a run is, in and out, and what it leaves behind. */
typedef struct {
    int64_t n_components;
    mx_lines_of *lines; /* where it begins and ends */
    mx_lines_of *best;  /* of the last sweep taken, with its sums */
    mx_line_sums *sums;
    double *history; /* (most_sweeps, 3) log-likelihood, objective, promised by Jensen */
    int64_t n_steps, n_rejected;
    double gain_left;
    int64_t ending;
} mx_line_state;

mx_lines_of mx_lines_in(int64_t n_components, int64_t n_terms, mx_workspace *workspace);
mx_line_sums mx_line_sums_in(int64_t n_components, int64_t n_terms, mx_workspace *workspace);

/* log f but for losses, by a precision: c(tau). */
double mx_line_constant(int64_t response, double precision);

/* The doubles that a sweep of K regressions works in. */
int64_t mx_lines_swept_workspace(const mx_regressions *rows, int64_t n_components);

/* Sets sums to those of a sweep. */
void mx_sweep_lines(const mx_regressions *rows, int64_t n_components, const mx_lines_of *lines,
                    mx_line_sums *sums, double *workspace);

/*
 * Where Newton's direction leads from `about`, and what losses are there at the most. MX_HARD where
 * curvatures do not tell a direction.
 */
int mx_line_steps(const mx_regressions *rows, int64_t n_components, const mx_lines_of *about,
                  const mx_line_sums *sums, double *coefficients, double *losses,
                  double *workspace);

/* What the losses of one component are at the most at other coefficients. */
double mx_line_loss_at(const mx_regressions *rows, int64_t k, const mx_lines_of *about,
                       const mx_line_sums *sums, const double *coefficients);

/* The precision for a mean loss, and the mean loss for a precision. */
double mx_line_precision(int64_t response, double loss);
double mx_line_mean_loss(int64_t response, double precision);

/* The doubles that mx_run_lines works in. */
MX_EXPORT int64_t mx_run_lines_workspace(const mx_regressions *rows, int64_t n_components);

/* A whole run. */
MX_EXPORT void mx_run_lines(const mx_regressions *rows, const mx_rule *rule, mx_line_state *state,
                            double *workspace);

#endif

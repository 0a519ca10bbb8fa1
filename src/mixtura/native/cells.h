/* The columns that have a floor, in its units, as structures/cells.py has them. */
#ifndef MIXTURA_CELLS_H
#define MIXTURA_CELLS_H

#include "mixtura.h"

/* r are the columns that have a floor F, o the others. */
typedef struct {
    int64_t n_columns, n_rounded, n_others;
    int full;   /* whether covariances are matrices */
    int64_t one; /* numbers of one scatter */
    int64_t *rounded, *others; /* (R), (O) */
    double *roots;             /* (R) of F */
    double log_floor;          /* log|F| */
    double *matrix;            /* (D, D) for the caller, if covariances are matrices */
    double *scratch;
} mx_cells;

int64_t mx_cells_workspace(int64_t n_columns, int full);

mx_cells mx_cells_of(int64_t n_columns, const double *floor, int full, double *workspace);

/* Sets A = F^-1/2 (W_rr - W_ro W_oo^-1 W_or) F^-1/2, or its diagonal, and log|W_oo|. */
int mx_excess(const mx_cells *cells, const double *scatter, double *excess, double *log_others);

/* The eigenvalues of A; its eigenvectors are left in `vectors`, if it is a matrix. */
void mx_excess_values(const mx_cells *cells, const double *excess, double *values, double *vectors);

/* Whether sign M + added I is positive definite, for a symmetric matrix M (R, R). */
int mx_is_beyond(const mx_cells *cells, const double *matrix, double sign, double added);

/* Adds F^1/2 (rows I - A)+ F^1/2 to a scatter. */
void mx_lift(const mx_cells *cells, const double *excess, double rows, double *scatter);

/* Sets M = F^1/2 (U U^T)_rr F^1/2 (R, R). */
void mx_tightness(const mx_cells *cells, const double *factor, double *matrix);

/* The largest eigenvalue of U^T F U, at most 1 where a covariance is above its floor. */
double mx_share(const mx_cells *cells, const double *factor);

/* tr(U^T W U), for a factor that is (D) or (D, D). */
double mx_trace(const mx_cells *cells, const double *factor, const double *scatter);

/* The sum of the logarithms of a factor's diagonal. */
double mx_log_factor(const mx_cells *cells, const double *factor);

#endif

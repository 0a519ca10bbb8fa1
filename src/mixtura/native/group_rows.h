/* The rows of a group about their means, and what is known of all of them together. */
#ifndef MIXTURA_GROUP_ROWS_H
#define MIXTURA_GROUP_ROWS_H

#include "gaussian.h"
#include "group_starts.h"

/* Units in which distances of rows are taken: those of the columns, and of all rows together. */
#define MX_VIEWS 2

typedef struct {
    mx_form form;
    int64_t n_products;    /* features with all products of columns */
    double *features;      /* (Q, n) */
    double *points;        /* (MX_VIEWS, D + 1, n padded), the last column of ones */
    double *origin;        /* (D) means */
    double *spread,
        *unit; /* (D) what columns are measured in when rows and when steps are compared */
    double *covariance;    /* (D, D) of all rows */
    double *second;        /* the scatter of all, in the shape of one component's, */
    double *own;           /* and the prior's part of it */
    double *factor_of_all; /* of the precision of all */
} mx_group_rows;

/* Rows with those that fill up the last vector. */
static inline int64_t mx_padded(int64_t n_rows) {
    return (n_rows + MX_PADDED - 1) / MX_PADDED * MX_PADDED;
}

mx_group_rows mx_group_rows_in(const mx_form *form, int64_t most_rows, mx_workspace *workspace);

/* Sets origin and features; returns whether a column has one value. `weights` may be NULL. */
int mx_group_features(mx_group_rows *rows, int64_t n_rows, const double *cells,
                      const double *weights);

/*
 * Sets the covariance and what follows from it; MX_HARD where a column's width is beyond what needs
 * no scaling, or next to nothing beside its cells.
 */
int mx_group_measures(mx_group_rows *rows, double prior_share, int64_t one_scale, int64_t n_rows,
                      const double *weights);

/* Sets the factor of all rows, and the points; MX_HARD where columns depend on one another. */
int mx_group_views(mx_group_rows *rows, int64_t n_rows, double *workspace);

/* The points of one view. */
mx_points mx_view_of(const mx_group_rows *rows, int64_t view, int64_t n_rows, const uint32_t *keys);

#endif

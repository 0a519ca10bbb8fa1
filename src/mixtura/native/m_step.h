/* One M-step: what it is given, and the workspace it works in. */
#ifndef MIXTURA_M_STEP_H
#define MIXTURA_M_STEP_H

#include "small_matrices.h"

/* Variances outside this range, and its inverse, are no numbers to go on with. */
#define MX_LEAST_VARIANCE 1e-290
/* The component that is singular where what all share is. */
#define MX_SHARED (-1)

struct mx_m_step {
    int64_t n_components, n_columns, n_blocks;
    const double *rows;
    double n_rows;
    const double *previous;
    double *factors;
    double *axes;
    int64_t *singular; /* the component that is, or MX_SHARED */
    int *shortened; /* set where a scatter has lost directions that are rounding */
    mx_lanes *matrices; /* (blocks, D, D) or (blocks, D) the scatters, and what becomes of them */
    mx_lanes *variances; /* (blocks, D) */
    mx_lanes *vectors; /* (blocks, D, D) */
    double *log_volumes; /* (4 blocks) */
    double *shape; /* (D, D) */
    double *workspace;
    double *sizes;       /* (4 blocks) what the scatters are over in `matrices` */
    int64_t *places;     /* (4 blocks, D) */
    mx_lanes *ascending; /* (blocks, D) */
    mx_lanes *upper, *half; /* (D, D) */
};

/* Say that a component, or what all share, is singular. */
static inline int mx_refuse(const struct mx_m_step *it, int64_t component) {
    *it->singular = component;
    return MX_FLAT;
}

static inline int mx_ordinary(double value, double least, double most) {
    return value > least && value < most;
}

/* Set the log volumes to those of the previous factors, if there are any: -2 log|U_k| / D. */
void mx_read_log_volumes(const struct mx_m_step *it, int full);

#endif

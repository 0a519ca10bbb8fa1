/* Gaussian mixtures of many groups of rows, each fitted alone. */
#ifndef MIXTURA_GROUPS_H
#define MIXTURA_GROUPS_H

#include "run.h"

/* How the fit of a group ended; MX_GROUP_HARD leaves it to the caller, who takes more care. */
enum mx_group_outcome {
    MX_GROUP_CONVERGED = 0,
    MX_GROUP_LIMIT = 1,
    MX_GROUP_ROUNDING = 2,
    MX_GROUP_FEW = 3,      /* not fitted: too few distinct rows */
    MX_GROUP_CONSTANT = 4, /* not fitted: a column of one value */
    MX_GROUP_HARD = 5
};

/* What is asked of all groups. */
typedef struct {
    const double *cells; /* (N, D) rows, those of a group side by side */
    const double *weights; /* (N) above 0, of mean 1 in each group, or NULL where all are 1 */
    int64_t n_columns, structure, n_components;
    int64_t one_scale; /* whether all columns must be scaled alike for the structure to survive */
    const double *floor; /* (D) least variances, or NULL */
    double prior_share;  /* pseudo-rows of each component, of a group's rows */
    double fewest_rows;  /* that a component needs to be moved to */
    double least_rows;   /* distinct ones up to which nothing says how wide a component is */
    int64_t fewest_distinct; /* distinct rows below which a group is not fitted */
    int64_t most_rows; /* of a group; one of more, or of none, is MX_GROUP_HARD */
    int64_t n_starts;
    int64_t most_sweeps; /* of a run, and when it ends: see mx_rule */
    double nats, relative;
    int64_t seed;
} mx_grouped;

/* What is found of G groups, whose precisions are of F factors. */
typedef struct {
    double *log_weights;       /* (G, K) */
    double *means;             /* (G, K, D) */
    double *factors;           /* (G, F) */
    double *effective_rows;    /* (G, K) */
    double *log_likelihood;    /* (G) */
    double *log_largest;       /* (G) sum of log max r */
    double *gain_left;         /* (G) */
    int64_t *n_distinct;       /* (G) distinct rows */
    int64_t *n_sweeps;         /* (G) of the last run */
    int64_t *outcome;          /* (G) */
} mx_group_fits;

/* The doubles that mx_fit_groups needs to work in, where no group has more rows. */
MX_EXPORT int64_t mx_groups_workspace(const mx_grouped *asked, int64_t most_rows);

/*
 * Fits groups `first` up to `last`, of which group g has rows bounds[g] up to bounds[g + 1]. What
 * is found depends on nothing but a group's own rows.
 */
MX_EXPORT void mx_fit_groups(const mx_grouped *asked, const int64_t *bounds, int64_t first,
                             int64_t last, const mx_group_fits *fits, double *workspace);

#endif

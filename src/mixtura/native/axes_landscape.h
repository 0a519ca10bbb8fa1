/*
 * What common axes are judged by: with s_kj = q_j^T W_k q_j,
 *
 *     VVE   F(Q) = sum_k N_k sum_j log s_kj                      (Flury and Gautschi 1986)
 *     EVE   F(Q) = n D log sum_k exp(sum_j log s_kj / D)
 *
 * The scatters are kept as H_k = L_k^T Q, W_k / z_k = L_k L_k^T, whose columns turn with the axes:
 * so small spreads are as exact as large ones. Spreads are those of W_k / z_k, its size.
 */
#ifndef MIXTURA_AXES_LANDSCAPE_H
#define MIXTURA_AXES_LANDSCAPE_H

#include "small_matrices.h"

/* Curvature, per row, of planes in which the axes look interchangeable. */
#define MX_LEAST_CURVATURE 1e-6

struct mx_landscape {
    int64_t n_components, n_columns, n_blocks;
    int one_volume; /* EVE */
    double n_rows;
    const mx_lanes *lower; /* (blocks, D, D) L_k */
    const double *rows;    /* (4 blocks) N_k, 0 past the last component */
    mx_lanes *halves;      /* (blocks, D, D) row j is column j of H_k */
    mx_lanes *spreads;     /* (blocks, D) s_kj */
    double *weights;       /* (4 blocks) the derivatives of F by any log s_kj */
    double *columns;       /* (D, D) row j is q_j */
    mx_lanes *turned;      /* (blocks, D, D) Q^T W_k Q, where it is asked for */
    double *workspace;          /* mx_newton_workspace, and as much as mx_planes_workspace */
    double *spare;              /* (D, D) */
    const double *sizes;        /* (K) */
};

/* The doubles that a Newton step, and a sweep over planes, works in. */
int64_t mx_planes_workspace(int64_t n_blocks);
int64_t mx_newton_workspace(int64_t n_blocks, int64_t n_columns);

static inline double mx_add_lanes(const mx_lanes *values) {
    return ((*values)[0] + (*values)[1]) + ((*values)[2] + (*values)[3]);
}

/* Set `halves`, `spreads` and `weights` to what they are at the axes; return F. */
double mx_height(const struct mx_landscape *it);

/* Set `spreads` and `weights` to what they are at the halves; return F. */
double mx_height_of_halves(const struct mx_landscape *it);

/* Lower F in each plane of two axes in turn; return by how much. */
double mx_sweep_planes(const struct mx_landscape *it);

/*
 * Set `columns` to Q cayley(E), E skew, by a Newton step, and return the decrease of F that it
 * promises. Return 0, with the axes as they were, where there is next to nothing to gain, and -1
 * where F bends down.
 */
double mx_newton_step(const struct mx_landscape *it);

#endif

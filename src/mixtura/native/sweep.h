/* One pass over rows in memory. */
#ifndef MIXTURA_SWEEP_H
#define MIXTURA_SWEEP_H

#include <stdint.h>

#include "codes.h"
#include "mixtura.h"

/*
 * Rows as features, of which row p of phi holds one for all n rows, the next `stride` further on.
 *
 * weights   (n), or NULL where all are one
 * coded     further features, or NULL; only mx_sweep_about, mx_totals and mx_all_responsibilities
 *           read them
 */
typedef struct {
    const double *phi;
    const double *weights;
    int64_t n_rows, stride, n_features;
    const uint8_t *excluded; /* (K, n) components that rows cannot belong to, or NULL */
    int64_t excluded_stride; /* from one component to the next */
    const mx_coded *coded;
} mx_rows;

/*
 * Components whose densities are about their means, or sums about points, as those about the origin
 * would lose digits: log density theta_kD - |U_k^T (x - mu_k)|^2 / 2, features those of x - p_k.
 *
 * flags     (K) one for a component with such densities, zero for the others
 * means     (K, D)
 * factors   (K) spherical, (K, D) or (K, D, D) upper triangular, `width` numbers each
 * summed    (K) one for a component with such sums, zero for the others
 * points    (K, D)
 */
typedef struct {
    const double *flags, *means, *factors, *summed, *points;
    int64_t n_columns, n_pairs, width;
} mx_centred;

/*
 * Rows whose features may still have to be made.
 *
 * rows      where phi is NULL, features are [x, 1, x_i x_(i+s) for all i, s = 0, 1, ...], or as
 *           many of them as there are n_features
 * cells     double or float, of which that of row i and column d is at i * row_stride +
 *           d * column_stride
 * origin    (n_columns)
 * scale     (n_columns): x = (cell - origin) scale
 * centred   of the components of all mixtures side by side, or NULL where none is
 */
typedef struct {
    mx_rows rows;
    const void *cells;
    const double *origin, *scale;
    int64_t n_columns, row_stride, column_stride;
    int64_t is_single; /* whether cells are float */
    const mx_centred *centred;
} mx_tile;

/* The doubles that mx_sweep needs to work in, or mx_sweep_stack for all components together. */
MX_EXPORT int64_t mx_sweep_workspace(int64_t n_components, int64_t n_features);

/*
 * The E-step and the sums of the M-step: with L = theta phi and r = softmax(L),
 *
 * sums      (K, P)  sum of w r phi
 * squared   (K)     sum of w r^2
 * values    (2)     sum of w log sum exp L, and of w log max r
 */
MX_EXPORT void mx_sweep(const mx_rows *rows, int64_t n_components, const double *theta,
                        double *sums, double *squared, double *values, double *workspace);

/* mx_sweep where some components are centred, or with `centred` NULL. */
void mx_sweep_about(const mx_rows *rows, const mx_centred *centred, int64_t n_components,
                    const double *theta, double *sums, double *squared, double *values,
                    double *workspace);

/*
 * The same for mixtures of the given sizes, one below the other, values (n_mixtures, 2), but added
 * to what is there.
 */
void mx_sweep_stack(const mx_tile *tile, int64_t n_mixtures, const int64_t *sizes,
                    const double *theta, double *sums, double *squared, double *values,
                    double *workspace);

/*
 * The sums (K, P) of w r phi for given responsibilities, of which that of row i for component k is
 * responsibilities[i * row_stride + k * component_stride].
 */
MX_EXPORT void mx_totals(const mx_rows *rows, int64_t n_components, const double *responsibilities,
                         int64_t row_stride, int64_t component_stride, double *sums,
                         double *workspace);

/* Rows that are worked on at once; a block that has fewer is filled up with rows of no weight. */
#define MX_BLOCK 160

/* One block of rows: features as in mx_rows, weights that are zero for what fills it up. */
typedef struct {
    const double *phi;
    int64_t stride, first, count, filled;
    double *weights; /* (MX_BLOCK) */
    double *tail;
} mx_block;

/* The doubles that a block needs to be filled up in, for P features. */
int64_t mx_block_workspace(int64_t n_features);
mx_block mx_first_block(double *workspace);
/* Moves on to the next rows, if there are any: whole strips of them, or less than one. */
int mx_move_on(const mx_rows *rows, mx_block *block);
/* The same, and points to their features. */
int mx_next_block(const mx_rows *rows, mx_block *block);

/* Sets densities (K, MX_BLOCK) to theta phi. */
void mx_densities(const mx_block *block, int64_t n_components, int64_t n_features,
                  const double *theta, double *densities);

/*
 * Makes the features (P, MX_BLOCK) of `count` rows of a tile from its cells, shift by shift, and
 * zeros up to `filled` rows.
 */
void mx_make_features(const mx_tile *tile, int64_t first, int64_t count, int64_t filled,
                      double *features);

/*
 * Turns log densities (K, MX_BLOCK) into responsibilities times weights, which are NULL where all
 * are one, and adds to squares (K, lanes) and values (2).
 */
void mx_softmax(int64_t n_components, const double *weights, int64_t n_rows, double *densities,
                double *squares, double *values);

/* Adds sums of w r phi, by lanes, to totals (K, P, lanes). */
void mx_add_products(const mx_block *block, int64_t n_components, int64_t n_features,
                     const double *responsibilities, double *totals);

/* Adds up the lanes of so many totals. */
void mx_add_lanes(int64_t count, const double *totals, double *sums);

/* Takes from a block's densities those of components that rows are excluded from. */
void mx_bar(const mx_rows *rows, const mx_block *block, int64_t n_components, double *densities);

/* Turns log densities (K, MX_BLOCK) into responsibilities times weights. */
void mx_responsibilities(int64_t n_components, int64_t filled, const double *weights,
                         double *densities);

/* Sets responsibilities (K, n) to the responsibilities. */
void mx_all_responsibilities(const mx_rows *rows, int64_t n_components, const double *theta,
                             double *responsibilities, double *workspace);

#endif

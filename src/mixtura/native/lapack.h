/* The few routines of LAPACK that wide matrices, and spectra of unlike scales, are left to. */
#ifndef MIXTURA_LAPACK_H
#define MIXTURA_LAPACK_H

#include <stdint.h>

#include "export.h"

/* From so many columns on, blocked routines are faster than what holds components abreast. */
#define MX_WIDE (MX_MOST_COLUMNS + 1)

/* In the order of `mx_use_lapack`. */
enum mx_routine {
    MX_POTRF,
    MX_TRTRI,
    MX_SYGST,
    MX_SYEVD,
    MX_GEQRF,
    MX_PSTRF,
    MX_GEJSV,
    MX_ROUTINES
};

/* Tells the addresses (MX_ROUTINES) of the routines in double precision, once, before all else. */
MX_EXPORT void mx_use_lapack(void *const *routines);

/* Sets the lower triangle (row major) to L, L L^T = matrix, with zeros above; 0 where it fails. */
int mx_wide_cholesky(int64_t n, double *matrix);

/* Sets L (row major) to its inverse. */
void mx_wide_inverse(int64_t n, double *lower);

/* Sets the lower triangle of a symmetric matrix to that of L^-1 matrix L^-T. */
void mx_wide_whiten(int64_t n, const double *lower, double *matrix);

int64_t mx_wide_eigen_workspace(int64_t n);

/* Sets `matrix` (row j an eigenvector) and `values`, ascending; 0 where it fails. */
int mx_wide_eigen(int64_t n, double *matrix, double *values, double *workspace);

int64_t mx_wide_triangle_workspace(int64_t n);

/* Sets the upper triangle (column major) of `matrix` (n, n) to R, matrix = O R. */
void mx_wide_triangle(int64_t n, double *matrix, double *workspace);

int64_t mx_pivoted_workspace(int64_t n);

/*
 * Sets the upper triangle (column major) of a matrix to U, P^T matrix P = U^T U but for pivots that
 * are no more than `least`, and `order` to the columns, from 1 on; returns the rank.
 */
int64_t mx_pivoted(int64_t n, double *matrix, double least, int32_t *order, double *workspace);

int64_t mx_jacobi_workspace(int64_t n);

/*
 * Sets `values` to the eigenvalues of A^T A, falling, and row j of `axes` to the eigenvectors, for
 * A (n, n) column major, which is lost: right for columns of any scales.
 */
void mx_jacobi(int64_t n, double *matrix, double *values, double *axes, double *workspace);

#endif

/* The axes of one scatter, also where columns or spreads are many orders of magnitude apart. */
#ifndef MIXTURA_SPECTRUM_H
#define MIXTURA_SPECTRUM_H

#include <stdint.h>

/* Eigenvalues this much smaller than the largest still have eight digits by plain methods. */
#define MX_PLAIN 1e-8

/* Sets `values` to the eigenvalues of a symmetric matrix, which is lost, in no order, and the
   columns of `vectors` to its eigenvectors. */
void mx_eigen(int64_t n, double *matrix, double *values, double *vectors, double *workspace);

int64_t mx_eigen_workspace(int64_t n);

int64_t mx_spectrum_workspace(int64_t n);

enum { MX_WHOLE = 1, MX_SHORTENED };

/*
 * Sets `values` to the eigenvalues of a positive semidefinite matrix, ascending and with those that
 * are rounding as 0, and row j of `axes` to its eigenvectors; 0 where none is positive, and
 * MX_SHORTENED where what is rounding was left out.
 *
 * A symmetric eigenproblem is solved to the precision of its largest eigenvalue: below 1e-16 of
 * that nothing is left. One-sided Jacobi rotations of a factor lose no more than its columns would
 * if all had one length (Demmel and Veselic 1992). Where the matrix is singular but for rounding
 * its spread is that of as many columns as pivots are left of its correlations. Where rounding has
 * taken the correlations too, the widest column tells which eigenvalues are left.
 */
int mx_spectrum(int64_t n, const double *matrix, double *values, double *axes, double *workspace);

#endif

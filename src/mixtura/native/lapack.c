#include "lapack.h"

#include <string.h>

typedef void potrf(char *, int32_t *, double *, int32_t *, int32_t *);
typedef void trtri(char *, char *, int32_t *, double *, int32_t *, int32_t *);
typedef void sygst(int32_t *, char *, int32_t *, double *, int32_t *, double *, int32_t *,
                   int32_t *);
typedef void syevd(char *, char *, int32_t *, double *, int32_t *, double *, double *, int32_t *,
                   int32_t *, int32_t *, int32_t *);
typedef void geqrf(int32_t *, int32_t *, double *, int32_t *, double *, double *, int32_t *,
                   int32_t *);
typedef void pstrf(char *, int32_t *, double *, int32_t *, int32_t *, int32_t *, double *, double *,
                   int32_t *);
typedef void gejsv(char *, char *, char *, char *, char *, char *, int32_t *, int32_t *, double *,
                   int32_t *, double *, double *, int32_t *, double *, int32_t *, double *,
                   int32_t *, int32_t *, int32_t *);

static void *known[MX_ROUTINES];

void mx_use_lapack(void *const *routines) { memcpy(known, routines, sizeof(known)); }

/* The lower triangle row major is the upper one column major. */

int mx_wide_cholesky(int64_t n, double *matrix) {
    int32_t order = (int32_t)n, failed;
    ((potrf *)known[MX_POTRF])("U", &order, matrix, &order, &failed);
    for (int64_t i = 0; i < n; i++)
        memset(matrix + i * n + i + 1, 0, sizeof(double) * (n - i - 1));
    return !failed;
}

void mx_wide_inverse(int64_t n, double *lower) {
    int32_t order = (int32_t)n, failed;
    ((trtri *)known[MX_TRTRI])("U", "N", &order, lower, &order, &failed);
}

void mx_wide_whiten(int64_t n, const double *lower, double *matrix) {
    int32_t order = (int32_t)n, kind = 1, failed;
    ((sygst *)known[MX_SYGST])(&kind, "U", &order, matrix, &order, (double *)lower, &order,
                               &failed);
}

int64_t mx_wide_eigen_workspace(int64_t n) { return 1 + 6 * n + 2 * n * n + 3 + 5 * n; }

int mx_wide_eigen(int64_t n, double *matrix, double *values, double *workspace) {
    int32_t order = (int32_t)n, size = (int32_t)(1 + 6 * n + 2 * n * n), failed;
    int32_t whole = (int32_t)(3 + 5 * n);
    ((syevd *)known[MX_SYEVD])("V", "U", &order, matrix, &order, values, workspace, &size,
                               (int32_t *)(workspace + size), &whole, &failed);
    return !failed;
}

int64_t mx_wide_triangle_workspace(int64_t n) { return 65 * n; }

void mx_wide_triangle(int64_t n, double *matrix, double *workspace) {
    int32_t order = (int32_t)n, size = (int32_t)(64 * n), failed;
    ((geqrf *)known[MX_GEQRF])(&order, &order, matrix, &order, workspace, workspace + n, &size,
                               &failed);
}

int64_t mx_pivoted_workspace(int64_t n) { return 2 * n; }

int64_t mx_pivoted(int64_t n, double *matrix, double least, int32_t *order, double *workspace) {
    int32_t size = (int32_t)n, rank, failed;
    ((pstrf *)known[MX_PSTRF])("U", &size, matrix, &size, order, &rank, &least, workspace, &failed);
    return rank;
}

int64_t mx_jacobi_workspace(int64_t n) { return 3 * n * n + 8 * n + 7; }

/*
 * C, U, J, N, N, N: right for columns of any scale, with vectors as rotations make them (V solves
 * for those, and leaves 1e-10), and no small number put in the place of a smaller.
 */
void mx_jacobi(int64_t n, double *matrix, double *values, double *axes, double *workspace) {
    int32_t order = (int32_t)n, size = (int32_t)(2 * n * n + 6 * n + 7), failed;
    double *left = workspace, *work = left + n * n;
    ((gejsv *)known[MX_GEJSV])("C", "U", "J", "N", "N", "N", &order, &order, matrix, &order, values,
                               left, &order, axes, &order, work, &size, (int32_t *)(work + size),
                               &failed);
    double scale = work[0] / work[1];
    for (int64_t j = 0; j < n; j++)
        values[j] = values[j] * scale * (values[j] * scale);
}

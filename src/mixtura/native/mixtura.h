/* What the compiled kernels share: types, and what each of them says of its end. */
#ifndef MIXTURA_H
#define MIXTURA_H

#include <stdint.h>

#include "export.h"

/* Goes up, with VERSION in library.py, whenever what a kernel takes or gives changes. */
#define MX_VERSION 28

MX_EXPORT int mx_version(void);

/* The larger of two sizes. */
static inline int64_t mx_larger(int64_t one, int64_t other) { return one > other ? one : other; }

/* Widest rows and most components that compiled runs take. */
#define MX_MOST_COLUMNS 64
#define MX_MOST_COMPONENTS 128

/* The structures of Celeux and Govaert (1995), in mclust's order. */
enum mx_structure {
    MX_EII,
    MX_VII,
    MX_EEI,
    MX_VEI,
    MX_EVI,
    MX_VVI,
    MX_EEE,
    MX_VEE,
    MX_EVE,
    MX_VVE,
    MX_EEV,
    MX_VEV,
    MX_EVV,
    MX_VVV
};

/*
 * MX_HARD: the numbers ask for more care than is taken here, and the caller takes it. MX_FLAT: so
 * does an M-step, mostly as a covariance is singular. MX_BROKEN: a question to the caller was not
 * answered.
 */
enum mx_status { MX_DONE = 0, MX_HARD = 1, MX_FLAT = 2, MX_BROKEN = 3 };

/* The doubles that mx_update needs to work in. */
MX_EXPORT int64_t mx_update_workspace(int structure, int64_t n_components, int64_t n_columns);

/*
 * The M-step of one structure: scatter in, factors of precisions out (Sigma^-1 = U U^T, U upper
 * triangular, row major). MX_FLAT where one is singular or not finite.
 *
 * scatter    full (K, D, D) for VEE EVE VVE EEV VEV EVV VVV, (D, D) pooled for EEE;
 *            diagonals (K, D) for VII VEI EVI VVI, (D) pooled for EII and EEI
 * rows       (K) effective rows
 * previous   factors to start from, or NULL; read by VEI, VEE, EVE, VVE, VEV
 * factors    (K) for EII VII, (K, D) for EEI VEI EVI VVI, (K, D, D) for the others
 * axes       (D, D) in and out for EVE and VVE: Q whose columns are the common axes, read only
 *            where previous is given; NULL for the other structures
 * singular   set to the component whose covariance is, or to -1 where they share it; or NULL
 * workspace  mx_update_workspace doubles
 */
MX_EXPORT int mx_update(int structure, int64_t n_components, int64_t n_columns,
                        const double *scatter, const double *rows, const double *previous,
                        double *factors, double *axes, int64_t *singular, double *workspace);

/* The doubles that mx_shared_axes needs to work in. */
MX_EXPORT int64_t mx_shared_axes_workspace(int64_t n_columns);

/* Sets `axes` (D, D) to those that all precisions of some factors (K, D, D) share. */
MX_EXPORT void mx_shared_axes(int64_t n_components, int64_t n_columns, const double *factors,
                              double *axes, double *workspace);

/* The doubles that mx_update_floored needs to work in; no fewer than mx_update. */
MX_EXPORT int64_t mx_floored_workspace(int structure, int64_t n_components, int64_t n_columns);

/* Structures of matrices that the caller knows to update, with volumes that vary or are equal. */
#define MX_OWN (MX_VVV + 1)
#define MX_OWN_EQUAL (MX_VVV + 2)

/* Scatter and the factors to start from, or NULL, to factors; not 0 where one is singular. */
typedef int mx_own_update(const double *scatter, const double *previous, double *factors);

/*
 * The same with no covariance narrower than diag(floor) in any direction; floor (D), zero where a
 * column has none. Nothing lower than `previous`, which may be given for every structure, is
 * returned. `own` is NULL but for the two structures above.
 */
MX_EXPORT int mx_update_floored(int structure, int64_t n_components, int64_t n_columns,
                                const double *scatter, const double *rows, const double *floor,
                                const double *previous, double *factors, double *axes,
                                mx_own_update *own, int64_t *singular, double *workspace);

#endif

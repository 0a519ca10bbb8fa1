/*
 * What the update leaves below the floor is brought to the best above.
 *
 * Values rounded to a step h are known to h^2 / 12: in second order the likelihood of their cells
 * is that of a density whose covariance is S - F, F = diag(h^2 / 12), which has to be positive
 * semidefinite. With r the rounded columns that is F_r^1/2 (S^-1)_rr F_r^1/2 <= I, so the
 * Lagrangian of the M-step is its objective with a scatter that has more there, W_k + F_r^1/2 Z_k
 * F_r^1/2 with Z_k >= 0: a maximum is what the structure's own update makes of the right Z_k. Where
 * axes are free they are known (`lifted.h`), and else looked for (`multipliers.h`).
 */
#include "floor.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "cells.h"
#include "lifted.h"
#include "m_step.h"
#include "multipliers.h"
#include "turned.h"

/* What keeps covariances above their floor by whatever route they are multiplied out. */
#define ROUNDING (64 * DBL_EPSILON)
/* Volumes too large by less are left alone. */
#define SHRUNK 1e-9
/* Nats for each row that are worth a second candidate. */
#define OPEN 1e-6

static int is_pooled(int structure) {
    return structure == MX_EII || structure == MX_EEI || structure == MX_EEE;
}

static int is_one_volume(int structure) {
    return is_pooled(structure) || structure == MX_EVI || structure == MX_EVE ||
           structure == MX_EEV || structure == MX_EVV || structure == MX_OWN_EQUAL;
}

int64_t mx_floored_workspace(int structure, int64_t n_components, int64_t n_columns) {
    int64_t n = n_components, d = n_columns, full = structure >= MX_EEE;
    int64_t size = n * d * (full ? d : 1), most = mx_lifted_workspace(n, d, (int)full);
    if (structure <= MX_VVV)
        most = mx_larger(most, mx_update_workspace(structure, n, d));
    if (full) {
        int64_t turned = mx_turned_workspace(n, d);
        most = mx_larger(most, mx_larger(turned, mx_multipliers_workspace(structure, n, d)));
    }
    return mx_cells_workspace(d, (int)full) + 4 * size + (full ? 3 * d * d : d) + 3 * n + most;
}

/* Whether I - U^T F U is positive definite, by its Cholesky factor. */
static int is_definitely_above(const mx_cells *cells, const double *factor) {
    mx_tightness(cells, factor, cells->matrix);
    return mx_is_beyond(cells, cells->matrix, -1.0, 1.0);
}

int mx_is_above(int structure, int64_t n_components, int64_t n_columns, const double *factors,
                const double *floor, double share, double *workspace) {
    mx_cells cells = mx_cells_of(n_columns, floor, structure >= MX_EEE, workspace);
    double highest = 0;
    for (int64_t j = 0; j < n_columns; j++)
        highest = fmax(highest, floor[j]);
    for (int64_t k = 0; k < n_components; k++) {
        if (structure <= MX_VII) {
            if (!(factors[k] * factors[k] * highest <= share))
                return 0;
            continue;
        }
        const double *own = factors + k * cells.one;
        if (cells.full && share == 1.0 && is_definitely_above(&cells, own))
            continue;
        if (!(mx_share(&cells, own) <= share))
            return 0;
        if (is_pooled(structure))
            break;
    }
    return 1;
}

static int spherical(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
                     const double *rows, const double *floor, double *factors) {
    double n_rows = 0, highest = 0;
    for (int64_t j = 0; j < n_columns; j++)
        highest = fmax(highest, floor[j]);
    for (int64_t k = 0; k < n_components; k++)
        n_rows += rows[k];
    for (int64_t k = 0; k < n_components; k++) {
        const double *own = scatter + (structure == MX_EII ? 0 : k * n_columns);
        double trace = 0, count = (double)n_columns * (structure == MX_EII ? n_rows : rows[k]);
        for (int64_t j = 0; j < n_columns; j++)
            trace += own[j];
        factors[k] = 1.0 / sqrt(fmax(trace / count, highest * (1 + ROUNDING)));
    }
    return MX_DONE;
}

/* VVV, VVI, EEE and EEI: each scatter is lifted to its own rows. */
static int lift_each(const mx_cells *cells, int64_t n_scatters, double n_rows, const double *rows,
                     double *scatter, int64_t *singular, double *excess) {
    double unused;
    for (int64_t k = 0; k < n_scatters; k++) {
        if (mx_excess(cells, scatter + k * cells->one, excess, &unused)) {
            *singular = rows == NULL ? MX_SHARED : k;
            return MX_FLAT;
        }
        mx_lift(cells, excess, n_scatters == 1 && rows == NULL ? n_rows : rows[k],
                scatter + k * cells->one);
    }
    return MX_DONE;
}

/* Makes volumes the best above the floor for their shapes and axes. */
static void bring_above(const mx_cells *cells, int structure, int64_t n, const double *scatter,
                        const double *rows, double *factors, double *room) {
    double *share = room, *wanted = room + n;
    double largest = 0, trace = 0, count = 0;
    for (int64_t k = 0; k < n; k++) {
        double own = (double)cells->n_columns * rows[k];
        double mine = 0;
        if (!is_pooled(structure))
            mine = mx_trace(cells, factors + k * cells->one, scatter + k * cells->one);
        wanted[k] = mine / own;
        /* A component that nothing holds up keeps its bits. */
        int free = cells->full && !is_one_volume(structure) && wanted[k] >= 1 - SHRUNK &&
                   is_definitely_above(cells, factors + k * cells->one);
        share[k] = free ? 0.0 : mx_share(cells, factors + k * cells->one);
        largest = fmax(largest, share[k]);
        trace += mine;
        count += own;
    }
    for (int64_t k = 0; k < n; k++) {
        int one = is_one_volume(structure);
        double least = one ? largest : share[k], best = one ? trace / count : wanted[k];
        double multiple = fmax(least * (1 + ROUNDING), is_pooled(structure) ? 1.0 : best);
        if (!(least > 1 - ROUNDING || multiple < 1 - SHRUNK))
            continue;
        for (int64_t p = 0; p < cells->one; p++)
            factors[k * cells->one + p] /= sqrt(multiple);
    }
}

/* sum N_k log|Sigma_k^-1| - tr(Sigma_k^-1 W_k). */
static double objective(const mx_cells *cells, int64_t n, const double *scatter, const double *rows,
                        const double *factors) {
    double total = 0;
    for (int64_t k = 0; k < n; k++)
        total += 2 * rows[k] * mx_log_factor(cells, factors + k * cells->one) -
                 mx_trace(cells, factors + k * cells->one, scatter + k * cells->one);
    return total;
}

static const double *log_volumes(const mx_cells *cells, int64_t n, const double *previous,
                                 double *logs) {
    for (int64_t k = 0; previous != NULL && k < n; k++)
        logs[k] = -2 * mx_log_factor(cells, previous + k * cells->one) / (double)cells->n_columns;
    return previous != NULL ? logs : NULL;
}

static int is_even(int64_t n_columns, const double *floor) {
    for (int64_t j = 1; j < n_columns; j++)
        if (floor[j] != floor[0])
            return 0;
    return 1;
}

/* What is asked. */
typedef struct {
    const mx_cells *cells;
    int structure;
    int64_t n;
    const double *scatter, *rows, *floor, *previous;
    const double *logs; /* (K) of the volumes of `previous`, or NULL */
    mx_own_update *own;
    double *room; /* (K), (K) */
} question;

/* A candidate takes the place of factors that are lower, or lost, with its axes. */
static void take_better(const question *it, double *candidate, const double *its_axes, int *lost,
                        double *factors, double *axes) {
    const mx_cells *cells = it->cells;
    int64_t n = it->n;
    bring_above(cells, it->structure, n, it->scatter, it->rows, candidate, it->room);
    if (!*lost && !(objective(cells, n, it->scatter, it->rows, candidate) >
                    objective(cells, n, it->scatter, it->rows, factors)))
        return;
    memcpy(factors, candidate, sizeof(double) * n * cells->one);
    if (axes != NULL)
        memcpy(axes, its_axes, sizeof(double) * cells->n_columns * cells->n_columns);
    *lost = 0;
}

/*
 * The best of where multipliers lead and what has the highest floor all over. The latter is for
 * scatters that multipliers lead nowhere from: Lagrange's problem jumps where two axes change
 * places. It also is another place to search for common axes from.
 */
static int look(const question *it, double *factors, double *axes, double *workspace) {
    const mx_cells *cells = it->cells;
    int structure = it->structure;
    int64_t n = it->n, d = cells->n_columns, size = n * d * d;
    const double *rows = it->rows;
    double highest = 0, gap, n_rows = 0, *wide = workspace, *again = wide + size;
    double *others = again + size, *turned = others + d * d;
    workspace = turned + d * d;
    if (axes != NULL)
        memcpy(others, axes, sizeof(double) * d * d);
    for (int64_t k = 0; k < n; k++)
        n_rows += rows[k];
    int lost = mx_multiply(cells, structure, n, it->scatter, rows, it->previous, factors, axes,
                           it->own, &gap, workspace);
    if (!lost && gap <= OPEN * n_rows)
        return MX_DONE;
    if (!lost)
        bring_above(cells, structure, n, it->scatter, rows, factors, it->room);
    for (int64_t j = 0; j < d; j++)
        highest = fmax(highest, it->floor[j]);
    if (structure == MX_EEV || structure == MX_VEV) {
        if (mx_turn(d, highest, structure, n, it->scatter, rows, it->logs, wide, workspace) ==
            MX_DONE)
            take_better(it, wide, NULL, &lost, factors, NULL);
        return lost;
    }
    memcpy(again, it->scatter, sizeof(double) * size);
    for (int64_t p = 0; p < n * d; p++)
        again[p * d + p % d] += rows[p / d] * highest;
    if (it->own ? it->own(again, it->previous, wide)
                : mx_update(structure, n, d, again, rows, it->previous, wide,
                            axes != NULL ? others : NULL, NULL, workspace))
        return lost;
    memcpy(turned, others, sizeof(double) * d * d);
    if (mx_multiply(cells, structure, n, it->scatter, rows, wide, again,
                    axes != NULL ? turned : NULL, it->own, &gap, workspace) == MX_DONE)
        take_better(it, again, turned, &lost, factors, axes);
    take_better(it, wide, others, &lost, factors, axes);
    return MX_DONE;
}

/* Sets factors that are above the floor but for rounding. */
static int raise(const question *it, double *factors, double *axes, int64_t *singular,
                 double *workspace) {
    const mx_cells *cells = it->cells;
    int structure = it->structure, pooled = is_pooled(structure);
    int64_t n = it->n;
    const double *rows = it->rows;
    double *scatter = workspace, n_rows = 0;
    workspace += n * cells->one;
    memcpy(scatter, it->scatter, sizeof(double) * (pooled ? 1 : n) * cells->one);
    for (int64_t k = 0; k < n; k++)
        n_rows += rows[k];
    int status = MX_DONE;
    switch (structure) {
    case MX_EEI:
    case MX_EEE:
    case MX_VVI:
    case MX_VVV:
        status = lift_each(cells, pooled ? 1 : n, n_rows, pooled ? NULL : rows, scatter, singular,
                           workspace);
        break;
    case MX_EVI:
    case MX_EVV:
        status = mx_lift_to_one_volume(cells, n, rows, scatter, singular, workspace);
        break;
    case MX_VEI:
    case MX_VEE:
        return mx_one_shape_above(cells, n, rows, it->scatter, it->logs, factors, workspace);
    case MX_EEV:
    case MX_VEV:
        if (is_even(cells->n_columns, it->floor))
            return mx_turn(cells->n_columns, it->floor[0], structure, n, it->scatter, rows,
                           it->logs, factors, workspace);
        return look(it, factors, NULL, workspace);
    default: return look(it, factors, axes, workspace);
    }
    return status ? status
                  : mx_update(structure, n, cells->n_columns, scatter, rows, NULL, factors, NULL,
                              singular, workspace);
}

static int all_finite(int64_t size, const double *values) {
    for (int64_t p = 0; p < size; p++)
        if (!isfinite(values[p]))
            return 0;
    return 1;
}

/* The first component whose numbers are none, or K. */
static int64_t first_lost(int64_t n, const double *scatter, int64_t one, const double *rows) {
    for (int64_t k = 0; k < n; k++)
        if (!(rows[k] > 0) || (one > 0 && !all_finite(one, scatter + k * one)))
            return k;
    return n;
}

int mx_update_floored(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
                      const double *rows, const double *floor, const double *previous,
                      double *factors, double *axes, mx_own_update *own, int64_t *singular,
                      double *workspace) {
    int64_t n = n_components, d = n_columns, named = MX_SHARED;
    int64_t one = structure < MX_EEE ? d : d * d;
    int pooled = is_pooled(structure);
    singular = singular != NULL ? singular : &named;
    double *before = workspace, *volumes = before + one, *room = volumes + n;
    double *cells_room = room + 2 * n;
    workspace = cells_room + mx_cells_workspace(d, structure >= MX_EEE);
    if (axes != NULL && previous != NULL)
        memcpy(before, axes, sizeof(double) * d * d);
    int status = own != NULL ? own(scatter, previous, factors)
                             : mx_update(structure, n, d, scatter, rows, previous, factors, axes,
                                         singular, workspace);
    if (status == MX_DONE && mx_is_above(structure, n, d, factors, floor, 1.0, cells_room))
        return MX_DONE;
    int64_t lost = first_lost(n, scatter, pooled ? 0 : one, rows);
    if (lost < n || (pooled && !all_finite(one, scatter))) {
        *singular = lost < n ? lost : MX_SHARED;
        return MX_FLAT;
    }
    if (structure <= MX_VII)
        return spherical(structure, n, d, scatter, rows, floor, factors);
    mx_cells cells = mx_cells_of(d, floor, structure >= MX_EEE, cells_room);
    question it = {.cells = &cells,
                   .structure = structure,
                   .n = n,
                   .scatter = scatter,
                   .rows = rows,
                   .floor = floor,
                   .previous = previous,
                   .logs = log_volumes(&cells, n, previous, volumes),
                   .own = own,
                   .room = room};
    if (axes != NULL && previous != NULL)
        memcpy(axes, before, sizeof(double) * d * d);
    *singular = MX_SHARED;
    if (raise(&it, factors, axes, singular, workspace))
        return MX_FLAT;
    bring_above(&cells, structure, n, scatter, rows, factors, room);
    if (!pooled && previous != NULL &&
        mx_is_above(structure, n, d, previous, floor, 1.0, cells_room) &&
        objective(&cells, n, scatter, rows, previous) >
            objective(&cells, n, scatter, rows, factors)) {
        memcpy(factors, previous, sizeof(double) * n * cells.one);
        if (axes != NULL)
            memcpy(axes, before, sizeof(double) * d * d);
    }
    return MX_DONE;
}

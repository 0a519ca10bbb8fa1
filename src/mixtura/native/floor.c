/* As structures/floor.py: what the update leaves below the floor is brought to the best above. */
#include "floor.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "cells.h"
#include "lifted.h"
#include "m_step.h"
#include "multipliers.h"

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
           structure == MX_EEV || structure == MX_EVV;
}

int64_t mx_floored_workspace(int64_t n_components, int64_t n_columns) {
    int64_t update = mx_update_workspace(n_components, n_columns);
    int64_t lifted = mx_lifted_workspace(n_components, n_columns);
    int64_t multipliers = mx_multipliers_workspace(n_components, n_columns);
    int64_t size = n_components * n_columns * n_columns;
    int64_t most = update > lifted ? update : lifted;
    most = multipliers > most ? multipliers : most;
    return 4 * size + 2 * n_components * n_columns + most;
}

/* Whether I - U^T F U is positive definite, by its Cholesky factor. */
static int is_definitely_above(const mx_cells *cells, const double *factor) {
    double matrix[MX_MOST_CELLS];
    mx_tightness(cells, factor, matrix);
    return mx_is_beyond(cells->n_rounded, matrix, -1.0, 1.0);
}

int mx_is_above(int structure, int64_t n_components, int64_t n_columns, const double *factors,
                const double *floor, double share) {
    mx_cells cells = mx_cells_of(n_columns, floor, structure >= MX_EEE);
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
        if (isnan(trace))
            return MX_HARD;
        factors[k] = 1.0 / sqrt(fmax(trace / count, highest * (1 + ROUNDING)));
    }
    return MX_DONE;
}

/* VVV, VVI, EEE and EEI: each scatter is lifted to its own rows. */
static int lift_each(const mx_cells *cells, int64_t n_scatters, double n_rows, const double *rows,
                     double *scatter) {
    double excess[MX_MOST_CELLS], unused;
    for (int64_t k = 0; k < n_scatters; k++) {
        if (mx_excess(cells, scatter + k * cells->one, excess, &unused))
            return MX_HARD;
        mx_lift(cells, excess, n_scatters == 1 && rows == NULL ? n_rows : rows[k],
                scatter + k * cells->one);
    }
    return MX_DONE;
}

/* Makes volumes the best above the floor for their shapes and axes. */
static void bring_above(const mx_cells *cells, int structure, int64_t n, const double *scatter,
                        const double *rows, double *factors) {
    double share[MX_MOST_COMPONENTS], wanted[MX_MOST_COMPONENTS];
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

static void sort_ascending(int64_t n, double *values, double *axes) {
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double value = values[j];
            values[j] = values[j - 1];
            values[j - 1] = value;
            for (int64_t l = 0; l < n; l++) {
                value = axes[l * n + j];
                axes[l * n + j] = axes[l * n + j - 1];
                axes[l * n + j - 1] = value;
            }
        }
}

/* EEV and VEV where all columns have one floor: EEI or VEI along the axes of each component. */
static int turn(int64_t n_columns, double floor, int structure, int64_t n, const double *scatter,
                const double *rows, const double *logs, double *factors, double *workspace) {
    int64_t d = n_columns;
    double *axes = workspace, *values = axes + n * d * d, *roots = values + n * d;
    double floors[MX_MOST_COLUMNS], matrix[MX_MOST_CELLS], n_rows = 0;
    workspace = roots + n * d;
    for (int64_t j = 0; j < d; j++)
        floors[j] = floor;
    mx_cells along = mx_cells_of(d, floors, 0);
    for (int64_t k = 0; k < n; k++) {
        memcpy(matrix, scatter + k * d * d, sizeof(matrix[0]) * d * d);
        mx_eigen(d, matrix, values + k * d, axes + k * d * d);
        sort_ascending(d, values + k * d, axes + k * d * d);
        for (int64_t j = 0; j < d; j++)
            values[k * d + j] = fmax(values[k * d + j], 0.0);
        n_rows += rows[k];
    }
    if (structure == MX_VEV && mx_one_shape_above(&along, n, rows, values, logs, roots, workspace))
        return MX_HARD;
    for (int64_t j = 0; structure == MX_EEV && j < d; j++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += values[k * d + j];
        for (int64_t k = 0; k < n; k++)
            roots[k * d + j] = 1.0 / sqrt(fmax(sum / n_rows, floor));
    }
    mx_lanes own[MX_MOST_CELLS], variances[MX_MOST_COLUMNS], upper[MX_MOST_CELLS];
    for (int64_t k = 0; k < n; k++) {
        for (int64_t j = 0; j < d; j++) {
            double root = roots[k * d + j];
            variances[j] = 1.0 / (root * root) - (mx_lanes){0};
            for (int64_t l = 0; l < d; l++)
                own[j * d + l] = axes[k * d * d + l * d + j] - (mx_lanes){0};
        }
        mx_factor_along(d, own, variances, upper);
        mx_apart(k + 1, k, d * d, upper, factors);
    }
    return MX_DONE;
}

static int is_even(int64_t n_columns, const double *floor) {
    for (int64_t j = 1; j < n_columns; j++)
        if (floor[j] != floor[0])
            return 0;
    return 1;
}

/* A candidate takes the place of factors that are lower, or lost, with its axes. */
static void take_better(const mx_cells *cells, int structure, int64_t n, const double *scatter,
                        const double *rows, double *candidate, const double *its_axes, int *lost,
                        double *factors, double *axes) {
    bring_above(cells, structure, n, scatter, rows, candidate);
    if (!*lost && !(objective(cells, n, scatter, rows, candidate) >
                    objective(cells, n, scatter, rows, factors)))
        return;
    memcpy(factors, candidate, sizeof(double) * n * cells->one);
    if (axes != NULL)
        memcpy(axes, its_axes, sizeof(double) * cells->n_columns * cells->n_columns);
    *lost = 0;
}

/* The best of where multipliers lead and what has the highest floor all over. */
static int look(const mx_cells *cells, int structure, int64_t n, const double *scatter,
                const double *rows, const double *floor, const double *previous, const double *logs,
                double *factors, double *axes, double *workspace) {
    int64_t d = cells->n_columns, size = n * d * d;
    double highest = 0, gap, n_rows = 0, others[MX_MOST_CELLS];
    double *wide = workspace, *again = wide + size;
    workspace = again + size;
    if (axes != NULL)
        memcpy(others, axes, sizeof(double) * d * d);
    for (int64_t k = 0; k < n; k++)
        n_rows += rows[k];
    int lost =
        mx_multiply(cells, structure, n, scatter, rows, previous, factors, axes, &gap, workspace);
    if (!lost && gap <= OPEN * n_rows)
        return MX_DONE;
    if (!lost)
        bring_above(cells, structure, n, scatter, rows, factors);
    for (int64_t j = 0; j < d; j++)
        highest = fmax(highest, floor[j]);
    if (axes == NULL) {
        if (turn(d, highest, structure, n, scatter, rows, logs, wide, workspace) == MX_DONE)
            take_better(cells, structure, n, scatter, rows, wide, NULL, &lost, factors, NULL);
        return lost;
    }
    memcpy(again, scatter, sizeof(double) * size);
    for (int64_t p = 0; p < n * d; p++)
        again[p * d + p % d] += rows[p / d] * highest;
    if (mx_update(structure, n, d, again, rows, previous, wide, others, workspace))
        return lost;
    double turned[MX_MOST_CELLS];
    memcpy(turned, others, sizeof(double) * d * d);
    if (mx_multiply(cells, structure, n, scatter, rows, wide, again, turned, &gap, workspace) ==
        MX_DONE)
        take_better(cells, structure, n, scatter, rows, again, turned, &lost, factors, axes);
    take_better(cells, structure, n, scatter, rows, wide, others, &lost, factors, axes);
    return MX_DONE;
}

/* Sets factors that are above the floor but for rounding. */
static int raise(const mx_cells *cells, int structure, int64_t n, const double *given,
                 const double *rows, const double *floor, const double *previous, double *factors,
                 double *axes, double *workspace) {
    double volumes[MX_MOST_COMPONENTS];
    const double *logs = log_volumes(cells, n, previous, volumes);
    int pooled = is_pooled(structure);
    double *scatter = workspace, n_rows = 0;
    workspace += n * cells->one;
    memcpy(scatter, given, sizeof(double) * (pooled ? 1 : n) * cells->one);
    for (int64_t k = 0; k < n; k++)
        n_rows += rows[k];
    int status = MX_DONE;
    switch (structure) {
    case MX_EEI:
    case MX_EEE:
    case MX_VVI:
    case MX_VVV:
        status = lift_each(cells, pooled ? 1 : n, n_rows, pooled ? NULL : rows, scatter);
        break;
    case MX_EVI:
    case MX_EVV: status = mx_lift_to_one_volume(cells, n, rows, scatter, workspace); break;
    case MX_VEI:
    case MX_VEE: return mx_one_shape_above(cells, n, rows, given, logs, factors, workspace);
    case MX_EEV:
    case MX_VEV:
        if (is_even(cells->n_columns, floor))
            return turn(cells->n_columns, floor[0], structure, n, given, rows, logs, factors,
                        workspace);
        return look(cells, structure, n, given, rows, floor, previous, logs, factors, NULL,
                    workspace);
    default:
        return look(cells, structure, n, given, rows, floor, previous, logs, factors, axes,
                    workspace);
    }
    return status ? status
                  : mx_update(structure, n, cells->n_columns, scatter, rows, NULL, factors, NULL,
                              workspace);
}

int mx_update_floored(int structure, int64_t n_components, int64_t n_columns, const double *scatter,
                      const double *rows, const double *floor, const double *previous,
                      double *factors, double *axes, double *workspace) {
    if (n_components > MX_MOST_COMPONENTS || n_columns > MX_MOST_COLUMNS)
        return MX_HARD;
    int64_t n = n_components;
    double before[MX_MOST_CELLS];
    if (axes != NULL && previous != NULL)
        memcpy(before, axes, sizeof(double) * n_columns * n_columns);
    if (mx_update(structure, n, n_columns, scatter, rows, previous, factors, axes, workspace) ==
            MX_DONE &&
        mx_is_above(structure, n, n_columns, factors, floor, 1.0))
        return MX_DONE;
    for (int64_t k = 0; k < n; k++)
        if (!(rows[k] > 0))
            return MX_HARD;
    if (structure <= MX_VII)
        return spherical(structure, n, n_columns, scatter, rows, floor, factors);
    mx_cells cells = mx_cells_of(n_columns, floor, structure >= MX_EEE);
    if (axes != NULL && previous != NULL)
        memcpy(axes, before, sizeof(double) * n_columns * n_columns);
    if (raise(&cells, structure, n, scatter, rows, floor, previous, factors, axes, workspace))
        return MX_HARD;
    bring_above(&cells, structure, n, scatter, rows, factors);
    if (!is_pooled(structure) && previous != NULL &&
        mx_is_above(structure, n, n_columns, previous, floor, 1.0) &&
        objective(&cells, n, scatter, rows, previous) >
            objective(&cells, n, scatter, rows, factors)) {
        memcpy(factors, previous, sizeof(double) * n * cells.one);
        if (axes != NULL)
            memcpy(axes, before, sizeof(double) * n_columns * n_columns);
    }
    return MX_DONE;
}

#include "turned.h"

#include <math.h>
#include <string.h>

#include "cells.h"
#include "lifted.h"
#include "precision_factors.h"
#include "spectrum.h"

int64_t mx_turned_workspace(int64_t n, int64_t d) {
    int64_t one = mx_larger(mx_spectrum_workspace(d), mx_factor_along_workspace(d));
    return n * d * (d + 2) + d + mx_cells_workspace(d, 0) +
           mx_larger(one, mx_lifted_workspace(n, d, 0));
}

int mx_turn(int64_t n_columns, double floor, int structure, int64_t n, const double *scatter,
            const double *rows, const double *logs, double *factors, double *workspace) {
    int64_t d = n_columns;
    double *axes = workspace, *values = axes + n * d * d, *roots = values + n * d;
    double *floors = roots + n * d, n_rows = 0, *room = floors + d;
    workspace = room + mx_cells_workspace(d, 0);
    for (int64_t j = 0; j < d; j++)
        floors[j] = floor;
    mx_cells along = mx_cells_of(d, floors, 0, room);
    for (int64_t k = 0; k < n; k++) {
        double *own = axes + k * d * d;
        if (!mx_spectrum(d, scatter + k * d * d, values + k * d, own, workspace)) {
            /* Nothing but the floor, along any axes. */
            memset(values + k * d, 0, sizeof(double) * d);
            for (int64_t p = 0; p < d * d; p++)
                own[p] = p % (d + 1) == 0;
        }
        n_rows += rows[k];
    }
    if (structure == MX_VEV && mx_one_shape_above(&along, n, rows, values, logs, roots, workspace))
        return MX_FLAT;
    for (int64_t j = 0; structure == MX_EEV && j < d; j++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++)
            sum += values[k * d + j];
        for (int64_t k = 0; k < n; k++)
            roots[k * d + j] = 1.0 / sqrt(fmax(sum / n_rows, floor));
    }
    for (int64_t k = 0; k < n; k++) {
        for (int64_t j = 0; j < d; j++)
            values[k * d + j] = 1.0 / (roots[k * d + j] * roots[k * d + j]);
        mx_factor_along_one(d, axes + k * d * d, values + k * d, factors + k * d * d, workspace);
    }
    return MX_DONE;
}

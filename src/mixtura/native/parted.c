#include "parted.h"

#include <string.h>

/* Room for natural parameters and sums: of features that rows hold, and of those coded. */
typedef struct {
    mx_rows rows;
    mx_coded coded;
    double *theta, *sums, *workspace;
} parted;

int64_t mx_parted_workspace(const mx_problem *problem, int64_t n_components) {
    const mx_rows *rows = &problem->rows;
    int64_t own = mx_sweep_workspace(n_components, rows->n_features);
    return own + (rows->coded ? 2 * n_components * (rows->n_features + rows->coded->n_codes) : 0);
}

static parted parted_in(const mx_problem *problem, int64_t n_components, double *workspace) {
    parted at = {.rows = problem->rows, .coded = *problem->rows.coded};
    int64_t held = n_components * at.rows.n_features, coded = n_components * at.coded.n_codes;
    at.theta = workspace;
    at.sums = at.theta + held;
    at.coded.sums = at.sums + held;
    double *table = at.coded.sums + coded;
    at.coded.table = table;
    at.workspace = table + coded;
    memset(at.coded.sums, 0, sizeof(double) * coded);
    return at;
}

static void move(double **whole, double **part, int64_t n, int apart) {
    memcpy(apart ? *part : *whole, apart ? *whole : *part, sizeof(double) * n);
    *whole += n;
    *part += n;
}

/* Parts numbers of all features (K, P) into those of held and of coded ones, or joins them. */
static void exchange(const mx_problem *problem, const mx_form *form, double *whole, double *held,
                     double *coded, int apart) {
    for (int64_t k = 0; k < form->n_components; k++) {
        move(&whole, &held, form->n_features - form->n_extras, apart);
        for (int64_t s = 0; s < problem->n_segments; s++) {
            const mx_segment *segment = problem->segments + s;
            move(&whole, &held, segment->opening, apart);
            move(&whole, segment->kind == MX_TABLES ? &coded : &held, segment->length, apart);
        }
    }
}

void mx_parted_sweep(const mx_problem *problem, const mx_form *form, const mx_centred *centred,
                     const double *theta, double *sums, double *squared, double *values,
                     double *workspace) {
    int64_t n = form->n_components;
    if (!problem->rows.coded) {
        mx_sweep_about(&problem->rows, centred, n, theta, sums, squared, values, workspace);
        return;
    }
    parted at = parted_in(problem, n, workspace);
    at.rows.coded = &at.coded;
    exchange(problem, form, (double *)theta, at.theta, (double *)at.coded.table, 1);
    mx_sweep_about(&at.rows, centred, n, at.theta, at.sums, squared, values, at.workspace);
    exchange(problem, form, sums, at.sums, at.coded.sums, 0);
}

void mx_parted_totals(const mx_problem *problem, const mx_form *form,
                      const double *responsibilities, int64_t row_stride, int64_t component_stride,
                      double *sums, double *workspace) {
    int64_t n = form->n_components;
    if (!problem->rows.coded) {
        mx_totals(&problem->rows, n, responsibilities, row_stride, component_stride, sums,
                  workspace);
        return;
    }
    parted at = parted_in(problem, n, workspace);
    at.rows.coded = &at.coded;
    mx_totals(&at.rows, n, responsibilities, row_stride, component_stride, at.sums, at.workspace);
    exchange(problem, form, sums, at.sums, at.coded.sums, 0);
}

void mx_parted_responsibilities(const mx_problem *problem, const mx_form *form, const double *theta,
                                double *responsibilities, double *workspace) {
    int64_t n = form->n_components;
    if (!problem->rows.coded) {
        mx_all_responsibilities(&problem->rows, n, theta, responsibilities, workspace);
        return;
    }
    parted at = parted_in(problem, n, workspace);
    at.rows.coded = &at.coded;
    exchange(problem, form, (double *)theta, at.theta, (double *)at.coded.table, 1);
    mx_all_responsibilities(&at.rows, n, at.theta, responsibilities, at.workspace);
}

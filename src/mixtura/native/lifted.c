#include "lifted.h"

#include <math.h>
#include <string.h>

#include "mixing.h"

#define MOST_TURNS 200
/* In the logarithm of a determinant, relative to it, and of volumes. */
#define SHORT_STEP 1e-14
#define SHORT_TURN 1e-9
/* Of the rows, what stands for no scatter. */
#define NOTHING 1e-250

int64_t mx_lifted_workspace(int64_t n_components, int64_t n_columns, int full) {
    int64_t one = full ? n_columns * n_columns : n_columns;
    int64_t volume = n_components * (one + n_columns + 2) + one;
    int64_t shape = 5 * n_components + mx_mixing_workspace(n_components) + 3 * one +
                    mx_update_workspace(full ? MX_EEE : MX_EEI, 1, n_columns);
    return volume > shape ? volume : shape;
}

/* t where log|Sigma| has that level; `falling` (R) the logarithms of A's eigenvalues. */
static double time_at(const mx_cells *cells, double level, const double *falling, double constant) {
    int64_t passed = 0, r = cells->n_rounded, n_free = cells->n_others;
    double sum = 0;
    while (passed < r) {
        double next = falling[passed];
        int first = passed == 0 && n_free == 0;
        if (!first && constant + sum + next - (double)(n_free + passed + 1) * next >= level)
            break;
        sum += next;
        passed++;
    }
    return (constant + sum - level) / (double)(n_free + passed);
}

static double level_at(const mx_cells *cells, double time, const double *falling, double constant) {
    double level = constant - (double)cells->n_others * time;
    for (int64_t j = 0; j < cells->n_rounded; j++)
        level += fmax(falling[j] - time, 0.0);
    return level;
}

/* Sets t (K) with sum e^t = n. */
static void find_times(const mx_cells *cells, int64_t n, double n_rows, const double *falling,
                       const double *constants, double *times) {
    int64_t r = cells->n_rounded;
    double low = -INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < n; k++) {
        low = fmax(low, level_at(cells, log(n_rows), falling + k * r, constants[k]));
        high = fmax(high, level_at(cells, log(n_rows / (double)n), falling + k * r, constants[k]));
    }
    for (;;) {
        double middle = 0.5 * (low + high), total = 0;
        int done = !(high - low > SHORT_STEP * fmax(1.0, fmax(fabs(low), fabs(high))));
        for (int64_t k = 0; k < n; k++) {
            times[k] = time_at(cells, done ? high : middle, falling + k * r, constants[k]);
            total += exp(times[k]);
        }
        if (done)
            return;
        if (total > n_rows)
            low = middle;
        else
            high = middle;
    }
}

static void sort_falling(int64_t n, double *values) {
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = i; j > 0 && values[j] > values[j - 1]; j--) {
            double value = values[j];
            values[j] = values[j - 1];
            values[j - 1] = value;
        }
}

int mx_lift_to_one_volume(const mx_cells *cells, int64_t n, const double *rows, double *scatter,
                          int64_t *singular, double *workspace) {
    int64_t r = cells->n_rounded, size = cells->full ? r * r : r;
    double *excess = workspace, *falling = excess + n * size, *constants = falling + n * r;
    double *times = constants + n, *vectors = times + n, n_rows = 0, widest = 0;
    for (int64_t k = 0; k < n; k++) {
        double *own = falling + k * r;
        if (mx_excess(cells, scatter + k * cells->one, excess + k * size, constants + k)) {
            *singular = k;
            return MX_FLAT;
        }
        mx_excess_values(cells, excess + k * size, own, vectors);
        sort_falling(r, own);
        constants[k] += cells->log_floor;
        n_rows += rows[k];
        times[k] = fmax(own[0], 0.0);
        widest += times[k];
    }
    if (cells->n_others == 0 && widest <= n_rows) {
        /* Every component is the floor itself. */
        for (int64_t k = 0; k < n; k++)
            times[k] += (1.0 - widest / n_rows) * rows[k];
    } else {
        for (int64_t p = 0; p < n * r; p++)
            falling[p] = log(fmax(falling[p], NOTHING * n_rows));
        find_times(cells, n, n_rows, falling, constants, times);
        for (int64_t k = 0; k < n; k++)
            times[k] = exp(times[k]);
    }
    for (int64_t k = 0; k < n; k++)
        mx_lift(cells, excess + k * size, times[k], scatter + k * cells->one);
    return MX_DONE;
}

/* One turn of VEE's or VEI's: what it is given, and where it leads. */
typedef struct {
    const mx_cells *cells;
    int64_t n;
    const double *rows, *scatter;
    double n_rows;
    double *weighed, *factor, *excess, *workspace;
} turn;

/* Sets the shape's factor for log volumes, and the log volumes for that; the cost of the former,
   or NAN where the shape is singular. */
static double take_turn(const turn *at, const double *logs, double *there) {
    const mx_cells *cells = at->cells;
    double *excess = at->excess, unused, cost = 0, columns = (double)cells->n_columns;
    memset(at->weighed, 0, sizeof(double) * cells->one);
    for (int64_t k = 0; k < at->n; k++) {
        double weight = exp(-logs[k]);
        for (int64_t p = 0; p < cells->one; p++)
            at->weighed[p] += weight * at->scatter[k * cells->one + p];
    }
    if (mx_excess(cells, at->weighed, excess, &unused))
        return NAN;
    mx_lift(cells, excess, at->n_rows, at->weighed);
    if (mx_update(cells->full ? MX_EEE : MX_EEI, 1, cells->n_columns, at->weighed, &at->n_rows,
                  NULL, at->factor, NULL, NULL, at->workspace))
        return NAN;
    for (int64_t k = 0; k < at->n; k++) {
        double trace = mx_trace(cells, at->factor, at->scatter + k * cells->one);
        double count = columns * at->rows[k];
        there[k] = fmax(log(trace / count), 0.0);
        cost += count * logs[k] + exp(-logs[k]) * trace;
    }
    return cost - 2 * at->n_rows * mx_log_factor(cells, at->factor);
}

int mx_one_shape_above(const mx_cells *cells, int64_t n, const double *rows, const double *scatter,
                       const double *start, double *factors, double *workspace) {
    turn at = {.cells = cells, .n = n, .rows = rows, .scatter = scatter};
    double *logs = workspace, *there = logs + n, *trial = there + n, *beyond = trial + n;
    double *steps = beyond + n, least = INFINITY;
    mx_mixing mixed = mx_mixing_in(n, steps + n);
    at.weighed = steps + n + mx_mixing_workspace(n);
    at.factor = at.weighed + cells->one;
    at.excess = at.factor + cells->one;
    at.workspace = at.excess + cells->one;
    for (int64_t k = 0; k < n; k++) {
        at.n_rows += rows[k];
        least = start != NULL ? fmin(least, start[k]) : least;
    }
    for (int64_t k = 0; k < n; k++)
        logs[k] = start != NULL ? start[k] - least : 0.0;
    double value = take_turn(&at, logs, there);
    for (int turns = 0; turns < MOST_TURNS && !isnan(value); turns++) {
        double longest = 0;
        for (int64_t k = 0; k < n; k++) {
            steps[k] = there[k] - logs[k];
            longest = fmax(longest, fabs(steps[k]));
        }
        if (longest < SHORT_TURN)
            break;
        mx_mix(&mixed, rows, logs, steps, trial);
        for (int64_t k = 0; k < n; k++)
            trial[k] = fmax(trial[k], 0.0);
        double found = take_turn(&at, trial, beyond);
        if (!(found <= value)) {
            mx_forget(&mixed);
            memcpy(trial, there, sizeof(double) * n);
            found = take_turn(&at, trial, beyond);
        }
        memcpy(logs, trial, sizeof(double) * n);
        memcpy(there, beyond, sizeof(double) * n);
        value = found;
    }
    if (isnan(value))
        return MX_FLAT;
    for (int64_t k = 0; k < n; k++) {
        double scale = exp(-0.5 * there[k]);
        for (int64_t p = 0; p < cells->one; p++)
            factors[k * cells->one + p] = scale * at.factor[p];
    }
    return MX_DONE;
}

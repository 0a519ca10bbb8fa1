/*
 * All components are split at once, each looking at its own share of the rows: EM on pairs of
 * children, begun in two ways, along the longest axis and by the distance from the mean.
 */
#include "split.h"

#include <math.h>
#include <string.h>

#include "density_blocks.h"
#include "gaussian.h"
#include "small_matrices.h"
#include "vector.h"

#define WAYS 2

typedef struct {
    mx_form one, all; /* of the mixture, and of the children that both ways make */
    int64_t padded;   /* rows of `part`, filled up */
    double *turns;                  /* (WAYS K, Q) */
    double *mass, *second;          /* (K, padded), (WAYS K, padded) */
    double *sums, *children; /* (4K, Q) responsibilities' sums, (4K, padded) responsibilities */
    double *values; /* (WAYS K) */
    double *densities; /* (4K, MX_BLOCK) */
    double *scatter; /* (K, D, D) */
    double *entropy; /* (4K) of missing cells */
    double *found;   /* densities of all rows, where some lack cells */
    mx_model model, pair, chosen;
    mx_moments moments;
    double *workspace;
} work;

/* The form with products among its features, though a pooled one could do without. */
static mx_form full_form(const mx_problem *problem, int64_t n_components) {
    int64_t d = problem->n_columns;
    mx_form form = mx_form_of(problem->structure, n_components, d);
    form.lean = 0;
    form.n_features = d + 1 + (form.full ? d * (d + 1) / 2 : d);
    return form;
}

/* The doubles for all densities at a time, where they are not found block by block. */
static int64_t all_densities(const mx_problem *part, const mx_problem *whole, int64_t n) {
    int64_t of_part = 2 * WAYS * n * part->rows.n_rows, of_whole = 3 * n * whole->rows.n_rows;
    return part->gaps ? mx_larger(of_part, of_whole) : 0;
}

static work laid_out(const mx_problem *part, const mx_problem *whole, int64_t n,
                     mx_workspace *workspace) {
    work at = {.one = full_form(part, n), .all = full_form(part, 2 * WAYS * n)};
    int64_t p = part->rows.n_features, d = part->n_columns;
    at.padded = (part->rows.n_rows / MX_BLOCK + 2) * MX_BLOCK;
    at.turns = mx_taken(workspace, WAYS * n * p);
    at.mass = mx_taken(workspace, n * at.padded);
    at.second = mx_taken(workspace, WAYS * n * at.padded);
    at.sums = mx_taken(workspace, 2 * WAYS * n * p);
    at.children = mx_taken(workspace, 2 * WAYS * n * at.padded);
    at.values = mx_taken(workspace, WAYS * n);
    at.densities = mx_taken(workspace, 2 * WAYS * n * MX_BLOCK);
    at.scatter = mx_taken(workspace, n * d * d);
    at.entropy = mx_taken(workspace, 2 * WAYS * n);
    at.found = mx_taken(workspace, all_densities(part, whole, n));
    at.model = mx_model_in(&at.one, workspace);
    at.pair = mx_model_in(&at.all, workspace);
    at.chosen = mx_model_in(&at.all, workspace);
    at.moments = (mx_moments){.rows = mx_taken(workspace, 2 * WAYS * n),
                              .means = mx_taken(workspace, 2 * WAYS * n * d),
                              .scatter = mx_taken(workspace, at.all.n_scatter)};
    at.workspace = mx_taken(workspace, 0);
    return at;
}

int64_t mx_split_workspace(const mx_problem *part, const mx_problem *whole, int64_t n) {
    mx_workspace counted = {0};
    laid_out(part, whole, n, &counted);
    int64_t p = part->rows.n_features, d = part->n_columns, all = 2 * WAYS * n;
    int64_t update = n * d * d * all + mx_floored_workspace((int)part->structure, all, d);
    int64_t axes = (mx_blocks(n) * d * d + 3 * d * d + 2 * d) * MX_LANES + n * d * (d + 1);
    int64_t most = mx_larger(mx_sweep_workspace(all, p), mx_larger(update, axes));
    if (part->gaps)
        most = mx_larger(most, mx_gaps_workspace(part->gaps, all));
    return counted.used + most;
}

static void mass_of_part(const mx_problem *part, work *at) {
    int64_t n = at->one.n_components;
    mx_density_blocks own = mx_density_blocks_of(part, n, at->one.n_features, at->model.theta,
                                                 at->found, at->workspace);
    mx_block block = mx_first_block(at->workspace);
    while (mx_next_block(&part->rows, &block)) {
        mx_read_densities(&own, &block, at->densities);
        mx_responsibilities(n, block.filled, block.weights, at->densities);
        for (int64_t k = 0; k < n; k++)
            memcpy(at->mass + k * at->padded + block.first, at->densities + k * MX_BLOCK,
                   sizeof(double) * block.filled);
    }
}

/* The sums of points' responsibilities, which carry the weights already. */
static void totals_of(const mx_rows *points, int64_t n, int64_t n_features,
                      const double *responsibilities, work *at) {
    mx_rows rows = *points;
    rows.weights = 0;
    rows.n_features = n_features;
    mx_totals(&rows, n, responsibilities, 1, at->padded, at->sums, at->workspace);
}

/* The sums of children; of missing cells, what parents or children so far expect. */
static void totals_of_children(const mx_problem *part, int warm, work *at) {
    const mx_form *form = &at->all;
    if (!part->gaps) {
        totals_of(&part->rows, form->n_components, form->n_features, at->children, at);
        return;
    }
    int64_t size = at->one.n_components * form->n_features;
    for (int64_t copy = 0; !warm && copy < 2 * WAYS; copy++)
        memcpy(at->pair.theta + copy * size, at->model.theta, sizeof(double) * size);
    mx_gaps gaps = *part->gaps;
    gaps.tile.rows.weights = 0;
    mx_gaps_totals(&gaps, form->n_components, at->pair.theta, at->children, 1, at->padded, at->sums,
                   at->entropy, at->workspace);
}

/* Means (K, D) and covariances (K, D, D) from sums about the origin, in units of `spread`. */
static void covariances_of(const work *at, int64_t p, const double *spread) {
    int64_t d = at->one.n_columns;
    for (int64_t k = 0; k < at->one.n_components; k++) {
        const double *sums = at->sums + k * p;
        double *mean = at->moments.means + k * d, *own = at->scatter + k * d * d;
        double rows = sums[d];
        for (int64_t i = 0; i < d; i++)
            mean[i] = sums[i] / rows;
        for (int64_t q = 0, i = 0, j = 0; q < d * (d + 1) / 2; q++, mx_next_pair(d, &i, &j)) {
            double value = sums[d + 1 + q] / rows - mean[i] * mean[j];
            own[i * d + j] = own[j * d + i] = value / (spread[i] * spread[j]);
        }
    }
}

/* Coefficients (P) of the distance from a mean along an axis, in units of `spread`. */
static void along_axis(int64_t d, int64_t p, const double *mean, const double *axis,
                       const double *spread, double *turn) {
    memset(turn, 0, sizeof(double) * p);
    for (int64_t i = 0; i < d; i++) {
        turn[i] = axis[i] / spread[i];
        turn[d] -= turn[i] * mean[i];
    }
}

/* Coefficients (P) of the squared distance from a mean beyond what rows have on average. */
static void far_from_mean(int64_t d, const double *mean, const double *upper, const double *spread,
                          double *turn) {
    double linear[MX_MOST_COLUMNS];
    memset(linear, 0, sizeof(linear));
    for (int64_t q = 0, i = 0, j = 0; q < d * (d + 1) / 2; q++, mx_next_pair(d, &i, &j)) {
        double entry = 0;
        for (int64_t l = 0; l < d; l++)
            entry += upper[i * d + l] * upper[j * d + l];
        entry /= spread[i] * spread[j];
        turn[d + 1 + q] = i == j ? entry : 2 * entry;
        linear[i] += entry * mean[j];
        linear[j] += i == j ? 0 : entry * mean[i];
    }
    turn[d] = -(double)d;
    for (int64_t i = 0; i < d; i++) {
        turn[i] = -2 * linear[i];
        turn[d] += linear[i] * mean[i];
    }
}

/* Sets turns (WAYS K, Q), the features' coefficients that are positive for second children. */
static int find_turns(const double *spread, int64_t p, work *at) {
    int64_t n = at->one.n_components, d = at->one.n_columns;
    covariances_of(at, p, spread);
    mx_lanes *blocks = (mx_lanes *)at->workspace, *axes = blocks + mx_blocks(n) * d * d;
    mx_lanes *upper = axes + d * d, *lengths = upper + d * d, *reciprocals = lengths + d;
    double *apart = (double *)(reciprocals + d), *sizes = apart + n * d * d;
    mx_abreast(n, d * d, at->scatter, blocks);
    for (int64_t first = 0; first < n; first += MX_LANES, blocks += d * d) {
        if (!mx_cholesky(d, blocks, reciprocals) || !mx_principal_axes(d, blocks, axes, lengths))
            return MX_HARD;
        mx_inverse_transpose(d, blocks, reciprocals, upper);
        mx_apart(n, first, d * d, upper, at->scatter);
        mx_apart(n, first, d * d, axes, apart);
        mx_apart(n, first, d, lengths, sizes);
    }
    for (int64_t k = 0; k < n; k++) {
        int64_t longest = 0;
        for (int64_t j = 1; j < d; j++)
            longest = sizes[k * d + j] > sizes[k * d + longest] ? j : longest;
        const double *mean = at->moments.means + k * d;
        along_axis(d, p, mean, apart + k * d * d + longest * d, spread, at->turns + k * p);
        far_from_mean(d, mean, at->scatter + k * d * d, spread, at->turns + (n + k) * p);
    }
    return MX_DONE;
}

static void first_children(const mx_problem *part, work *at) {
    int64_t n = WAYS * at->one.n_components;
    mx_block block = mx_first_block(at->workspace);
    while (mx_next_block(&part->rows, &block)) {
        mx_densities(&block, n, part->rows.n_features, at->turns, at->densities);
        for (int64_t k = 0; k < n; k++)
            for (int64_t row = 0; row < block.filled; row++)
                at->second[k * at->padded + block.first + row] =
                    at->densities[k * MX_BLOCK + row] > 0;
    }
}

static int updated(const mx_problem *part, mx_moments_maker *make, int warm, work *at) {
    const mx_model nothing = {0};
    return make(part, &at->all, 0, at->sums, &at->moments) ||
           mx_maximise(part, &at->all, &at->moments, warm ? &at->chosen : &nothing, &at->pair,
                       at->workspace) ||
           at->pair.n_centred;
}

/* The M-step of both ways' children; each way has child of every row. */
static int fit_children(const mx_problem *part, int warm, work *at) {
    int64_t n = at->one.n_components, size = at->padded;
    for (int64_t k = 0; k < WAYS * n; k++) {
        const double *mass = at->mass + (k % n) * size, *second = at->second + k * size;
        double *low = at->children + k * size, *high = at->children + (k + WAYS * n) * size;
        for (int64_t row = 0; row < part->rows.n_rows; row++) {
            high[row] = mass[row] / WAYS * second[row];
            low[row] = mass[row] / WAYS - high[row];
        }
    }
    totals_of_children(part, warm, at);
    mx_model before = at->chosen;
    at->chosen = at->pair;
    at->pair = before;
    /* One child without width would hide what others gain: then all borrow scatter. */
    return updated(part, mx_moments_of, warm, at) && updated(part, mx_first_moments, warm, at);
}

/* log(exp(a) + exp(b)), and the share of the second. */
INLINE vec added(vec a, vec b, vec *second) {
    vec larger = chosen(b > a, b, a), smaller = chosen(b > a, a, b);
    vec ratio = exponential(smaller - larger), total = 1.0 + ratio;
    *second = chosen(b > a, all_of(1.0), ratio) / total;
    return larger + logarithm(total);
}

/* Sets what second children have of their pairs' rows, and the pairs' values. */
static void part_pairs(const mx_problem *part, work *at) {
    int64_t n = at->one.n_components, pairs = WAYS * n;
    mx_density_blocks all = mx_density_blocks_of(part, 2 * pairs, at->all.n_features,
                                                 at->pair.theta, at->found, at->workspace);
    mx_block block = mx_first_block(at->workspace);
    memset(at->values, 0, sizeof(double) * pairs);
    while (mx_next_block(&part->rows, &block)) {
        mx_read_densities(&all, &block, at->densities);
        for (int64_t k = 0; k < pairs; k++) {
            const double *low = at->densities + k * MX_BLOCK, *high = low + pairs * MX_BLOCK;
            const double *mass = at->mass + (k % n) * at->padded + block.first;
            double *second = at->second + k * at->padded + block.first;
            vec value = {0}, share;
            for (int64_t row = 0; row < block.filled; row += LANES) {
                value += load(mass + row) * added(load(low + row), load(high + row), &share);
                store(second + row, share);
            }
            at->values[k] += sum_of(value);
        }
    }
}

/* Sums gains over all rows, with the better way for each component. */
static void sum_gains(const mx_problem *whole, double fewest_rows, work *at, double *gains,
                      double *responsibilities, double *second) {
    int64_t n = at->one.n_components, p = at->one.n_features, n_rows = whole->rows.n_rows;
    double sizes[MX_MOST_COMPONENTS][2], *theta = at->turns, *constants = at->values;
    const double *weights = at->pair.log_weights;
    for (int64_t k = 0; k < n; k++) {
        int64_t one = at->values[n + k] > at->values[k] ? n + k : k, other = one + WAYS * n;
        memcpy(theta + k * p, at->pair.theta + one * p, sizeof(double) * p);
        memcpy(theta + (n + k) * p, at->pair.theta + other * p, sizeof(double) * p);
        constants[k] = at->model.log_weights[k] - log(exp(weights[one]) + exp(weights[other]));
        gains[k] = sizes[k][0] = sizes[k][1] = 0;
    }
    mx_density_blocks children =
        mx_density_blocks_of(whole, WAYS * n, p, theta, at->found, at->workspace);
    mx_density_blocks parents = mx_density_blocks_of(whole, n, p, at->model.theta,
                                                     at->found + WAYS * n * n_rows, at->workspace);
    mx_block block = mx_first_block(at->workspace);
    double *pairs = at->densities, *own = pairs + WAYS * n * MX_BLOCK;
    while (mx_next_block(&whole->rows, &block)) {
        mx_read_densities(&children, &block, pairs);
        mx_read_densities(&parents, &block, own);
        for (int64_t k = 0; k < n; k++)
            for (int64_t row = 0; row < block.filled; row += LANES) {
                double *low = pairs + k * MX_BLOCK + row, *high = low + n * MX_BLOCK;
                vec child, total = added(load(low), load(high), &child);
                store(low, total - load(own + k * MX_BLOCK + row) + constants[k]);
                store(high, child);
            }
        mx_responsibilities(n, block.filled, block.weights, own);
        for (int64_t k = 0; k < n; k++) {
            const double *gain = pairs + k * MX_BLOCK, *child = gain + n * MX_BLOCK;
            const double *mass = own + k * MX_BLOCK;
            for (int64_t row = 0; row < block.count; row++) {
                gains[k] += mass[row] * gain[row];
                sizes[k][1] += mass[row] * child[row];
                sizes[k][0] += mass[row] * (1 - child[row]);
                double weight = block.weights[row];
                responsibilities[k * n_rows + block.first + row] =
                    weight > 0 ? mass[row] / weight : 0;
                second[k * n_rows + block.first + row] = child[row];
            }
        }
    }
    for (int64_t k = 0; k < n; k++)
        if (!(fmin(sizes[k][0], sizes[k][1]) >= fewest_rows))
            gains[k] = -INFINITY;
}

int mx_split_components(const mx_problem *part, const mx_problem *whole, const double *spread,
                        double fewest_rows, int64_t steps, const mx_state *state, double *gains,
                        double *responsibilities, double *second, double *workspace) {
    int64_t n = state->n_components, d = part->n_columns;
    mx_workspace begun = {.start = workspace};
    work at = laid_out(part, whole, n, &begun);
    memcpy(at.model.log_weights, state->log_weights, sizeof(double) * n);
    memcpy(at.model.means, state->means, sizeof(double) * n * d);
    memcpy(at.model.factors, state->factors, sizeof(double) * at.one.n_factors);
    if (mx_bind_plain(part, &at.one, &at.model))
        return MX_HARD;
    mass_of_part(part, &at);
    totals_of(&part->rows, n, part->rows.n_features, at.mass, &at);
    if (find_turns(spread, part->rows.n_features, &at))
        return MX_HARD;
    first_children(part, &at);
    for (int64_t step = 0; step < steps; step++) {
        if (fit_children(part, step > 0, &at))
            return MX_HARD;
        part_pairs(part, &at);
    }
    sum_gains(whole, fewest_rows, &at, gains, responsibilities, second);
    for (int64_t k = 0; k < n; k++)
        if (isnan(gains[k]))
            return MX_HARD;
    return MX_DONE;
}

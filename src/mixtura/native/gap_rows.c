/*
 * Few rows of a pattern are not worth bringing its parameters into the order of the sweep: they are
 * taken four at a time, so that a parameter is read once for four of them and a sum written once.
 */
#include "gap_rows.h"

#include "gap_about.h"
#include "vector.h"

/* Rows at once, vectors of components at once, and sums of one density that are in flight. */
#define MOST_ROWS 4
#define MOST_WIDE 3
#define MOST_WAYS 2

int64_t mx_few_workspace(const mx_tree *tree) {
    int64_t most = mx_level_features(tree->full, tree->n_columns);
    return MOST_ROWS * (most + (1 + MX_MOST_OPEN) * tree->padded);
}

/* Sets phi (P, count) to the features of some rows, zero where a column is open. */
INLINE void features_of(const mx_tile *tile, const mx_tree *tree, const mx_open *open, int count,
                        int64_t first, double *phi) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t n = level->n_observed, full = tree->full;
    for (int64_t i = 0; i < n; i++) {
        int64_t column = level->observed[i];
        int64_t at = first * tile->row_stride + column * tile->column_stride;
        double origin = tile->origin[column], scale = tile->scale[column];
        for (int r = 0; r < count; r++) {
            double cell = mx_cell(tile, tile->is_single != 0, at + r * tile->row_stride);
            phi[i * count + r] = (cell - origin) * scale;
        }
    }
    for (int64_t c = 0; open && c < open->count; c++) {
        for (int r = 0; r < count; r++)
            phi[open->places[c] * count + r] = 0.0;
    }
    if (tree->is_about)
        return;
    UNROLL for (int r = 0; r < count; r++) phi[n * count + r] = 1.0;
    double *next = phi + (n + 1) * count;
    for (int64_t i = 0; i < n; i++) {
        int64_t last = full ? n : i + 1;
        for (int64_t j = i; j < last; j++, next += count) {
            UNROLL for (int r = 0; r < count; r++)
                next[r] = phi[i * count + r] * phi[j * count + r];
        }
    }
}

/* Adds theta phi to densities (count, padded) of some vectors of components. */
INLINE void densities_of(int count, int wide, int ways, int64_t padded, int64_t n_features,
                         const double *theta, const double *phi, double *densities) {
    vec sums[MOST_WAYS][MOST_ROWS][MOST_WIDE];
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int i = 0; i < wide; i++) {
            sums[0][r][i] = load(densities + r * padded + i * LANES);
            UNROLL for (int s = 1; s < ways; s++) sums[s][r][i] = (vec){0};
        }
    }
    int64_t p = 0;
    for (; p + ways <= n_features; p += ways) {
        UNROLL for (int s = 0; s < ways; s++) {
            vec held[MOST_WIDE];
            UNROLL for (int i = 0; i < wide; i++)
                held[i] = load(theta + (p + s) * padded + i * LANES);
            UNROLL for (int r = 0; r < count; r++) {
                vec feature = all_of(phi[(p + s) * count + r]);
                UNROLL for (int i = 0; i < wide; i++) sums[s][r][i] += held[i] * feature;
            }
        }
    }
    for (; p < n_features; p++) {
        UNROLL for (int r = 0; r < count; r++) {
            vec feature = all_of(phi[p * count + r]);
            UNROLL for (int i = 0; i < wide; i++)
                sums[0][r][i] += load(theta + p * padded + i * LANES) * feature;
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int i = 0; i < wide; i++) {
            UNROLL for (int s = 1; s < ways; s++) sums[0][r][i] += sums[s][r][i];
            store(densities + r * padded + i * LANES, sums[0][r][i]);
        }
    }
}

/* Adds responsibilities (count, padded) times phi to sums of some vectors of components. */
INLINE void products_of(int count, int wide, int64_t padded, int64_t n_features,
                        const double *responsibilities, const double *phi, double *sums) {
    vec held[MOST_ROWS][MOST_WIDE];
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int i = 0; i < wide; i++) held[r][i] = load(responsibilities + r * padded + i * LANES);
    }
    for (int64_t p = 0; p < n_features; p++) {
        vec totals[MOST_WIDE];
        UNROLL for (int i = 0; i < wide; i++) totals[i] = load(sums + p * padded + i * LANES);
        UNROLL for (int r = 0; r < count; r++) {
            vec feature = all_of(phi[p * count + r]);
            UNROLL for (int i = 0; i < wide; i++) totals[i] += held[r][i] * feature;
        }
        UNROLL for (int i = 0; i < wide; i++) store(sums + p * padded + i * LANES, totals[i]);
    }
}

/* Integrates open columns out of densities (count, padded), and sets their conditional means. */
INLINE void integrate(const mx_tree *tree, const mx_open *open, int count, const double *phi,
                      double *densities, double *means) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n = level->n_observed, dependent = tree->full ? n : 0;
    for (int64_t k = 0; k < padded; k += LANES) {
        vec linear[MX_MOST_OPEN][MOST_ROWS], distance[MOST_ROWS];
        for (int64_t c = 0; c < open->count; c++) {
            const int64_t *features = open->features + c * n;
            vec sums[MOST_ROWS], own = load(level->theta + open->places[c] * padded + k);
            UNROLL for (int r = 0; r < count; r++) sums[r] = own;
            for (int64_t i = 0; i < dependent; i++) {
                vec held = load(level->theta + features[i] * padded + k);
                UNROLL for (int r = 0; r < count; r++) sums[r] += held * phi[i * count + r];
            }
            UNROLL for (int r = 0; r < count; r++) linear[c][r] = sums[r];
        }
        UNROLL for (int r = 0; r < count; r++) distance[r] = (vec){0};
        for (int64_t c = 0; c < open->count; c++) {
            vec sums[MOST_ROWS];
            UNROLL for (int r = 0; r < count; r++) sums[r] = (vec){0};
            for (int64_t e = 0; e < open->count; e++) {
                vec held = load(open->variance + (c * open->count + e) * padded + k);
                UNROLL for (int r = 0; r < count; r++) sums[r] += held * linear[e][r];
            }
            UNROLL for (int r = 0; r < count; r++) {
                distance[r] += linear[c][r] * sums[r];
                store(means + (c * count + r) * padded + k, sums[r]);
            }
        }
        vec half_log = load(open->half_log + k);
        UNROLL for (int r = 0; r < count; r++) {
            double *own = densities + r * padded + k;
            store(own, load(own) + 0.5 * distance[r] - half_log);
        }
    }
}

/* Adds what open columns are expected to add to sums. */
INLINE void complete(const mx_tree *tree, const mx_open *open, int count, const double *phi,
                     const double *responsibilities, const double *means) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n = level->n_observed, dependent = tree->full ? n : 0;
    for (int64_t k = 0; k < padded; k += LANES) {
        vec mass = {0};
        UNROLL for (int r = 0; r < count; r++) mass += load(responsibilities + r * padded + k);
        for (int64_t c = 0; c < open->count; c++) {
            const int64_t *features = open->features + c * n;
            double *at = level->sums + open->places[c] * padded + k;
            vec firsts[MOST_ROWS], total = load(at);
            UNROLL for (int r = 0; r < count; r++) {
                firsts[r] =
                    load(responsibilities + r * padded + k) * load(means + (c * count + r) * padded + k);
                total += firsts[r];
            }
            store(at, total);
            for (int64_t i = 0; i < dependent; i++) {
                at = level->sums + features[i] * padded + k;
                total = load(at);
                UNROLL for (int r = 0; r < count; r++) total += firsts[r] * phi[i * count + r];
                store(at, total);
            }
            for (int64_t e = c; e < (dependent ? open->count : c + 1); e++) {
                at = level->sums + features[open->places[e]] * padded + k;
                total = load(at);
                total += mass * load(open->variance + (c * open->count + e) * padded + k);
                UNROLL for (int r = 0; r < count; r++) total +=
                    firsts[r] * load(means + (e * count + r) * padded + k);
                store(at, total);
            }
        }
        double *at = tree->entropy + k;
        store(at, load(at) + mass * (open->entropy - load(open->half_log + k)));
    }
}

INLINE double largest_of(vec value) {
    double largest = value[0];
    for (int i = 1; i < LANES; i++)
        largest = value[i] > largest ? value[i] : largest;
    return largest;
}

void mx_tally(mx_found *found) {
    vec total = {0}, log;
    int64_t count = found->count;
    for (; count % LANES; count++) {
        found->weights[count] = 0.0;
        found->totals[count] = 1.0;
    }
    for (int64_t i = 0; i < count; i += LANES) {
        log = logarithm(load(found->totals + i));
        total += load(found->weights + i) * log;
    }
    found->values[0] += sum_of(total);
    found->values[1] -= sum_of(total);
    found->count = 0;
}

/* Turns the log densities (padded) of a row into responsibilities times its weight. */
INLINE void softmax(int64_t padded, double weight, double *densities, mx_found *found) {
    vec most = load(densities), total = {0};
    for (int64_t k = LANES; k < padded; k += LANES) {
        vec other = load(densities + k);
        most = chosen(other > most, other, most);
    }
    double largest = largest_of(most);
    for (int64_t k = 0; k < padded; k += LANES) {
        vec share = exponential(load(densities + k) - largest);
        store(densities + k, share);
        total += share;
    }
    double sum = sum_of(total), inverse = 1.0 / sum;
    for (int64_t k = 0; k < padded; k += LANES) {
        vec share = load(densities + k) * inverse, held = share * weight;
        store(densities + k, held);
        store(found->squared + k, load(found->squared + k) + held * share);
    }
    found->values[0] += weight * largest;
    found->weights[found->count] = weight;
    found->totals[found->count++] = sum;
    if (found->count == MX_TALLIED)
        mx_tally(found);
}

/* Sets what log densities (count, padded) begin with: nothing, or minus infinity where excluded. */
INLINE void begin(const mx_rows *rows, const mx_tree *tree, int count, int64_t first,
                  double *densities) {
    UNROLL for (int r = 0; r < count; r++) {
        double *own = densities + r * tree->padded;
        for (int64_t k = 0; k < tree->padded; k += LANES)
            store(own + k, (vec){0});
        for (int64_t k = 0; rows->excluded && k < tree->n_components; k++)
            own[k] = rows->excluded[k * rows->excluded_stride + first + r] ? -1.0 / 0.0 : 0.0;
    }
}

/* One row has few sums in flight, and takes more vectors at once, in two sums each. */
INLINE void all_densities(const mx_tree *tree, int count, const double *phi, double *densities) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n_features = level->n_features;
    int most = count == 1 ? 3 : 2, ways = count < 4 ? 2 : 1;
    for (int64_t k = 0, wide; k < padded; k += wide * LANES) {
        int64_t left = (padded - k) / LANES;
        const double *theta = level->theta + k;
        double *to = densities + k;
        wide = left < most ? left : most;
        if (wide == 1)
            densities_of(count, 1, 2, padded, n_features, theta, phi, to);
        else if (wide == 2)
            densities_of(count, 2, ways, padded, n_features, theta, phi, to);
        else
            densities_of(count, most, ways, padded, n_features, theta, phi, to);
    }
}

INLINE void all_products(const mx_tree *tree, int count, const double *phi, const double *responsibilities) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n_features = level->n_features;
    for (int64_t k = 0, wide; k < padded; k += wide * LANES) {
        wide = padded - k > LANES ? 2 : 1;
        if (wide == 1)
            products_of(count, 1, padded, n_features, responsibilities + k, phi, level->sums + k);
        else
            products_of(count, 2, padded, n_features, responsibilities + k, phi, level->sums + k);
    }
}

INLINE void some_rows(const mx_tile *tile, const mx_tree *tree, const mx_open *open, int count,
                      int64_t first, mx_found *found, double *workspace) {
    const mx_rows *rows = &tile->rows;
    int64_t padded = tree->padded;
    double *densities = workspace, *means = workspace + MOST_ROWS * padded;
    double *phi = means + MOST_ROWS * MX_MOST_OPEN * padded;
    features_of(tile, tree, open, count, first, phi);
    begin(rows, tree, count, first, densities);
    if (!found->responsibilities && tree->is_about)
        mx_densities_about(tree, phi, densities);
    else if (!found->responsibilities)
        all_densities(tree, count, phi, densities);
    if (open)
        integrate(tree, open, count, phi, densities, means);
    UNROLL for (int r = 0; r < count; r++) {
        double *own = densities + r * padded;
        int64_t row = first + r;
        double weight = rows->weights ? rows->weights[row] : 1.0;
        for (int64_t k = 0; found->densities && k < tree->n_components; k++)
            found->densities[k * rows->n_rows + row] = own[k];
        for (int64_t k = 0; found->responsibilities && k < padded; k++) {
            int64_t at = row * found->row_stride + k * found->component_stride;
            own[k] = k < tree->n_components ? weight * found->responsibilities[at] : 0.0;
        }
        if (found->values)
            softmax(padded, weight, own, found);
    }
    if (found->densities)
        return;
    if (tree->is_about) {
        mx_products_about(tree, phi, densities);
        return;
    }
    all_products(tree, count, phi, densities);
    if (open)
        complete(tree, open, count, phi, densities, means);
}

INLINE void rows_of(const mx_tile *tile, const mx_tree *tree, const mx_open *open, int64_t first,
                    int64_t last, mx_found *found, double *workspace) {
    for (; first + 4 <= last && !tree->is_about; first += 4)
        some_rows(tile, tree, open, 4, first, found, workspace);
    for (; first + 2 <= last && !tree->is_about; first += 2)
        some_rows(tile, tree, open, 2, first, found, workspace);
    for (; first < last; first++)
        some_rows(tile, tree, open, 1, first, found, workspace);
}

void mx_rows_of_pattern(const mx_tile *tile, const mx_tree *tree, const mx_open *open,
                        int64_t first, int64_t last, mx_found *found, double *workspace) {
    if (open)
        rows_of(tile, tree, open, first, last, found, workspace);
    else
        rows_of(tile, tree, 0, first, last, found, workspace);
}

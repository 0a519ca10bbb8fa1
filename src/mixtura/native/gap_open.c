/* What is the same for all rows that lack some columns beyond a pattern. */
#include "gap_open.h"

#include "vector.h"

mx_open mx_open_in(const mx_tree *tree, mx_workspace *workspace) {
    mx_open open = {.places = (int64_t *)mx_taken(workspace, MX_MOST_OPEN)};
    open.features = (int64_t *)mx_taken(workspace, MX_MOST_OPEN * tree->n_columns);
    open.variance = mx_taken(workspace, MX_MOST_OPEN * MX_MOST_OPEN * tree->padded);
    open.half_log = mx_taken(workspace, tree->padded);
    return open;
}

static void find(const mx_tree *tree, int64_t column, int64_t *place, int64_t *features) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t n = level->n_observed, m = 0;
    while (level->observed[m] != column)
        m++;
    *place = m;
    for (int64_t i = 0; i < n; i++)
        features[i] = i < m ? mx_row_of(n, i) + m - i : mx_row_of(n, m) + i - m;
    if (!tree->full)
        features[m] = n + 1 + m;
}

/* Turns precisions into variances by sweeping all columns; returns the log of their determinant. */
static vec inverted(int64_t count, vec matrix[MX_MOST_OPEN][MX_MOST_OPEN]) {
    vec log = {0};
    for (int64_t t = 0; t < count; t++) {
        vec pivot = matrix[t][t], inverse = 1.0 / pivot;
        log += logarithm(pivot);
        for (int64_t i = 0; i < count; i++) {
            vec scaled = matrix[i][t] * inverse;
            for (int64_t j = 0; i != t && j < count; j++)
                if (j != t)
                    matrix[i][j] -= scaled * matrix[t][j];
        }
        for (int64_t i = 0; i < count; i++) {
            matrix[t][i] *= inverse;
            matrix[i][t] = matrix[t][i];
        }
        matrix[t][t] = -inverse;
    }
    return log;
}

void mx_open_columns(const mx_tree *tree, const int64_t *columns, int64_t count,
                     const double *entropies, mx_open *open) {
    const mx_level *level = tree->levels + tree->depth;
    int64_t padded = tree->padded, n = level->n_observed;
    open->count = count;
    open->entropy = 0.0;
    for (int64_t c = 0; c < count; c++) {
        find(tree, columns[c], open->places + c, open->features + c * n);
        open->entropy += entropies[columns[c]];
    }
    for (int64_t k = 0; k < padded; k += LANES) {
        vec matrix[MX_MOST_OPEN][MX_MOST_OPEN];
        for (int64_t c = 0; c < count; c++) {
            for (int64_t e = 0; e < count; e++) {
                const double *at = level->theta + open->features[c * n + open->places[e]] * padded;
                matrix[c][e] = c == e ? -2.0 * load(at + k) : tree->full ? -load(at + k) : (vec){0};
            }
        }
        store(open->half_log + k, 0.5 * inverted(count, matrix));
        for (int64_t c = 0; c < count; c++)
            for (int64_t e = 0; e < count; e++)
                store(open->variance + (c * count + e) * padded + k, -matrix[c][e]);
    }
}

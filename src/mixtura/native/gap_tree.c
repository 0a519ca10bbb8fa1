/*
 * Down the tree a column is integrated out of the natural parameters (a Schur step), up the tree
 * sums are completed by its conditional mean and variance: a level costs as much as a few rows, and
 * no pattern is factorised by itself.
 */
#include "gap_tree.h"

#include <string.h>

#include "vector.h"

int64_t mx_level_features(int64_t full, int64_t n) { return n + 1 + (full ? n * (n + 1) / 2 : n); }

mx_tree mx_tree_in(int64_t n_components, int64_t n_columns, int64_t full, mx_workspace *workspace) {
    mx_tree tree = {.n_components = n_components, .n_columns = n_columns, .full = full};
    int64_t padded = tree.padded = (n_components + LANES - 1) / LANES * LANES;
    int64_t size = sizeof(mx_level) / sizeof(double);
    tree.levels = (mx_level *)mx_taken(workspace, size * (n_columns + 1));
    tree.entropy = mx_taken(workspace, padded);
    tree.about = mx_taken(workspace, n_columns * padded);
    tree.scratch = mx_taken(workspace, 2 * n_columns * LANES);
    for (int64_t depth = 0; depth <= n_columns; depth++) {
        int64_t left = n_columns - depth, n_features = mx_level_features(full, left);
        mx_level level = {.n_observed = left, .n_features = n_features};
        level.observed = (int64_t *)mx_taken(workspace, left);
        level.theta = mx_taken(workspace, n_features * padded);
        level.sums = mx_taken(workspace, n_features * padded);
        level.logs = mx_taken(workspace, padded);
        if (workspace->start)
            tree.levels[depth] = level;
    }
    return tree;
}

/* Where the p-th product of the order of sweep.h stands among a level's features. */
static int64_t place_of(int64_t full, int64_t n, int64_t p) {
    if (!full)
        return n + 1 + p;
    int64_t i = p % n, j = (i + p / n) % n;
    int64_t low = i < j ? i : j, high = i < j ? j : i;
    return n + 1 + low * n - low * (low - 1) / 2 + high - low;
}

static void level_of(const mx_tree *tree, const mx_level *level, const double *theta) {
    int64_t n = level->n_observed, n_features = level->n_features;
    for (int64_t p = 0; p < n_features; p++) {
        int64_t place = p <= n ? p : place_of(tree->full, n, p - n - 1);
        for (int64_t k = 0; k < tree->n_components; k++)
            level->theta[place * tree->padded + k] = theta[k * n_features + p];
    }
}

void mx_level_theta(const mx_tree *tree, const mx_level *level, double *theta) {
    int64_t n = level->n_observed, n_features = level->n_features;
    for (int64_t p = 0; p < n_features; p++) {
        int64_t place = p <= n ? p : place_of(tree->full, n, p - n - 1);
        for (int64_t k = 0; k < tree->n_components; k++)
            theta[k * n_features + p] = level->theta[place * tree->padded + k];
    }
}

void mx_level_add(const mx_tree *tree, mx_level *level, const double *sums) {
    int64_t n = level->n_observed, n_features = level->n_features;
    for (int64_t p = 0; p < n_features; p++) {
        int64_t place = p <= n ? p : place_of(tree->full, n, p - n - 1);
        for (int64_t k = 0; k < tree->n_components; k++)
            level->sums[place * tree->padded + k] += sums[k * n_features + p];
    }
}

static void clear(const mx_tree *tree, mx_level *level) {
    memset(level->sums, 0, sizeof(double) * level->n_features * tree->padded);
}

void mx_tree_begin(mx_tree *tree, const double *theta, const double *about) {
    mx_level *root = tree->levels;
    int64_t padded = tree->padded, n = root->n_observed;
    tree->depth = 0;
    tree->is_about = about != 0;
    for (int64_t i = 0; about && i < n * padded; i++) {
        int64_t k = i % padded;
        tree->about[i] = k < tree->n_components ? about[k * n + i / padded] : 0.0;
    }
    memset(tree->entropy, 0, sizeof(double) * padded);
    memset(root->theta, 0, sizeof(double) * root->n_features * padded);
    for (int64_t d = 0; d < n; d++)
        root->observed[d] = d;
    level_of(tree, root, theta);
    clear(tree, root);
    /* What fills lanes up has no weight, and the precision one. */
    for (int64_t k = tree->n_components; k < padded; k++) {
        root->theta[n * padded + k] = -1.0 / 0.0;
        for (int64_t d = 0; d < n; d++)
            root->theta[place_of(tree->full, n, d) * padded + k] = -0.5;
    }
}

/* The natural parameters (or sums) of one vector of components, that of feature p. */
#define AT(array, p) ((array) + (p) * padded + k)

/* Reads how column m of a level goes with each other one: (n) vectors, that of m left alone. */
INLINE void column_of(const double *theta, int64_t padded, int64_t k, int64_t n, int64_t m,
                      loose *column) {
    for (int64_t i = 0; i < m; i++)
        column[i] = load(AT(theta, mx_row_of(n, i) + m - i));
    for (int64_t i = m + 1; i < n; i++)
        column[i] = load(AT(theta, mx_row_of(n, m) + i - m));
}

/* Integrates column m out of a level's parameters. */
static void integrate(const mx_tree *tree, const mx_level *from, mx_level *to) {
    int64_t padded = tree->padded, n = from->n_observed, m = to->place;
    loose *column = (loose *)tree->scratch, *scaled = column + n;
    for (int64_t k = 0; k < padded; k += LANES) {
        int64_t square = tree->full ? mx_row_of(n, m) : n + 1 + m;
        vec precision = -2.0 * load(AT(from->theta, square)), variance = 1.0 / precision;
        vec linear = load(AT(from->theta, m)), mean = linear * variance;
        vec log = logarithm(precision);
        store(to->logs + k, log);
        store(AT(to->theta, n - 1), load(AT(from->theta, n)) + 0.5 * (linear * mean) - 0.5 * log);
        if (!tree->full) {
            for (int64_t i = 0, a = 0; i < n; i++) {
                if (i == m)
                    continue;
                store(AT(to->theta, a), load(AT(from->theta, i)));
                store(AT(to->theta, n + a), load(AT(from->theta, n + 1 + i)));
                a++;
            }
            continue;
        }
        column_of(from->theta, padded, k, n, m, column);
        for (int64_t i = 0; i < n; i++)
            scaled[i] = column[i] * variance;
        double *next = AT(to->theta, n);
        for (int64_t i = 0, a = 0; i < n; i++) {
            if (i == m)
                continue;
            vec own = column[i];
            const double *pair = AT(from->theta, mx_row_of(n, i));
            store(AT(to->theta, a++), load(AT(from->theta, i)) + own * mean);
            store(next, load(pair) + 0.5 * (own * scaled[i]));
            next += padded;
            for (int64_t j = i + 1; j < n; j++) {
                pair += padded;
                if (j == m)
                    continue;
                store(next, load(pair) + own * scaled[j]);
                next += padded;
            }
        }
    }
}

/* Adds a level's sums to those of the level above, completed by the column that it has not. */
static void complete(const mx_tree *tree, const mx_level *from, mx_level *to, double entropy) {
    int64_t padded = tree->padded, n = to->n_observed, m = from->place;
    loose *column = (loose *)tree->scratch, *mixed = column + n;
    for (int64_t k = 0; k < padded; k += LANES) {
        int64_t square = tree->full ? mx_row_of(n, m) : n + 1 + m;
        vec variance = -0.5 / load(AT(to->theta, square)), linear = load(AT(to->theta, m));
        vec mass = load(AT(from->sums, n - 1)), first = linear * mass;
        store(tree->entropy + k,
              load(tree->entropy + k) + mass * (entropy - 0.5 * load(from->logs + k)));
        store(AT(to->sums, n), load(AT(to->sums, n)) + mass);
        if (!tree->full) {
            first *= variance;
            store(AT(to->sums, m), load(AT(to->sums, m)) + first);
            store(AT(to->sums, square),
                  load(AT(to->sums, square)) + variance * (mass + linear * first));
            for (int64_t i = 0, a = 0; i < n; i++) {
                if (i == m)
                    continue;
                store(AT(to->sums, i), load(AT(to->sums, i)) + load(AT(from->sums, a)));
                store(AT(to->sums, n + 1 + i),
                      load(AT(to->sums, n + 1 + i)) + load(AT(from->sums, n + a)));
                a++;
            }
            continue;
        }
        column_of(to->theta, padded, k, n, m, column);
        for (int64_t i = 0, a = 0; i < n; i++) {
            if (i == m)
                continue;
            vec own = load(AT(from->sums, a++));
            store(AT(to->sums, i), load(AT(to->sums, i)) + own);
            first += column[i] * own;
            mixed[i] = linear * own;
        }
        first *= variance;
        store(AT(to->sums, m), load(AT(to->sums, m)) + first);
        const double *next = AT(from->sums, n);
        for (int64_t i = 0; i < n; i++) {
            if (i == m)
                continue;
            double *pair = AT(to->sums, mx_row_of(n, i));
            vec product = load(next), own = column[i];
            vec total = mixed[i] + own * product;
            store(pair, load(pair) + product);
            next += padded;
            for (int64_t j = i + 1; j < n; j++) {
                pair += padded;
                if (j == m)
                    continue;
                product = load(next);
                next += padded;
                total += column[j] * product;
                mixed[j] += own * product;
                store(pair, load(pair) + product);
            }
            mixed[i] = total;
        }
        vec squared = mass + linear * first;
        for (int64_t i = 0; i < n; i++) {
            if (i == m)
                continue;
            vec total = mixed[i] * variance;
            squared += column[i] * total;
            double *pair = AT(to->sums, i < m ? mx_row_of(n, i) + m - i : mx_row_of(n, m) + i - m);
            store(pair, load(pair) + total);
        }
        store(AT(to->sums, square), load(AT(to->sums, square)) + squared * variance);
    }
}

static void go_down(mx_tree *tree, int64_t column) {
    mx_level *from = tree->levels + tree->depth++, *to = from + 1;
    to->gone = column;
    for (int64_t i = 0, a = 0; i < from->n_observed; i++) {
        if (from->observed[i] == column)
            to->place = i;
        else
            to->observed[a++] = from->observed[i];
    }
    integrate(tree, from, to);
    if (tree->adds)
        clear(tree, to);
}

static void go_up(mx_tree *tree, const double *entropies) {
    const mx_level *from = tree->levels + tree->depth--;
    if (tree->adds)
        complete(tree, from, tree->levels + tree->depth, entropies[from->gone]);
}

void mx_tree_move(mx_tree *tree, const int64_t *missing, int64_t n_missing,
                  const double *entropies) {
    int64_t same = 0;
    while (same < n_missing && same < tree->depth && tree->levels[same + 1].gone == missing[same])
        same++;
    while (tree->depth > same)
        go_up(tree, entropies);
    while (tree->depth < n_missing)
        go_down(tree, missing[tree->depth]);
}

void mx_tree_end(mx_tree *tree, const double *entropies, double *sums, double *entropy) {
    mx_tree_move(tree, 0, 0, entropies);
    const mx_level *root = tree->levels;
    int64_t n = root->n_observed, n_features = root->n_features;
    for (int64_t p = 0; p < n_features; p++) {
        int64_t place = p <= n ? p : place_of(tree->full, n, p - n - 1);
        for (int64_t k = 0; k < tree->n_components; k++)
            sums[k * n_features + p] = root->sums[place * tree->padded + k];
    }
    memcpy(entropy, tree->entropy, sizeof(double) * tree->n_components);
}

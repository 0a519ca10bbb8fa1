#include "multipliers.h"

#include <math.h>
#include <string.h>

#include "mixing.h"
#include "spectrum.h"

#define MOST_TURNS 60
/* What may be left to gain, in nats for each row. */
#define LEAST_GAP 1e-9
/* How a turn that led away shortens those that follow, when there is no use in shorter ones. */
#define SHRINK 0.25
#define SHORTEST 1e-3
/* Of the largest, what stands for eigenvalues of nothing. */
#define NOTHING 1e-30

typedef struct {
    double *extra, *tight, *factors, *axes;
    double gap;
} place;

typedef struct {
    const mx_cells *cells;
    int structure;
    int64_t n;
    const double *given, *rows;
    mx_own_update *own;
    double *excess, *scatter, *scratch, *workspace;
    double n_rows;
} search;

static int64_t place_workspace(int64_t n, int64_t d) { return 3 * n * d * d + d * d; }

int64_t mx_multipliers_workspace(int structure, int64_t n_components, int64_t n_columns) {
    int64_t n = n_components, one = n_columns * n_columns, size = n * one;
    int64_t update =
        structure > MX_VVV ? 0 : mx_update_workspace(structure, n_components, n_columns);
    return 2 * place_workspace(n, n_columns) + 5 * size + n + mx_mixing_workspace(size) + size +
           10 * one + 2 * n_columns + mx_eigen_workspace(n_columns) + update;
}

static place place_in(int64_t n, int64_t d, double *workspace) {
    int64_t size = n * d * d;
    return (place){workspace, workspace + size, workspace + 2 * size, workspace + 3 * size,
                   INFINITY};
}

/* The gap to the dual with volumes as the floor wants them. */
static double gap_of(const search *at, const place *now) {
    int64_t r = at->cells->n_rounded;
    int one = at->structure == MX_EVE || at->structure == MX_EEV || at->structure == MX_OWN_EQUAL;
    double counts = 0, held = 0, largest = 0, gap = 0;
    for (int64_t k = 0; k < at->n; k++) {
        const double *extra = now->extra + k * r * r, *tight = now->tight + k * r * r;
        double *matrix = at->scratch, *vectors = matrix + r * r, *values = vectors + r * r;
        memcpy(matrix, tight, sizeof(double) * r * r);
        mx_eigen(r, matrix, values, vectors, values + r);
        largest = one ? largest : 0;
        counts = one ? counts : 0;
        held = one ? held : 0;
        counts += (double)at->cells->n_columns * at->rows[k];
        for (int64_t i = 0; i < r; i++) {
            largest = fmax(largest, values[i]);
            gap += extra[i * (r + 1)];
            for (int64_t j = 0; j < r; j++) {
                gap -= extra[i * r + j] * tight[i * r + j];
                held += extra[i * r + j] * tight[i * r + j];
            }
        }
        if (one && k < at->n - 1)
            continue;
        double multiple = fmax(largest, (counts - held) / counts);
        gap += counts * log(multiple) + (counts - held) * (1 / multiple - 1);
    }
    return gap;
}

/* Sets a place's factors and what follows from them, from its multipliers. */
static int visit(const search *at, const double *warm, place *now) {
    const mx_cells *cells = at->cells;
    int64_t d = cells->n_columns, r = cells->n_rounded;
    memcpy(at->scatter, at->given, sizeof(double) * at->n * d * d);
    for (int64_t k = 0; k < at->n; k++)
        for (int64_t i = 0; i < r; i++)
            for (int64_t j = 0; j < r; j++)
                at->scatter[(k * d + cells->rounded[i]) * d + cells->rounded[j]] +=
                    now->extra[(k * r + i) * r + j] * (cells->roots[i] * cells->roots[j]);
    int common = at->structure == MX_EVE || at->structure == MX_VVE;
    if (at->own ? at->own(at->scatter, warm, now->factors)
                : mx_update(at->structure, at->n, d, at->scatter, at->rows, warm, now->factors,
                            common ? now->axes : NULL, NULL, at->workspace))
        return MX_FLAT;
    for (int64_t k = 0; k < at->n; k++)
        mx_tightness(cells, now->factors + k * d * d, now->tight + k * r * r);
    now->gap = gap_of(at, now);
    return isnan(now->gap) ? MX_FLAT : MX_DONE;
}

static inline __attribute__((always_inline)) void
product_of(int64_t n, const double *left, const double *right, int transposed, double *product) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < n; l++)
                sum += left[i * n + l] * (transposed ? right[j * n + l] : right[l * n + j]);
            product[i * n + j] = sum;
        }
}

/* product = left right, or left right^T; of few columns in loops of known lengths. */
static void multiply(int64_t n, const double *left, const double *right, int transposed,
                     double *product) {
    switch (n) {
    case 2: product_of(2, left, right, transposed, product); break;
    case 3: product_of(3, left, right, transposed, product); break;
    case 4: product_of(4, left, right, transposed, product); break;
    case 5: product_of(5, left, right, transposed, product); break;
    case 6: product_of(6, left, right, transposed, product); break;
    default: product_of(n, left, right, transposed, product);
    }
}

/* Makes a symmetric matrix positive semidefinite. */
static void take_positive(int64_t n, double *matrix, double *scratch) {
    double *vectors = scratch, *scaled = vectors + n * n, *values = scaled + n * n;
    mx_eigen(n, matrix, values, vectors, values + n);
    for (int64_t p = 0; p < n * n; p++)
        scaled[p] = vectors[p] * fmax(values[p % n], 0.0);
    multiply(n, scaled, vectors, 1, matrix);
}

/* Sets L^-1 and L of a matrix L L^T; 0 where it is not positive definite. */
static int halves_of(int64_t n, const double *matrix, double *lower, double *inverse) {
    memset(lower, 0, sizeof(double) * n * n);
    memset(inverse, 0, sizeof(double) * n * n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double sum = matrix[i * n + j];
            for (int64_t m = 0; m < j; m++)
                sum -= lower[i * n + m] * lower[j * n + m];
            if (i == j && !(sum > 0))
                return 0;
            lower[i * n + j] = i == j ? sqrt(sum) : sum / lower[j * n + j];
        }
        inverse[i * n + i] = 1.0 / lower[i * n + i];
        for (int64_t j = 0; j < i; j++) {
            double sum = 0;
            for (int64_t m = j; m < i; m++)
                sum += lower[i * n + m] * inverse[m * n + j];
            inverse[i * n + j] = -sum / lower[i * n + i];
        }
    }
    return 1;
}

/* Sets the multipliers of one component after a step. */
static int step_from(int64_t n, const double *excess, const double *extra, const double *tight,
                     double *found, double *scratch) {
    int64_t size = n * n;
    double *lower = scratch, *inverse = lower + size, *vectors = inverse + size;
    double *one = vectors + size, *two = one + size, *root = two + size, *back = root + size;
    double *values = back + size, largest = 0;
    scratch = values + n;
    if (n < 1 || !halves_of(n, tight, lower, inverse))
        return MX_FLAT;
    for (int64_t p = 0; p < n * n; p++)
        one[p] = excess[p] + extra[p];
    multiply(n, inverse, one, 0, two);
    multiply(n, two, inverse, 1, one);
    mx_eigen(n, one, values, vectors, scratch);
    for (int64_t j = 0; j < n; j++)
        largest = fmax(largest, values[j]);
    multiply(n, lower, vectors, 0, root);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double quarter = sqrt(sqrt(fmax(values[j], NOTHING * largest)));
            root[i * n + j] *= quarter;
            one[j * n + i] = vectors[i * n + j] / quarter;
        }
    multiply(n, one, inverse, 0, back);
    multiply(n, back, excess, 0, one);
    multiply(n, one, back, 1, two);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < n; l++)
                sum += root[l * n + i] * root[l * n + j];
            one[i * n + j] = sum - two[i * n + j];
        }
    take_positive(n, one, scratch);
    multiply(n, root, one, 0, two);
    multiply(n, two, root, 1, found);
    return MX_DONE;
}

/*
 * Set scatters and rows in a power of two near the total of rows, and return that: steps are
 * weighted by squares. An update of the caller's own knows rows as they are.
 */
static double count_in_units(const search *at, double *given, double *rows) {
    int exponent = 0;
    double n_rows = 0;
    for (int64_t k = 0; k < at->n; k++)
        n_rows += at->rows[k];
    if (at->own == NULL)
        frexp(n_rows, &exponent);
    for (int64_t k = 0; k < at->n; k++)
        rows[k] = ldexp(at->rows[k], -exponent);
    for (int64_t p = 0; p < at->n * at->cells->n_columns * at->cells->n_columns; p++)
        given[p] = ldexp(at->given[p], -exponent);
    return ldexp(1.0, exponent);
}

int mx_multiply(const mx_cells *cells, int structure, int64_t n, const double *scatter,
                const double *rows, const double *previous, double *factors, double *axes,
                mx_own_update *own, double *gap, double *workspace) {
    int64_t d = cells->n_columns, r = cells->n_rounded, size = n * r * r;
    place best = place_in(n, d, workspace),
          next = place_in(n, d, workspace + place_workspace(n, d));
    workspace += 2 * place_workspace(n, d);
    search at = {.cells = cells,
                 .structure = structure,
                 .n = n,
                 .given = scatter,
                 .rows = rows,
                 .own = own,
                 .excess = workspace,
                 .scatter = workspace + n * d * d};
    double *step = at.scatter + n * d * d, *weights = step + n * d * d, unused, length = 1;
    mx_mixing mixed = mx_mixing_in(size, weights + n * d * d);
    at.scratch = weights + n * d * d + mx_mixing_workspace(n * d * d);
    double *counted = at.scratch + 10 * d * d + 2 * d + mx_eigen_workspace(d);
    at.workspace = counted + n * d * d + n;
    double unit = count_in_units(&at, counted, counted + n * d * d);
    at.given = scatter = counted;
    at.rows = rows = counted + n * d * d;
    memset(best.extra, 0, sizeof(double) * size);
    for (int64_t k = 0; k < n; k++) {
        at.n_rows += rows[k];
        double *mine = best.extra + k * r * r;
        if (mx_excess(cells, scatter + k * d * d, at.excess + k * r * r, &unused))
            return MX_FLAT;
        for (int64_t p = 0; p < r * r; p++)
            mine[p] = (p % (r + 1) == 0) * rows[k] - at.excess[k * r * r + p];
        take_positive(r, mine, at.scratch);
    }
    if (axes != NULL)
        memcpy(best.axes, axes, sizeof(double) * d * d);
    if (visit(&at, previous, &best))
        return MX_FLAT;
    for (int turn = 0; turn < MOST_TURNS; turn++) {
        if (best.gap <= LEAST_GAP * at.n_rows || length < SHORTEST)
            break;
        int hard = 0;
        for (int64_t k = 0; k < n; k++) {
            int64_t first = k * r * r;
            double trace = 0;
            hard |= step_from(r, at.excess + first, best.extra + first, best.tight + first,
                              step + first, at.scratch);
            for (int64_t i = 0; i < r; i++)
                trace += at.excess[first + i * (r + 1)] + best.extra[first + i * (r + 1)];
            for (int64_t p = first; p < first + r * r; p++) {
                step[p] = length * (step[p] - best.extra[p]);
                weights[p] = 1.0 / (trace * trace);
            }
        }
        if (hard)
            break;
        mx_mix(&mixed, weights, best.extra, step, next.extra);
        for (int64_t k = 0; k < n; k++)
            take_positive(r, next.extra + k * r * r, at.scratch);
        memcpy(next.axes, best.axes, sizeof(double) * d * d);
        if (visit(&at, best.factors, &next) == MX_DONE && next.gap < best.gap) {
            place before = best;
            best = next;
            next = before;
            length = fmin(1.0, 2 * length);
        } else {
            length = mixed.count > 0 ? length : SHRINK * length;
            mx_forget(&mixed);
        }
    }
    memcpy(factors, best.factors, sizeof(double) * n * d * d);
    if (axes != NULL)
        memcpy(axes, best.axes, sizeof(double) * d * d);
    *gap = best.gap * unit;
    return MX_DONE;
}

/*
 * Rows run along the lanes of vectors. T = V V^T + S of a row and a component is L D L^T, H = L^-1
 * V is lower triangular as both of these are, and p = H^T D^-1 L^-1 (x - mu), G = H^T D^-1 H. So
 * what is expected of the underlying value is in units of the component: no digit is lost where it
 * is thin, be errors large or none. A strip of rows is taken through all components before the
 * softmax, and what was found of each stays in the cache until responsibilities are known.
 */
#include "measured.h"

#include "vector.h"
#include "workspace.h"

/* What rounding leaves, for each column, of the share of a variance that others do not explain. */
#define LEFT 0x1p-48
/* Log densities are no lower, so that no responsibility of zero is multiplied by an infinity. */
#define LEAST_DENSITY -1e300
/* Columns up to which code is written out. */
#define WRITTEN_OUT 6
#define TRIANGLE(n) ((n) * ((n) + 1) / 2)
#define MOST_WRITTEN TRIANGLE(WRITTEN_OUT)

/* A strip of rows in the frame: measured cells, errors (M), and 1 where a cell was measured. */
typedef struct {
    vec *x, *errors, *known;
    int has_gaps;
} strip;

typedef struct {
    strip rows;
    vec *found, *shares, *totals, *factor;
} space;

INLINE int64_t at(int64_t row, int64_t column) { return TRIANGLE(row) + column; }

static int64_t numbers_of(const mx_measured *of) {
    return of->is_diagonal ? of->n_columns : TRIANGLE(of->n_columns);
}

static void vectors(mx_workspace *room, vec **from, int64_t count) {
    *from = (vec *)mx_taken(room, count * LANES);
}

static space laid_out(const mx_measured *of, int64_t n_components, double *start, int64_t *used) {
    int64_t d = of->n_columns, m = numbers_of(of);
    uintptr_t beyond = (uintptr_t)start % sizeof(vec);
    mx_workspace room = {start && beyond ? start + (sizeof(vec) - beyond) / 8 : start, 0};
    space in;
    vectors(&room, &in.rows.x, d);
    vectors(&room, &in.rows.errors, m);
    vectors(&room, &in.rows.known, d);
    vectors(&room, &in.found, n_components * (1 + d + m));
    vectors(&room, &in.shares, n_components);
    vectors(&room, &in.totals, n_components * (3 + d + m));
    vectors(&room, &in.factor, 3 * m + 3 * d);
    *used = room.used + LANES;
    return in;
}

int64_t mx_measured_workspace(const mx_measured *rows, int64_t n_components) {
    int64_t used;
    laid_out(rows, n_components, 0, &used);
    return used;
}

/* Brings the strip from row `first` on into the frame; lanes past the last row repeat it. */
static void read_strip(const mx_measured *of, int64_t first, strip *rows) {
    int64_t d = of->n_columns, n_errors = of->width - d;
    int64_t last = of->rows.n_rows - 1;
    const double *row[LANES];
    for (int i = 0; i < LANES; i++)
        row[i] = of->cells + (first + i < last ? first + i : last) * of->width;
    rows->has_gaps = 0;
    for (int64_t j = 0; j < d; j++) {
        vec cell;
        for (int i = 0; i < LANES; i++)
            cell[i] = row[i][j];
        rows->x[j] = (cell - of->origin[j]) * of->scale[j];
    }
    int64_t place = 0;
    for (int64_t j = 0; j < d; j++)
        for (int64_t l = of->is_diagonal ? j : 0; l <= j; l++, place++) {
            /* Where errors are variances alone, these lie at the ends of the triangle's rows. */
            int64_t from = n_errors == d ? j : place;
            vec error = {0};
            if (n_errors > d || l == j)
                for (int i = 0; i < LANES; i++)
                    error[i] = row[i][d + from];
            rows->errors[place] = error * (of->scale[j] * of->scale[l]);
        }
    for (int64_t j = 0; j < d; j++) {
        vec *own = rows->errors + (of->is_diagonal ? j : at(j, j));
        ints known = *own < __builtin_inf();
        rows->known[j] = chosen(known, all_of(1), (vec){0});
        for (int i = 0; i < LANES; i++)
            rows->has_gaps |= !known[i];
        *own = chosen(known, *own, (vec){0});
    }
}

/* Where column j of a lower triangle begins, by columns, less j. */
INLINE int64_t below(int64_t d, int64_t j) { return j * (2 * d - j - 1) / 2; }

/*
 * Sets `found` to the log density, p and p p^T - G of one component; `room` has 3 P + 3 D. The
 * innermost loops add to numbers that do not wait for each other.
 */
INLINE void full(int64_t d, int has_gaps, const strip *rows, const double *component, vec *found,
                 vec *room) {
    const double *mean = component + 1, *spread = mean + d, *covariance = spread + TRIANGLE(d);
    vec *total = room, *lower = total + TRIANGLE(d), *half = lower + TRIANGLE(d);
    vec *rest = half + TRIANGLE(d), *over = rest + d, *unit = over + d;
    vec *p = found + 1, *second = p + d, logs = {0}, distance = {0}, product = all_of(1);
    UNROLL for (int64_t j = 0; j < d; j++) {
        rest[j] = rows->x[j] - mean[j];
        if (has_gaps)
            rest[j] *= rows->known[j];
        UNROLL for (int64_t i = j; i < d; i++) {
            vec sum = covariance[at(i, j)] + rows->errors[at(i, j)];
            if (has_gaps)
                sum = chosen(rows->known[i] * rows->known[j] > 0, sum, all_of(i == j));
            total[below(d, j) + i] = sum;
        }
    }
    UNROLL for (int64_t j = 0; j < d; j++) {
        vec *own = total + below(d, j), *low = lower + below(d, j);
        vec least = LEFT * (covariance[at(j, j)] + rows->errors[at(j, j)]);
        if (has_gaps)
            least *= rows->known[j];
        vec pivot = chosen(own[j] > least, own[j], least);
        over[j] = 1.0 / pivot;
        unit[j] = rest[j] * over[j];
        distance += rest[j] * unit[j];
        product *= pivot;
        if (j % 2 || j + 1 == d) {
            logs += logarithm(product);
            product = all_of(1);
        }
        UNROLL for (int64_t i = j + 1; i < d; i++) {
            low[i] = own[i] * over[j];
            rest[i] -= own[i] * unit[j];
        }
        UNROLL for (int64_t l = j + 1; l < d; l++) {
            vec *next = total + below(d, l);
            UNROLL for (int64_t i = l; i < d; i++) next[i] -= low[l] * own[i];
        }
    }
    vec density = component[0] - 0.5 * (logs + distance);
    found[0] = chosen(density > LEAST_DENSITY, density, all_of(LEAST_DENSITY));
    UNROLL for (int64_t i = 0; i < d; i++) p[i] = (vec){0};
    UNROLL for (int64_t i = 0; i < TRIANGLE(d); i++) second[i] = (vec){0};
    UNROLL for (int64_t j = 0; j < d; j++) {
        vec *own = half + at(j, 0);
        UNROLL for (int64_t i = 0; i <= j; i++) {
            own[i] = all_of(spread[at(j, i)]);
            if (has_gaps)
                own[i] *= rows->known[j];
        }
        UNROLL for (int64_t m = 0; m < j; m++) {
            vec low = lower[below(d, m) + j];
            UNROLL for (int64_t i = 0; i <= m; i++) own[i] -= low * half[at(m, i)];
        }
        UNROLL for (int64_t i = 0; i <= j; i++) {
            vec scaled = own[i] * over[j];
            p[i] += own[i] * unit[j];
            UNROLL for (int64_t l = 0; l <= i; l++) second[at(i, l)] -= scaled * own[l];
        }
    }
    UNROLL for (int64_t i = 0; i < d; i++)
        UNROLL for (int64_t l = 0; l <= i; l++) second[at(i, l)] += p[i] * p[l];
}

/* The same, written out for a number of columns that the compiler knows. */
#define WITH_COLUMNS(name, d)                                                                      \
    static void name(const strip *rows, const double *component, vec *found) {                     \
        vec room[3 * MOST_WRITTEN + 3 * WRITTEN_OUT];                                              \
        if (rows->has_gaps)                                                                        \
            full(d, 1, rows, component, found, room);                                              \
        else                                                                                       \
            full(d, 0, rows, component, found, room);                                              \
    }
WITH_COLUMNS(one_column, 1)
WITH_COLUMNS(two_columns, 2)
WITH_COLUMNS(three_columns, 3)
WITH_COLUMNS(four_columns, 4)
WITH_COLUMNS(five_columns, 5)
WITH_COLUMNS(six_columns, 6)

/* The same where columns do not depend on each other. */
static void diagonal(int64_t d, const strip *rows, const double *component, vec *found) {
    const double *mean = component + 1, *spread = mean + d, *variance = spread + d;
    vec *p = found + 1, *second = p + d, logs = {0}, distance = {0}, product = all_of(1);
    for (int64_t j = 0; j < d; j++) {
        ints known = rows->known[j] > 0;
        vec total = chosen(known, variance[j] + rows->errors[j], all_of(1));
        vec over = chosen(known, 1.0 / total, (vec){0});
        vec rest = rows->x[j] - mean[j];
        p[j] = rest * over * spread[j];
        second[j] = p[j] * p[j] - variance[j] * over;
        distance += rest * rest * over;
        product *= total;
        if (j % 2 || j + 1 == d) {
            logs += logarithm(product);
            product = all_of(1);
        }
    }
    vec density = component[0] - 0.5 * (logs + distance);
    found[0] = chosen(density > LEAST_DENSITY, density, all_of(LEAST_DENSITY));
}

/* Finds what there is of all components in the strip from row `first` on. */
static void find(const mx_measured *of, int64_t first, int64_t n_components,
                 const double *components, space *in) {
    int64_t d = of->n_columns, m = numbers_of(of);
    read_strip(of, first, &in->rows);
    for (int64_t k = 0; k < n_components; k++) {
        const double *component = components + k * (1 + d + 2 * m);
        vec *found = in->found + k * (1 + d + m);
        if (of->is_diagonal)
            diagonal(d, &in->rows, component, found);
        else
            switch (d) {
            case 1: one_column(&in->rows, component, found); break;
            case 2: two_columns(&in->rows, component, found); break;
            case 3: three_columns(&in->rows, component, found); break;
            case 4: four_columns(&in->rows, component, found); break;
            case 5: five_columns(&in->rows, component, found); break;
            case 6: six_columns(&in->rows, component, found); break;
            default: full(d, 1, &in->rows, component, found, in->factor);
            }
    }
}

/* Turns what was found into responsibilities; returns the log of their sum and of the largest. */
static vec softmax(const mx_measured *of, int64_t first, int64_t n_components, int64_t stride,
                   space *in, vec *largest) {
    vec most = all_of(2 * LEAST_DENSITY), sum = {0};
    int64_t last = of->rows.n_rows - 1;
    for (int64_t k = 0; k < n_components; k++) {
        vec own = in->found[k * stride];
        if (of->rows.excluded)
            for (int i = 0; i < LANES; i++) {
                int64_t row = first + i < last ? first + i : last;
                if (of->rows.excluded[k * of->rows.excluded_stride + row])
                    own[i] = -__builtin_inf();
            }
        in->shares[k] = own;
        most = chosen(own > most, own, most);
    }
    for (int64_t k = 0; k < n_components; k++) {
        in->shares[k] = exponential(in->shares[k] - most);
        sum += in->shares[k];
    }
    vec over = 1.0 / sum;
    for (int64_t k = 0; k < n_components; k++)
        in->shares[k] *= over;
    *largest = -logarithm(sum);
    return most - *largest;
}

/* Adds a strip, of which `own` is how rows count for one component. */
INLINE void add(int64_t count, vec own, double log_weight, const vec *found, vec *totals) {
    totals[0] += own;
    totals[1] += own * (found[0] - log_weight);
    for (int64_t i = 1; i < count; i++)
        totals[1 + i] += own * found[i];
}

/* Adds up the lanes of what each component has. */
static void ended(int64_t n_components, int64_t count, const vec *totals, double *sums,
                  double *squared) {
    for (int64_t k = 0; k < n_components; k++, totals += count + 2) {
        for (int64_t i = 0; i < count + 1; i++)
            sums[k * (count + 1) + i] = sum_of(totals[i]);
        if (squared)
            squared[k] = sum_of(totals[count + 1]);
    }
}

static void clear(int64_t count, vec *totals) {
    for (int64_t i = 0; i < count; i++)
        totals[i] = (vec){0};
}

static void sweep(const mx_measured *of, int64_t n_components, const double *components,
                  double *sums, double *squared, double *values, space *in) {
    int64_t d = of->n_columns, m = numbers_of(of), count = 1 + d + m, n_rows = of->rows.n_rows;
    vec log_sums = {0}, log_largest = {0};
    clear(n_components * (count + 2), in->totals);
    for (int64_t first = 0; first < n_rows; first += LANES) {
        find(of, first, n_components, components, in);
        vec weights = {0}, largest;
        for (int i = 0; i < LANES && first + i < n_rows; i++)
            weights[i] = of->rows.weights ? of->rows.weights[first + i] : 1.0;
        vec total = softmax(of, first, n_components, count, in, &largest);
        log_sums += weights * total;
        log_largest += weights * largest;
        for (int64_t k = 0; k < n_components; k++) {
            vec *totals = in->totals + k * (count + 2), own = weights * in->shares[k];
            add(count, own, components[k * (count + m)], in->found + k * count, totals);
            totals[count + 1] += own * in->shares[k];
        }
    }
    ended(n_components, count, in->totals, sums, squared);
    values[0] = sum_of(log_sums);
    values[1] = sum_of(log_largest);
}

void mx_sweep_measured(const mx_measured *rows, int64_t n_mixtures, const int64_t *sizes,
                       const double *components, double *sums, double *squared, double *values,
                       double *workspace) {
    int64_t d = rows->n_columns, m = numbers_of(rows), used;
    for (int64_t i = 0; i < n_mixtures; i++) {
        space in = laid_out(rows, sizes[i], workspace, &used);
        sweep(rows, sizes[i], components, sums, squared, values + 2 * i, &in);
        components += sizes[i] * (1 + d + 2 * m);
        sums += sizes[i] * (2 + d + m);
        squared += sizes[i];
    }
}

void mx_measured_densities(const mx_measured *rows, int64_t n_components, const double *components,
                           double *densities, double *workspace) {
    int64_t n_rows = rows->rows.n_rows, stride = 1 + rows->n_columns + numbers_of(rows), used;
    space in = laid_out(rows, n_components, workspace, &used);
    for (int64_t first = 0; first < n_rows; first += LANES) {
        find(rows, first, n_components, components, &in);
        for (int64_t k = 0; k < n_components; k++)
            for (int i = 0; i < LANES && first + i < n_rows; i++)
                densities[k * n_rows + first + i] = in.found[k * stride][i];
    }
}

void mx_measured_totals(const mx_measured *rows, int64_t n_components, const double *components,
                        const double *responsibilities, double *sums, double *workspace) {
    int64_t m = numbers_of(rows), count = 1 + rows->n_columns + m;
    int64_t n_rows = rows->rows.n_rows, used;
    space in = laid_out(rows, n_components, workspace, &used);
    clear(n_components * (count + 2), in.totals);
    for (int64_t first = 0; first < n_rows; first += LANES) {
        find(rows, first, n_components, components, &in);
        for (int64_t k = 0; k < n_components; k++) {
            vec own = {0};
            for (int i = 0; i < LANES && first + i < n_rows; i++)
                own[i] = responsibilities[k * n_rows + first + i];
            add(count, own, components[k * (count + m)], in.found + k * count,
                in.totals + k * (count + 2));
        }
    }
    ended(n_components, count, in.totals, sums, 0);
}

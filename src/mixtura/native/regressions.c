/* A sweep of regressions: strips of rows, whose cells stay in the cache from the E-step to sums. */
#include "regressions.h"

#include <math.h>
#include <string.h>

#include "gammas.h"
#include "softmax.h"
#include "vector.h"

/* exp of more is taken for exp of this; FARTHEST of responses.py. */
#define FARTHEST 500.0
#define LOG_TAU 1.8378770664093454836
/* As in saddle_point.py: from here on a series has all digits. */
#define SERIES_FROM 16.0
/* Below this exp(d) - 1 - d is found by its own series. */
#define CLOSE 0.5
#define TERMS 16

mx_lines_of mx_lines_in(int64_t n_components, int64_t n_terms, mx_workspace *workspace) {
    return (mx_lines_of){.log_weights = mx_taken(workspace, n_components),
                         .coefficients = mx_taken(workspace, n_components * n_terms),
                         .precisions = mx_taken(workspace, n_components)};
}

mx_line_sums mx_line_sums_in(int64_t n_components, int64_t n_terms, mx_workspace *workspace) {
    return (mx_line_sums){.rows = mx_taken(workspace, n_components),
                          .cells = mx_taken(workspace, n_components),
                          .losses = mx_taken(workspace, n_components),
                          .gradient = mx_taken(workspace, n_components * n_terms),
                          .pairs =
                              mx_taken(workspace, n_components * (n_terms * (n_terms + 1) / 2)),
                          .squared = mx_taken(workspace, n_components)};
}

double mx_line_constant(int64_t response, double precision) {
    if (response == MX_GAUSSIAN)
        return 0.5 * (log(precision) - LOG_TAU);
    if (response != MX_GAMMA)
        return 0;
    if (precision < SERIES_FROM)
        return precision * (log(precision) - 1) - mx_log_gamma(precision);
    /* Stirling's series: the two terms above are alike to their last digits. */
    double square = precision * precision;
    double series = 1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square;
    double error = (1.0 / 12 - (1.0 / 360 - series / square) / square) / precision;
    return 0.5 * (log(precision) - LOG_TAU) - error;
}

INLINE vec absolute(vec x) { return chosen(x < 0.0, -x, x); }

/* exp(x), of |x| no more than FARTHEST. */
INLINE vec power_of_e(vec x) {
    vec near =
        chosen(absolute(x) > FARTHEST, chosen(x > 0.0, all_of(FARTHEST), all_of(-FARTHEST)), x);
    vec small = exponential(-absolute(near));
    return chosen(near > 0.0, 1.0 / small, small);
}

/* exp(d) - 1 - d, given exp(d); where d is small all digits are in what differs. */
INLINE vec beyond_line(vec d, vec power) {
    vec near = chosen(absolute(d) < CLOSE, d, (vec){0}), series = all_of(1.0);
    for (int term = TERMS; term > 2; term--)
        series = 1.0 + series * near / (double)term;
    return chosen(absolute(d) < CLOSE, 0.5 * near * near * series, power - 1.0 - d);
}

/* Sets losses, slopes and curvatures of the cells of a slice by their linear predictors. */
static void found(const mx_regressions *rows, int64_t first, const double *eta, double *losses,
                  double *slopes, double *curvatures) {
    for (int64_t r = 0; r < MX_STRIP; r += LANES) {
        vec y = load(rows->y + first + r), size = load(rows->size + first + r), h = load(eta + r);
        vec loss, slope, curvature;
        if (rows->response == MX_GAUSSIAN) {
            slope = y - h;
            loss = 0.5 * slope * slope;
            curvature = all_of(1.0);
        } else if (rows->response == MX_POISSON) {
            curvature = power_of_e(h);
            loss = curvature - y * h;
            slope = y - curvature;
        } else if (rows->response == MX_BINOMIAL) {
            vec small = exponential(-absolute(h)), all = 1.0 + small;
            vec chance = chosen(h < 0.0, small / all, 1.0 / all);
            loss = size * (chosen(h > 0.0, h, (vec){0}) + logarithm(all)) - y * h;
            slope = y - size * chance;
            curvature = size * chance * (1.0 - chance);
        } else {
            curvature = y * power_of_e(-h);
            loss = beyond_line(load(rows->log_y + first + r) - h, curvature);
            slope = curvature - 1.0;
        }
        store(losses + r, loss);
        store(slopes + r, slope);
        store(curvatures + r, curvature);
    }
}

/* Sets eta (MX_STRIP) to the linear predictors of a slice. */
static void predicted(const mx_regressions *rows, int64_t first, const double *coefficients,
                      double *eta) {
    int64_t n_cells = rows->n_strips * rows->per_row * MX_STRIP;
    for (int64_t r = 0; r < MX_STRIP; r += LANES) {
        vec h = load(rows->offset + first + r);
        for (int64_t a = 0; a < rows->n_terms; a++)
            h += coefficients[a] * load(rows->design + a * n_cells + first + r);
        store(eta + r, h);
    }
}

/* What a sweep works in. */
typedef struct {
    double *eta, *shares, *largest, *total, *weighed;
    double *losses, *slopes, *curvatures; /* (K, m, MX_STRIP) */
    double *sums; /* (K, 4 + p + P) of vectors */
} place;

static place place_in(const mx_regressions *rows, int64_t n_components, mx_workspace *workspace) {
    int64_t p = rows->n_terms, cells = n_components * rows->per_row * MX_STRIP;
    return (place){.eta = mx_taken(workspace, MX_STRIP),
                   .shares = mx_taken(workspace, n_components * MX_STRIP),
                   .largest = mx_taken(workspace, MX_STRIP),
                   .total = mx_taken(workspace, MX_STRIP),
                   .weighed = mx_taken(workspace, MX_STRIP),
                   .losses = mx_taken(workspace, cells),
                   .slopes = mx_taken(workspace, cells),
                   .curvatures = mx_taken(workspace, cells),
                   .sums = mx_taken(workspace, n_components * (4 + p + p * (p + 1) / 2) * LANES)};
}

int64_t mx_lines_swept_workspace(const mx_regressions *rows, int64_t n_components) {
    mx_workspace counted = {0};
    place_in(rows, n_components, &counted);
    return counted.used;
}

INLINE void added(double *to, vec value) { store(to, load(to) + value); }

/* Adds the sums of one component over one slice. */
static void gathered_of(const mx_regressions *rows, int64_t first, int64_t at, const double *shares,
                        place *in, double *sums) {
    int64_t p = rows->n_terms, n_cells = rows->n_strips * rows->per_row * MX_STRIP;
    const double *present = rows->present + first;
    const double *slopes = in->slopes + at, *curvatures = in->curvatures + at;
    vec cells = {0}, losses = {0};
    for (int64_t r = 0; r < MX_STRIP; r += LANES) {
        vec share = load(shares + r) * load(present + r);
        cells += share;
        losses += share * load(in->losses + at + r);
    }
    added(sums + LANES, cells);
    added(sums + 2 * LANES, losses);
    double *gradient = sums + 4 * LANES, *pairs = gradient + p * LANES;
    for (int64_t a = 0; a < p; a++) {
        const double *term = rows->design + a * n_cells + first;
        vec slope = {0};
        for (int64_t r = 0; r < MX_STRIP; r += LANES) {
            vec part = load(shares + r) * load(present + r) * load(term + r);
            slope += part * load(slopes + r);
            store(in->weighed + r, part * load(curvatures + r));
        }
        added(gradient + a * LANES, slope);
        for (int64_t b = a; b < p; b++, pairs += LANES) {
            const double *other = rows->design + b * n_cells + first;
            vec both = {0};
            for (int64_t r = 0; r < MX_STRIP; r += LANES)
                both += load(in->weighed + r) * load(other + r);
            added(pairs, both);
        }
    }
}

/* Sets shares (K, MX_STRIP) to the densities of a strip's rows, and keeps what sums are of. */
static void densities(const mx_regressions *rows, int64_t n_components, const mx_lines_of *lines,
                      int64_t strip, place *in) {
    for (int64_t k = 0; k < n_components; k++) {
        double *own = in->shares + k * MX_STRIP;
        double tau = lines->precisions[k], base = mx_line_constant(rows->response, tau);
        for (int64_t r = 0; r < MX_STRIP; r += LANES)
            store(own + r, all_of(lines->log_weights[k]));
        for (int64_t j = 0; j < rows->per_row; j++) {
            int64_t first = (strip * rows->per_row + j) * MX_STRIP;
            int64_t at = (k * rows->per_row + j) * MX_STRIP;
            predicted(rows, first, lines->coefficients + k * rows->n_terms, in->eta);
            found(rows, first, in->eta, in->losses + at, in->slopes + at, in->curvatures + at);
            for (int64_t r = 0; r < MX_STRIP; r += LANES)
                added(own + r,
                      load(rows->present + first + r) * (base - tau * load(in->losses + at + r)));
        }
    }
}

void mx_sweep_lines(const mx_regressions *rows, int64_t n_components, const mx_lines_of *lines,
                    mx_line_sums *sums, double *workspace) {
    mx_workspace from = {.start = workspace};
    place in = place_in(rows, n_components, &from);
    int64_t p = rows->n_terms, n_pairs = p * (p + 1) / 2, width = (4 + p + n_pairs) * LANES;
    memset(in.sums, 0, sizeof(double) * n_components * width);
    vec likelihood = {0}, largest = {0};
    for (int64_t strip = 0; strip < rows->n_strips; strip++) {
        densities(rows, n_components, lines, strip, &in);
        mx_softmax_rows(n_components, MX_STRIP, in.shares, in.largest, in.total);
        const double *weights = rows->weights + strip * MX_STRIP;
        for (int64_t r = 0; r < MX_STRIP; r += LANES) {
            vec weight = load(weights + r), total = load(in.total + r);
            likelihood += weight * (load(in.largest + r) - total);
            largest += weight * total;
        }
        for (int64_t k = 0; k < n_components; k++) {
            double *own = in.sums + k * width, *shares = in.shares + k * MX_STRIP;
            vec mass = {0}, squared = {0};
            for (int64_t r = 0; r < MX_STRIP; r += LANES) {
                vec share = load(shares + r), weighed = load(weights + r) * share;
                mass += weighed;
                squared += weighed * share;
                store(shares + r, weighed);
            }
            added(own, mass);
            added(own + 3 * LANES, squared);
            for (int64_t j = 0; j < rows->per_row; j++)
                gathered_of(rows, (strip * rows->per_row + j) * MX_STRIP,
                            (k * rows->per_row + j) * MX_STRIP, shares, &in, own);
        }
    }
    for (int64_t k = 0; k < n_components; k++) {
        const double *own = in.sums + k * width;
        sums->rows[k] = sum_of(load(own));
        sums->cells[k] = sum_of(load(own + LANES));
        sums->losses[k] = sum_of(load(own + 2 * LANES));
        sums->squared[k] = sum_of(load(own + 3 * LANES));
        for (int64_t a = 0; a < p; a++)
            sums->gradient[k * p + a] = sum_of(load(own + (4 + a) * LANES));
        for (int64_t i = 0; i < n_pairs; i++)
            sums->pairs[k * n_pairs + i] = sum_of(load(own + (4 + p + i) * LANES));
    }
    sums->values[0] = sum_of(likelihood);
    sums->values[1] = sum_of(largest);
}

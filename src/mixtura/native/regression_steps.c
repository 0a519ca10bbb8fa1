/* Steps of Newton that never lose anything (Bach 2010), and precisions; see steps.py. */
#include <math.h>

#include "gammas.h"
#include "regressions.h"

/* Directions of which no more than this is left of the curvature are told with more care. */
#define BARELY_TOLD 1e-10
#define LARGEST_POWER 700.0
#define NEARLY_STRAIGHT 1e-3

double mx_line_precision(int64_t response, double loss) {
    double shape, mean = 1;
    if (response == MX_GAUSSIAN)
        return 0.5 / loss;
    if (response != MX_GAMMA)
        return 1;
    if (!(loss > 0))
        return MX_LARGEST_SHAPE;
    mx_gamma_estimate(loss, 0, &shape, &mean);
    return shape;
}

double mx_line_mean_loss(int64_t response, double precision) {
    if (response == MX_GAUSSIAN)
        return 0.5 / precision;
    return response == MX_GAMMA ? mx_log_gap(precision) : 0;
}

/* (exp(tM) - tM - 1) / M^2. */
static double bent(double length, double change) {
    double whole = fmin(length * change, LARGEST_POWER);
    if (change > NEARLY_STRAIGHT)
        return (expm1(whole) - whole) / change / change;
    return length * length * (0.5 + whole / 6 + whole * whole / 24);
}

/* What a quadratic of these sums is along a direction. */
static double curved(int64_t p, const double *pairs, const double *direction) {
    double total = 0;
    for (int64_t a = 0; a < p; a++)
        for (int64_t b = a; b < p; b++, pairs++)
            total += (a == b ? 1 : 2) * *pairs * direction[a] * direction[b];
    return total;
}

/* Its length, of which squares may be beyond numbers. */
static double size_of(int64_t p, const double *direction) {
    double total = 0, largest = 0;
    for (int64_t a = 0; a < p; a++)
        largest = fmax(largest, fabs(direction[a]));
    if (!(largest > 0))
        return 0;
    for (int64_t a = 0; a < p; a++)
        total += (direction[a] / largest) * (direction[a] / largest);
    return largest * sqrt(total);
}

static double loss_along(const mx_regressions *rows, double loss, double along, double bend,
                         double length, double change) {
    if (rows->reach < 0)
        return loss - length * along + 0.5 * length * length * bend;
    return loss - length * along + bend * bent(length, change);
}

double mx_line_loss_at(const mx_regressions *rows, int64_t k, const mx_lines_of *about,
                       const mx_line_sums *sums, const double *coefficients) {
    int64_t p = rows->n_terms, n_pairs = p * (p + 1) / 2;
    const double *from = about->coefficients + k * p, *pairs = sums->pairs + k * n_pairs;
    double along = 0, bend = 0, size = 0;
    for (int64_t a = 0; a < p; a++) {
        double own = coefficients[a] - from[a];
        along += sums->gradient[k * p + a] * own;
        size += own * own;
        for (int64_t b = a; b < p; b++, pairs++)
            bend += (a == b ? 1 : 2) * *pairs * own * (coefficients[b] - from[b]);
    }
    return loss_along(rows, sums->losses[k], along, bend, 1, rows->reach * sqrt(size));
}

/* Sets direction to H^-1 g by a Cholesky factor (p, p) of H. */
static int solved(int64_t p, const double *pairs, const double *gradient, double *factor,
                  double *direction) {
    for (int64_t a = 0; a < p; a++)
        for (int64_t b = a; b < p; b++)
            factor[b * p + a] = *pairs++;
    for (int64_t a = 0; a < p; a++) {
        double *row = factor + a * p, whole = row[a];
        for (int64_t b = 0; b <= a; b++) {
            double *other = factor + b * p, left = row[b];
            for (int64_t c = 0; c < b; c++)
                left -= row[c] * other[c];
            if (b < a)
                row[b] = left / other[b];
            else if (left > BARELY_TOLD * whole)
                row[a] = sqrt(left);
            else
                return MX_HARD;
        }
    }
    for (int64_t a = 0; a < p; a++) {
        double left = gradient[a];
        for (int64_t c = 0; c < a; c++)
            left -= factor[a * p + c] * direction[c];
        direction[a] = left / factor[a * p + a];
    }
    for (int64_t a = p - 1; a >= 0; a--) {
        for (int64_t c = a + 1; c < p; c++)
            direction[a] -= factor[c * p + a] * direction[c];
        direction[a] /= factor[a * p + a];
        if (!isfinite(direction[a]))
            return MX_HARD;
    }
    return MX_DONE;
}

int mx_line_steps(const mx_regressions *rows, int64_t n_components, const mx_lines_of *about,
                  const mx_line_sums *sums, double *coefficients, double *losses,
                  double *workspace) {
    int64_t p = rows->n_terms, n_pairs = p * (p + 1) / 2;
    double *direction = workspace + p * p;
    for (int64_t k = 0; k < n_components; k++) {
        const double *gradient = sums->gradient + k * p, *pairs = sums->pairs + k * n_pairs;
        if (solved(p, pairs, gradient, workspace, direction))
            return MX_HARD;
        double along = 0, change = rows->reach * size_of(p, direction);
        for (int64_t a = 0; a < p; a++)
            along += gradient[a] * direction[a];
        double length = rows->reach < 0 || !(change > 0) ? 1 : log1p(change) / change;
        losses[k] =
            loss_along(rows, sums->losses[k], along, curved(p, pairs, direction), length, change);
        if (rows->reach < 0)
            losses[k] = fmax(losses[k], 0);
        for (int64_t a = 0; a < p; a++)
            coefficients[k * p + a] = about->coefficients[k * p + a] + length * direction[a];
    }
    return MX_DONE;
}

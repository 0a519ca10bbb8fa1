#include "kmeans.h"

#include <math.h>
#include <string.h>

#include "distances.h"

/* Points of which distances are taken at once: of many columns they stay in the first cache. */
#define STRIP 64

/* Sets sums (n) to what points count for up to each; returns the last. */
static double summed_up(const mx_cloud *of, const double *nearest, int is_first, double *sums) {
    double total = 0;
    for (int64_t i = 0; i < of->n_points; i++) {
        total += is_first ? of->mass[i] : of->mass[i] * nearest[i];
        sums[i] = total;
    }
    return total;
}

/* The first point up to which they count for more. */
static int64_t first_above(int64_t n, const double *sums, double value) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (sums[middle] > value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Sets squares (stride) to what a point leaves of the nearest; returns their sum by weight. */
static double left_by(const mx_cloud *of, int64_t point, const double *nearest, double *centre,
                      double *squares) {
    vec total = {0};
    for (int64_t j = 0; j < of->n_columns; j++)
        centre[j] = of->columns[j * of->stride + point];
    for (int64_t row = 0; row < of->stride; row += LANES) {
        vec square = squares_from(of->n_columns, of->columns + row, of->stride, centre);
        vec before = load(nearest + row);
        square = chosen(square < before, square, before);
        store(squares + row, square);
        total += square * load(of->mass + row);
    }
    return sum_of(total);
}

int mx_seed(const mx_cloud *of, int64_t n_draws, const double *draws, int64_t number,
            double *nearest, int64_t *labels, double *workspace) {
    double *sums = workspace, *squares = sums + of->stride, *best = squares + of->stride;
    double *centre = best + of->stride;
    double total = summed_up(of, nearest, number == 0, sums), least = INFINITY;
    if (total == 0)
        return 0;
    for (int64_t draw = 0; draw < n_draws; draw++) {
        int64_t point = first_above(of->n_points, sums, draws[draw] * total);
        double left = left_by(of, point, nearest, centre, squares);
        if (left < least || draw == 0) {
            double *kept = best;
            least = left;
            best = squares;
            squares = kept;
        }
    }
    for (int64_t i = 0; i < of->stride; i++)
        if (best[i] < nearest[i]) {
            nearest[i] = best[i];
            labels[i] = number;
        }
    return 1;
}

/* Sets means (K, D) and totals (K) of the points of each label. */
static void means_of(const mx_cloud *of, int64_t n, const int64_t *labels, double *means,
                     double *totals) {
    memset(means, 0, sizeof(double) * n * of->n_columns);
    memset(totals, 0, sizeof(double) * n);
    for (int64_t i = 0; i < of->n_points; i++)
        totals[labels[i]] += of->mass[i];
    for (int64_t j = 0; j < of->n_columns; j++) {
        const double *column = of->columns + j * of->stride;
        for (int64_t i = 0; i < of->n_points; i++)
            means[labels[i] * of->n_columns + j] += of->mass[i] * column[i];
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t j = 0; j < of->n_columns && totals[k] > 0; j++)
            means[k * of->n_columns + j] /= totals[k];
}

/* Sets labels of a strip of points to the nearest mean; returns whether any changed. */
static int labelled(const mx_cloud *of, int64_t n, const double *means, const double *totals,
                    int64_t first, int64_t count, int64_t *labels) {
    double nearest[STRIP];
    int64_t found[STRIP], moved = 0;
    for (int64_t i = 0; i < count; i++)
        nearest[i] = INFINITY, found[i] = labels[first + i];
    for (int64_t k = 0; k < n; k++) {
        if (!(totals[k] > 0))
            continue;
        for (int64_t i = 0; i < count; i += LANES) {
            vec square = squares_from(of->n_columns, of->columns + first + i, of->stride,
                                      means + k * of->n_columns);
            vec before = load(nearest + i);
            ints closer = square < before, label;
            memcpy(&label, found + i, sizeof(label));
            label = (closer & k) | (~closer & label);
            memcpy(found + i, &label, sizeof(label));
            store(nearest + i, chosen(closer, square, before));
        }
    }
    for (int64_t i = 0; i < count; i++) {
        moved |= found[i] ^ labels[first + i];
        labels[first + i] = found[i];
    }
    return moved != 0;
}

int mx_lloyd(const mx_cloud *of, int64_t n, int64_t *labels, double *workspace) {
    double *means = workspace, *totals = means + n * of->n_columns;
    int moved = 0;
    means_of(of, n, labels, means, totals);
    for (int64_t first = 0; first < of->stride; first += STRIP) {
        int64_t count = of->stride - first < STRIP ? of->stride - first : STRIP;
        moved |= labelled(of, n, means, totals, first, count, labels);
    }
    return moved;
}

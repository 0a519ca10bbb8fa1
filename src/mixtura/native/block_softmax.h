/* The softmax of a block of rows, which run along the lanes of vectors. */
#ifndef MIXTURA_BLOCK_SOFTMAX_H
#define MIXTURA_BLOCK_SOFTMAX_H

#include "sweep.h"
#include "vector.h"

/* Vectors of rows that the softmax takes at once, and how many rows these are. */
#define MX_ABREAST 2
#define MX_SHORT (MX_ABREAST * LANES)

/* What a softmax adds up of its rows: weights times logarithms, and products of totals. */
typedef struct {
    vec of_largest, of_totals, product[MX_ABREAST];
} logs;

/* Adds a vector of rows, and returns the scale of their responsibilities. */
INLINE vec counted(const double *weights, vec largest, vec total, vec inverse, vec *product,
                   logs *sums) {
    if (!weights) {
        sums->of_largest += largest;
        *product *= total;
        return inverse;
    }
    vec weight = load(weights);
    sums->of_largest += weight * largest;
    sums->of_totals += weight * logarithm(total);
    return inverse * weight;
}

/* The softmax of two components, of which the larger has exp(0). */
INLINE void softmax_of_two(int weighted, const double *weights, int64_t n_rows, double *densities,
                           double *squares, logs *sums) {
    vec first = load(squares), second = load(squares + LANES);
    for (int64_t row = 0; row < n_rows; row += MX_SHORT) {
    UNROLL for (int i = 0; i < MX_ABREAST; i++) {
            double *place = densities + row + i * LANES;
            vec one = load(place), other = load(place + MX_BLOCK);
            ints above = other > one;
            vec largest = chosen(above, other, one);
            vec share = exponential(chosen(above, one, other) - largest), total = 1.0 + share;
            vec inverse = 1.0 / total;
            vec held = counted(weighted ? weights + row + i * LANES : 0, largest, total, inverse,
                               &sums->product[i], sums);
            vec rest = share * held, square = held * inverse, less = rest * (share * inverse);
            store(place, chosen(above, rest, held));
            store(place + MX_BLOCK, chosen(above, held, rest));
            first += chosen(above, less, square);
            second += chosen(above, square, less);
        }
    }
    store(squares, first);
    store(squares + LANES, second);
}

INLINE void softmax_of_many(int weighted, int64_t n_components, const double *weights,
                            int64_t n_rows, double *densities, double *squares, logs *sums) {
    for (int64_t row = 0; row < n_rows; row += MX_SHORT) {
        double *column = densities + row;
        vec largest[MX_ABREAST], total[MX_ABREAST], inverse[MX_ABREAST], scale[MX_ABREAST];
        UNROLL for (int i = 0; i < MX_ABREAST; i++) {
            largest[i] = load(column + i * LANES);
            total[i] = (vec){0};
        }
        for (int64_t k = 1; k < n_components; k++) {
            UNROLL for (int i = 0; i < MX_ABREAST; i++) {
                vec other = load(column + k * MX_BLOCK + i * LANES);
                largest[i] = chosen(other > largest[i], other, largest[i]);
            }
        }
        for (int64_t k = 0; k < n_components; k++) {
            UNROLL for (int i = 0; i < MX_ABREAST; i++) {
                double *place = column + k * MX_BLOCK + i * LANES;
                vec share = exponential(load(place) - largest[i]);
                store(place, share);
                total[i] += share;
            }
        }
        UNROLL for (int i = 0; i < MX_ABREAST; i++) {
            inverse[i] = 1.0 / total[i];
            scale[i] = counted(weighted ? weights + row + i * LANES : 0, largest[i], total[i],
                               inverse[i], &sums->product[i], sums);
        }
        for (int64_t k = 0; k < n_components; k++) {
            vec square = load(squares + k * LANES);
            UNROLL for (int i = 0; i < MX_ABREAST; i++) {
                double *place = column + k * MX_BLOCK + i * LANES;
                vec share = load(place);
                vec held = share * scale[i];
                store(place, held);
                square += held * (share * inverse[i]);
            }
            store(squares + k * LANES, square);
        }
    }
}

/*
 * Turns log densities into responsibilities times weights. Rows of weight one add the logarithm of
 * the product of their sums, of which none is above K: that of a block is finite for any K.
 */
INLINE void softmax(int weighted, int64_t n_components, const double *weights, int64_t n_rows,
 double *densities, double *squares, double *values) {
    logs sums = {0};
    UNROLL for (int i = 0; i < MX_ABREAST; i++) sums.product[i] = all_of(1.0);
    if (n_components == 2)
        softmax_of_two(weighted, weights, n_rows, densities, squares, &sums);
    else
        softmax_of_many(weighted, n_components, weights, n_rows, densities, squares, &sums);
    if (!weighted) {
        UNROLL for (int i = 0; i < MX_ABREAST; i++) sums.of_totals += logarithm(sums.product[i]);
    }
    values[0] += sum_of(sums.of_largest + sums.of_totals);
    values[1] -= sum_of(sums.of_totals);
}

#endif

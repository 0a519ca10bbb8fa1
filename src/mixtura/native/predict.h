/* What a mixture says of rows, one by one. */
#ifndef MIXTURA_PREDICT_H
#define MIXTURA_PREDICT_H

#include <stdint.h>

#include "mixtura.h"
#include "sweep.h"
#include "whitened.h"

/*
 * What is asked of n rows, each NULL where it is not.
 *
 * log_density       (n) log sum exp of a row's log densities
 * responsibilities  (n, K) no numbers where a row has no density
 * labels            (n) the component of most density, the first of equal ones, -1 where none is
 * joint             (n, K) the log densities themselves
 */
typedef struct {
    double *log_density, *responsibilities;
    int64_t *labels;
    double *joint;
} mx_predictions;

/* The doubles that both need to work in. */
MX_EXPORT int64_t mx_predict_workspace(int64_t n_components, int64_t n_columns);

/*
 * Both return how many rows are left open: those with a missing cell, whose densities are no
 * numbers, and those whose largest density is zero or beyond all numbers. An answer does not depend
 * on which rows stand beside a row.
 *
 * mx_predict_whitened reads the cells, the origin and the scale of a tile.
 */
MX_EXPORT int64_t mx_predict_whitened(const mx_tile *tile, const mx_whitened *components,
                                      const mx_predictions *found, double *workspace);

/*
 * The same of log densities found before.
 *
 * densities    that of row i and component k is at i * row_stride + k * component_stride
 * log_weights  (K), added to them
 */
MX_EXPORT int64_t mx_predict(int64_t n_rows, int64_t n_components, const double *densities,
                             int64_t row_stride, int64_t component_stride,
                             const double *log_weights, const mx_predictions *found,
                             double *workspace);

#endif

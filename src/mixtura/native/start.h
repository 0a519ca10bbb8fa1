/* Many starts at once. */
#ifndef MIXTURA_START_H
#define MIXTURA_START_H

#include "run.h"

/*
 * What a start is made of: the component of each row, or responsibilities of which that of row i
 * for component k is responsibilities[i * row_stride + k * component_stride].
 */
typedef struct {
    const int64_t *labels; /* (n), or NULL */
    const double *responsibilities;
    int64_t row_stride, component_stride;
} mx_source;

/* The doubles that mx_try needs to work in. */
MX_EXPORT int64_t mx_try_workspace(const mx_problem *problem, int64_t n_components, int64_t sweeps);

/*
 * Makes a mixture of each source and runs it for a few sweeps. Sets objectives (n_sources) to what
 * the last of them was, minus infinity where it is MX_HARD.
 */
MX_EXPORT void mx_try(const mx_problem *problem, int64_t n_sources, const mx_source *sources,
                      int64_t sweeps, mx_state *states, double *objectives, double *workspace);

#endif
